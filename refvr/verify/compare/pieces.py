"""How far two large arrays are apart, computed a piece at a time: for one row of `refvr compare`."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from refvr.verify.compare.lazy_arrays import LazyArray
from refvr.verify.difference import Difference, Sums, ulps

PIECE = 1 << 20     # values that are looked at together
TOP = 48            # of each piece, so many places with the largest difference, and with the largest value, are kept
SPREAD = 8192       # places all over the array
ULPS = 1 << 16      # places from which percentiles of ulps are taken

Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Places:
    """Where noise is measured: flat indices, and what ours is there."""

    at: np.ndarray
    values: np.ndarray


def difference(theirs: np.ndarray | LazyArray, ours: np.ndarray, change: Change | None = None) -> Difference:
    """Compare two arrays of one shape, neither of which is copied as a whole, whatever its strides.

    change  what is done to ours first, value by value
    """
    return _compared(theirs, ours, change, lambda start, y, d: None)


def difference_and_places(theirs: np.ndarray | LazyArray, ours: np.ndarray, change: Change | None = None
                          ) -> tuple[Difference, Places]:
    """`difference`, and places: some everywhere, and those of the largest differences and values."""
    places: list[np.ndarray] = []

    def choose(start: int, y: np.ndarray, d: np.ndarray) -> None:
        places.append(start + _largest(d))
        places.append(start + _largest(np.abs(np.nan_to_num(y, posinf=0, neginf=0))))

    found = _compared(theirs, ours, change, choose)
    spread = np.random.default_rng(ours.size).integers(0, max(1, ours.size), min(SPREAD, ours.size))
    at = np.unique(np.concatenate([*places, spread])) if ours.size else np.zeros(0, np.int64)
    values = at_places(ours, at)
    return found, Places(at, (change(values) if change else values).astype(np.float64))


def _compared(theirs: np.ndarray | LazyArray, ours: np.ndarray, change: Change | None,
              seen: Callable[[int, np.ndarray, np.ndarray], None]) -> Difference:
    """`seen` is told of every piece: the flat index of its first value, ours, and the difference."""
    sums, sample = Sums(), []
    step = max(1, ours.size // ULPS)
    for start, part in pieces(ours.shape):
        x, y = theirs[part], change(ours[part]) if change else ours[part]
        x, y = (values.reshape(-1).astype(np.float64, copy=False) for values in (x, y))
        sample.append(np.stack([x[-start % step::step], y[-start % step::step]]))
        seen(start, y, sums.add(x, y))
    return sums.difference(ulps(*np.concatenate(sample, axis=1)) if sample else np.zeros(0))


def pieces(shape: tuple[int, ...]) -> Iterator[tuple[int, tuple[slice | int, ...]]]:
    """(flat index of its first value, index) of parts of about PIECE values that follow one another in memory order."""
    if prod(shape) <= PIECE or not shape:
        yield 0, (slice(None),) * len(shape)
        return
    inner = prod(shape[1:])
    if inner > PIECE:
        for k in range(shape[0]):
            yield from ((k * inner + start, (k, *part)) for start, part in pieces(shape[1:]))
        return
    step = PIECE // inner
    for k in range(0, shape[0], step):
        yield k * inner, (slice(k, k + step), *(slice(None),) * (len(shape) - 1))


def at_places(x: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Values at flat indices, in memory order whatever the strides."""
    return x.reshape(-1)[at] if x.flags.c_contiguous else x[np.unravel_index(at, x.shape)]


def _largest(d: np.ndarray) -> np.ndarray:
    return np.argpartition(d, -TOP)[-TOP:] if d.size > TOP else np.arange(d.size)

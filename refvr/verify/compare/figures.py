"""How far two large arrays are apart, computed a piece at a time: the figures of one row of `refvr compare`."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite, prod
from typing import TYPE_CHECKING

import numpy as np

PIECE = 1 << 20     # values that are looked at together
TOP = 48            # of each piece, so many places with the largest difference, and with the largest value, are kept
SPREAD = 8192       # places all over the array
ULPS = 1 << 16      # places from which percentiles of ulps are taken


@dataclass(frozen=True)
class Figures:
    """Of theirs against ours.

    max_abs, max_rel   largest difference, and that over the peak of ours; infinite where only one of both is finite
    rms_rel            root mean square difference over that of ours
    ulp_*              in units of the last place (float32) of ours: percentiles of a sample, and the largest
    cosine             of the angle between both, 1 where they agree
    nan, inf           how many of theirs are not numbers, or infinite
    peak               largest finite magnitude of ours
    """

    max_abs: float
    max_rel: float
    rms_rel: float
    ulp_50: float
    ulp_99: float
    ulp_max: float
    cosine: float
    nan: int
    inf: int
    peak: float

    @property
    def spoiled(self) -> bool:
        """Whether theirs is NaN or infinite where ours is not."""
        return self.max_abs == np.inf and self.nan + self.inf > 0


@dataclass(frozen=True)
class Places:
    """Where noise is measured: flat indices, and what ours is there."""

    at: np.ndarray
    values: np.ndarray


if TYPE_CHECKING:
    from refvr.verify.compare.lazy_arrays import LazyArray

Change = Callable[[np.ndarray], np.ndarray]


def figures(theirs: np.ndarray | LazyArray, ours: np.ndarray, *, with_places: bool = False, change: Change | None = None
            ) -> tuple[Figures, Places | None]:
    """Compare two arrays of one shape, neither of which is copied as a whole, whatever its strides.

    with_places  also choose places: some everywhere, and those of the largest differences and values
    change       what is done to ours first, value by value
    """
    change = change or (lambda y: y)
    total, places, sample = _Total(), [], []
    step = max(1, ours.size // ULPS)
    for start, part in pieces(ours.shape):
        x, y = (values.reshape(-1).astype(np.float64, copy=False) for values in (theirs[part], change(ours[part])))
        sample.append(np.stack([x[-start % step::step], y[-start % step::step]]))
        d = total.add(x, y)
        if with_places:
            places.append(start + _largest(d))
            places.append(start + _largest(np.abs(np.nan_to_num(y, posinf=0, neginf=0))))
    ulps = _ulps(*np.concatenate(sample, axis=1)) if sample else np.zeros(0)
    found = Figures(*total.figures(), *(float(np.percentile(ulps, q, method="lower")) if ulps.size else 0.0
                                        for q in (50, 99, 100)), *total.rest())
    if not with_places:
        return found, None
    spread = np.random.default_rng(ours.size).integers(0, max(1, ours.size), min(SPREAD, ours.size))
    at = np.unique(np.concatenate([*places, spread])) if ours.size else np.zeros(0, np.int64)
    return found, Places(at, change(at_places(ours, at)).astype(np.float64))


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


class _Total:
    """Sums over pieces."""

    def __init__(self) -> None:
        self.worst = self.peak = self.square = self.ours = self.theirs = self.both = 0.0
        self.nan = self.inf = 0

    def add(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Take a piece; returns |x - y|, infinite where only one is finite, 0 where both are the same nonsense."""
        with np.errstate(invalid="ignore", over="ignore"):
            d = np.abs(x - y)
        if np.isfinite(d.max(initial=0)):   # then all of x and y is
            self._sum(x, y, d)
            return d
        self.nan += int(np.isnan(x).sum())
        self.inf += int(np.isinf(x).sum())
        with np.errstate(invalid="ignore", over="ignore"):
            same = (x == y) | (np.isnan(x) & np.isnan(y))
            d = np.where(same, 0.0, np.nan_to_num(np.abs(x - y), nan=np.inf, posinf=np.inf))
        self._sum(*(np.nan_to_num(part, posinf=0, neginf=0) for part in (x, y)), d)
        return d

    def _sum(self, x: np.ndarray, y: np.ndarray, d: np.ndarray) -> None:
        """Finite x and y, and their difference."""
        self.worst = max(self.worst, float(d.max(initial=0)))
        self.peak = max(self.peak, float(np.abs(y).max(initial=0)))
        self.square += float((d * d).sum())
        self.ours += float((y * y).sum())
        self.theirs += float((x * x).sum())
        self.both += float((x * y).sum())

    def figures(self) -> tuple[float, float, float]:
        """max_abs, max_rel, rms_rel."""
        nothing = 0.0 if self.worst == 0 else float("inf")
        rms = float(np.sqrt(self.square / self.ours)) if self.ours and isfinite(self.square) else nothing
        return self.worst, self.worst / self.peak if self.peak else nothing, rms

    def rest(self) -> tuple[float, int, int, float]:
        """cosine, nan, inf, peak."""
        scale = np.sqrt(self.ours * self.theirs)
        cosine = self.both / scale if scale else float(self.ours == self.theirs)
        return float(min(1.0, cosine)), self.nan, self.inf, self.peak


def _largest(d: np.ndarray) -> np.ndarray:
    return np.argpartition(d, -TOP)[-TOP:] if d.size > TOP else np.arange(d.size)


def _ulps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Differences in float32 units of the last place of y."""
    with np.errstate(invalid="ignore", over="ignore"):
        unit = np.spacing(np.abs(np.nan_to_num(y, posinf=0, neginf=0)).astype(np.float32)).astype(np.float64)
        d = np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0.0, np.abs(x - y) / unit)
    return np.nan_to_num(d, nan=np.inf, posinf=np.inf)

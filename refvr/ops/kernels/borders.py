"""Borders: what stands outside of an image. One name, one rule, for everything that has a border.

    border         f(p, size): the pixel that stands at position p, -1: none, which counts as 0      size 4, 3 more
    "zero"         p inside, otherwise -1                                           0 0 0 | a b c d | 0 0 0
    "replicate"    the nearest inside                                               a a a | a b c d | d d d
    "reflection"   mirrored at the outermost pixels, which are not repeated         d c b | a b c d | c b a

"reflection" goes on beyond the size of the image, back and forth with period 2 size - 2; one pixel alone repeats.

BORDERS has the rules of whole pixels: `fac` and `pad` (whose modes have NumPy's names). A rule that is added there is
known to both, to their definitions, kernels, adjoints, row rules and exports, and to the arithmetic of `refvr work`:
they ask the table for the pixels (`sources`) and have no rule of their own.

PLACES has the rules of places between pixels: `warp` and `grid_sample`. A place is moved first, then sampled, taps
outside counting as 0 (bilinear.py); so a border that shows one end of an image beside the other is none of them.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from refvr.errors import InputError

Pads = tuple[tuple[int, int], tuple[int, int]]
Moved = tuple[np.ndarray, np.ndarray]


def _zero(p: np.ndarray, size: int) -> np.ndarray:
    return np.where((p >= 0) & (p < size), p, -1)


def _replicate(p: np.ndarray, size: int) -> np.ndarray:
    return np.clip(p, 0, size - 1)


def _reflection(p: np.ndarray, size: int) -> np.ndarray:
    period = max(2 * size - 2, 1)
    p = np.abs(p) % period
    return np.minimum(p, period - p) if size > 1 else p


BORDERS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "zero": _zero, "replicate": _replicate, "reflection": _reflection}


def check_border(border: str, known: Iterable[str], who: str) -> None:
    """Raise InputError, with the names that there are, if `border` is none of them."""
    if border not in known:
        raise InputError(f"{who}: got border {border!r}, expected one of {', '.join(known)}")


def sources(size: int, before: int, after: int, border: str) -> np.ndarray:
    """f(p, size) for p = -before .. size + after - 1: (before + size + after,) integers.

    >>> sources(4, 3, 3, "reflection")
    array([3, 2, 1, 0, 1, 2, 3, 2, 1, 0])
    """
    return BORDERS[border](np.arange(-before, size + after), size)


def farthest(size: int, p: int, border: str) -> int:
    """How far from its own place a window of 2 p + 1 pixels around any pixel of a line of `size` reads, at most."""
    outside = np.concatenate([np.arange(-p, 0), np.arange(size, size + p)])
    shown = BORDERS[border](outside, size)
    first, last = np.maximum(outside - p, 0), np.minimum(outside + p, size - 1)  # pixels whose windows reach there
    away = np.maximum(np.abs(shown - first), np.abs(shown - last))
    return max(min(p, size - 1), int(away[shown >= 0].max(initial=0)))


def bordered(x: np.ndarray, pads: Pads, border: str) -> np.ndarray:
    """x (n, h, w, c) with what stands around it: (n, top + h + bottom, left + w + right, c)."""
    rows, columns = (sources(size, *pad, border) for size, pad in zip(x.shape[1:3], pads))
    shown = x.take(rows[rows >= 0], axis=1).take(columns[columns >= 0], axis=2)
    if shown.shape[1:3] == (len(rows), len(columns)):
        return shown
    y = np.zeros((len(x), len(rows), len(columns), x.shape[3]), x.dtype)
    y[np.ix_(np.arange(len(x)), np.flatnonzero(rows >= 0), np.flatnonzero(columns >= 0))] = shown
    return y


def folded(dy: np.ndarray, size: tuple[int, int], pads: Pads, border: str) -> np.ndarray:
    """Adjoint of `bordered`: (n, h, w, c) of an image of `size`; each pixel gathers the gradients of its copies."""
    for axis in (0, 1):
        dy = _fold(dy, axis + 1, size[axis], pads[axis], border)
    return dy


def _fold(dy: np.ndarray, axis: int, size: int, pad: tuple[int, int], border: str) -> np.ndarray:
    """Add up along `axis`: the middle as it is, then the border's rows, one after the other."""
    dy, before = np.moveaxis(dy, axis, 0), pad[0]
    dx = dy[before:before + size].copy()
    source = sources(size, *pad, border)
    for place in [*range(before), *range(before + size, len(source))]:
        if source[place] >= 0:
            dx[source[place]] += dy[place]
    return np.ascontiguousarray(np.moveaxis(dx, 0, axis))


def _stay(at: np.ndarray, sizes: np.ndarray, outermost: bool) -> Moved:
    return at, np.ones_like(at)


def _nearest(at: np.ndarray, sizes: np.ndarray, outermost: bool) -> Moved:
    return np.clip(at, 0, sizes - 1), np.where((at > 0) & (at < sizes - 1), 1.0, 0.0)


def _mirrored(at: np.ndarray, sizes: np.ndarray, outermost: bool) -> Moved:
    """Back and forth as often as needed, then to the nearest pixel centre."""
    low, span = (0.0, sizes - 1) if outermost else (-0.5, sizes)
    away = np.abs(at - low)
    span = np.where(span == 0, 1.0, span)  # one pixel, mirrored at its centre: all places are that pixel, by the clip
    flips = np.floor(away / span)
    rest = away - flips * span
    even = flips % 2 == 0
    sign = np.where(even, 1.0, -1.0) * np.where(at < low, -1.0, 1.0)
    held, slope = _nearest(np.where(even, rest, span - rest) + low, sizes, outermost)
    return held, np.where(slope != 0, sign, 0.0)


PLACES: dict[str, Callable[[np.ndarray, np.ndarray, bool], Moved]] = {
    "zero": _stay, "replicate": _nearest, "reflection": _mirrored}


def moved(at: np.ndarray, size: tuple[int, ...], border: str, outermost: bool = True) -> Moved:
    """Where the border moves places (..., 2: row, column) to, in pixels, and the derivative of each for what it was.

    size       rows and columns of the image
    outermost  mirrors stand at the outermost pixel centres; otherwise at the edges of the image, half a pixel further
    The derivative is 1, changed in sign by each mirror; 0 for a place that was moved to the first or last pixel
    centre, or lies on it ("replicate", "reflection").
    """
    return PLACES[border](at, np.array(size, np.float64), outermost)

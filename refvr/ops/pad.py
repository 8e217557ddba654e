"""Padding at the four sides of an image.

    y[n, y, x, c] = x[n, f(y - top, h), f(x - left, w), c]

    mode       f(p, size): the pixel that stands at position p                    size 4, 3 more on each side
    "zero"     p inside, else nothing: 0                                           0 0 0 | a b c d | 0 0 0
    "edge"     the nearest inside                                                  a a a | a b c d | d d d
    "reflect"  mirrored at the outermost pixels, which are not repeated            d c b | a b c d | c b a

x       (n, h, w, c)         pads  ((top, bottom), (left, right)) in pixels, none negative
"reflect" goes on for pads of the size of the image and beyond, back and forth with period 2 size - 2; a single row or
column repeats. For pads below the size this is PyTorch's and NumPy's "reflect", for more NumPy's.
Adjoint: each pixel gathers the gradients of its copies, rows from top to bottom, then columns from left to right.
"""
from __future__ import annotations

import numpy as np

from refvr.errors import ShapeError
from refvr.ops.core.operation import Operation
from refvr.shapes import check
from refvr.types import Array

Pads = tuple[tuple[int, int], tuple[int, int]]


def sources(size: int, before: int, after: int, mode: str) -> np.ndarray:
    """f(p, size) for p = -before .. size + after - 1, as integers: where "edge" and "reflect" take each pixel from.

    >>> sources(4, 3, 3, "reflect")
    array([3, 2, 1, 0, 1, 2, 3, 2, 1, 0])
    """
    p = np.arange(-before, size + after)
    if mode == "edge" or size == 1:
        return np.clip(p, 0, size - 1)
    p = np.abs(p) % (2 * size - 2)
    return np.minimum(p, 2 * size - 2 - p)


def plain(x: np.ndarray, *, pads: Pads, mode: str) -> np.ndarray:
    """The definition; it serves both backends, being a copy of whole rows and pixels."""
    (top, bottom), (left, right) = pads
    if mode == "zero":
        return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    rows, cols = sources(x.shape[1], top, bottom, mode), sources(x.shape[2], left, right, mode)
    return x.take(rows, axis=1).take(cols, axis=2)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], pads: Pads,
            mode: str) -> tuple[np.ndarray]:
    """dx[n, h, w, c] = sum of dy over the places that show x[n, h, w, c]."""
    (top, bottom), (left, right) = pads
    h, w = x.shape[1:3]
    if mode == "zero":
        return (np.ascontiguousarray(dy[:, top:top + h, left:left + w]),)
    return (_fold(_fold(dy, 1, h, top, bottom, mode), 2, w, left, right, mode),)


def _fold(dy: np.ndarray, axis: int, size: int, before: int, after: int, mode: str) -> np.ndarray:
    """Add up along `axis`: the middle as it is, then the border's rows, one after the other."""
    dy = np.moveaxis(dy, axis, 0)
    dx = dy[before:before + size].copy()
    source = sources(size, before, after, mode)
    for place in [*range(before), *range(before + size, len(source))]:
        dx[source[place]] += dy[place]
    return np.ascontiguousarray(np.moveaxis(dx, 0, axis))


_pad = Operation("pad", plain, adjoint=adjoint, shape=lambda x, pads, mode: (
    x[0], *(before + size + after for size, (before, after) in zip(x[1:3], pads)), x[3]))


def pad(x: Array, pads: Pads, mode: str = "zero") -> Array:
    """(n, h, w, c) -> (n, top + h + bottom, left + w + right, c); mode "zero", "edge" or "reflect"."""
    _, h, w, _ = check(x, "n h w c", who="pad")
    if mode not in ("zero", "edge", "reflect"):
        raise ShapeError(f"pad: got mode {mode!r}, expected 'zero', 'edge' or 'reflect'")
    sides = tuple((int(before), int(after)) for before, after in pads)
    if len(sides) != 2 or min(min(side) for side in sides) < 0:
        raise ShapeError(f"pad: got pads {sides}, expected ((top, bottom), (left, right)), none negative")
    if mode != "zero" and min(h, w) == 0:
        raise ShapeError(f"pad: got an image of {h} x {w} pixels, expected at least one to repeat")
    return _pad(x, pads=sides, mode=mode)

"""Padding at the four sides of an image.

    y[n, y, x, c] = x[n, f(y - top, h), f(x - left, w), c]

    mode       f: the border in kernels/borders.py                                 size 4, 3 more on each side
    "zero"     "zero", nothing: 0                                                  0 0 0 | a b c d | 0 0 0
    "edge"     "replicate", the nearest inside                                     a a a | a b c d | d d d
    "reflect"  "reflection", mirrored at the outermost pixels, not repeated        d c b | a b c d | c b a

x       (n, h, w, c)         pads  ((top, bottom), (left, right)) in pixels, none negative
Modes have NumPy's names. For pads below the size "reflect" is PyTorch's and NumPy's, for more NumPy's.
Adjoint: each pixel gathers the gradients of its copies, rows from top to bottom, then columns from left to right.
"""
from __future__ import annotations

import numpy as np

from refvr.errors import ShapeError
from refvr.ops.core.operation import Operation
from refvr.ops.kernels.borders import Pads, bordered, folded
from refvr.shapes import check
from refvr.types import Array

MODES = {"zero": "zero", "edge": "replicate", "reflect": "reflection"}  # NumPy's name: the border's


def plain(x: np.ndarray, *, pads: Pads, mode: str) -> np.ndarray:
    """The definition; it serves both backends, being a copy of whole rows and pixels."""
    return bordered(x, pads, MODES[mode])


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], pads: Pads,
            mode: str) -> tuple[np.ndarray]:
    """dx[n, h, w, c] = sum of dy over the places that show x[n, h, w, c]."""
    return (folded(dy, x.shape[1:3], pads, MODES[mode]),)


_pad = Operation("pad", plain, adjoint=adjoint, shape=lambda x, pads, mode: (
    x[0], *(before + size + after for size, (before, after) in zip(x[1:3], pads)), x[3]))


def pad(x: Array, pads: Pads, mode: str = "zero") -> Array:
    """(n, h, w, c) -> (n, top + h + bottom, left + w + right, c); mode "zero", "edge" or "reflect"."""
    _, h, w, _ = check(x, "n h w c", who="pad")
    if mode not in MODES:
        raise ShapeError(f"pad: got mode {mode!r}, expected one of {', '.join(MODES)}")
    sides = tuple((int(before), int(after)) for before, after in pads)
    if len(sides) != 2 or min(min(side) for side in sides) < 0:
        raise ShapeError(f"pad: got pads {sides}, expected ((top, bottom), (left, right)), none negative")
    if mode != "zero" and min(h, w) == 0:
        raise ShapeError(f"pad: got an image of {h} x {w} pixels, expected at least one to repeat")
    return _pad(x, pads=sides, mode=mode)

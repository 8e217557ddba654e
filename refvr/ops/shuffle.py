"""Pixel shuffle: channels become pixels; unshuffle is its inverse.

    shuffle      y[n, s h + i, s w + j, c] = x[n, h, w, k]
    unshuffle    y[n, h, w, k] = x[n, s h + i, s w + j, c]            i, j = 0 .. s-1

    order "torch"    k = (c s + i) s + j          torch.nn.PixelShuffle
    order "tf"       k = (i s + j) c_out + c      tf.nn.depth_to_space, as DUF's weights need it

x  (n, h, w, c_out s s) for shuffle, (n, s h, s w, c) for unshuffle. With one output channel both orders are the same.
Each is the other's adjoint: both only move elements, so the fast way is the plain one, NumPy copies, on all threads.
"""
from __future__ import annotations

from fractions import Fraction

import numpy as np

from refvr.errors import ShapeError
from refvr.ops.core.arena import empty
from refvr.ops.core.bands import Bands, Reach, Rows, Shape
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.shapes import check
from refvr.types import Array


def _transposed(x: np.ndarray, s: int, order: str) -> np.ndarray:
    """The channels' three parts named and put where they go: (n, h, i, w, j, c)."""
    n, h, w, k = x.shape
    if order == "torch":
        return x.reshape(n, h, w, k // (s * s), s, s).transpose(0, 1, 4, 2, 5, 3)  # n h w c i j -> n h i w j c
    return x.reshape(n, h, w, s, s, k // (s * s)).transpose(0, 1, 3, 2, 4, 5)      # n h w i j c -> n h i w j c


def shuffle_plain(x: np.ndarray, *, s: int, order: str) -> np.ndarray:
    """The definition: name the axes, transpose, join them."""
    n, h, w, k = x.shape
    return _transposed(x, s, order).reshape(n, h * s, w * s, k // (s * s))


def _rows(start: int, stop: int, transposed: np.ndarray, y: np.ndarray) -> None:
    y[:, start:stop] = transposed[:, start:stop]


def shuffle_fast(x: np.ndarray, *, s: int, order: str) -> np.ndarray:
    """The definition; threads own rows."""
    n, h, w, k = x.shape
    y = empty((n, h * s, w * s, k // (s * s)), x.dtype)
    transposed = _transposed(x, s, order)
    run_rows(_rows, h, transposed, y.reshape(transposed.shape), work=x.size)
    return y


def unshuffle_plain(x: np.ndarray, *, s: int, order: str) -> np.ndarray:
    """The definition, one (i, j) at a time: turning all axes at once takes three times as long."""
    n, h, w, c = x.shape[0], x.shape[1] // s, x.shape[2] // s, x.shape[3]
    y = empty((n, h, w, c, s, s) if order == "torch" else (n, h, w, s, s, c), x.dtype)
    pixels = y if order == "torch" else y.transpose(0, 1, 2, 5, 3, 4)  # n h w c i j
    for i in range(s):
        for j in range(s):
            pixels[..., i, j] = x[:, i::s, j::s]
    return y.reshape(n, h, w, c * s * s)


def shuffle_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], s: int,
                    order: str) -> tuple[np.ndarray]:
    """dx = unshuffle(dy)."""
    return (unshuffle_plain(dy, s=s, order=order),)


def unshuffle_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], s: int,
                      order: str) -> tuple[np.ndarray]:
    """dx = shuffle(dy)."""
    return (shuffle_plain(dy, s=s, order=order),)


def shuffle_shape(x: Shape, *, s: int, order: str) -> Shape:
    """(n, s h, s w, c)."""
    n, h, w, k = x
    return n, s * h, s * w, k // (s * s)


def shuffle_rows(x: Rows, *, s: int, order: str) -> Bands:
    """s rows of each."""
    return Bands(1, (Reach(1, Fraction(1, s)),), s)


def unshuffle_shape(x: Shape, *, s: int, order: str) -> Shape:
    """(n, h, w, c s s)."""
    n, h, w, c = x
    return n, h // s, w // s, c * s * s


def unshuffle_rows(x: Rows, *, s: int, order: str) -> Bands:
    """Each of s."""
    return Bands(1, (Reach(1, s),))


_shuffle = Operation("pixel_shuffle", shuffle_plain, fast=shuffle_fast, adjoint=shuffle_adjoint, shape=shuffle_shape,
                     rows=shuffle_rows)
_unshuffle = Operation("pixel_unshuffle", unshuffle_plain, adjoint=unshuffle_adjoint, shape=unshuffle_shape,
                       rows=unshuffle_rows)


def _check(who: str, s: int, order: str) -> None:
    if s < 1 or order not in ("torch", "tf"):
        raise ShapeError(f"{who}: got scale {s} and order {order!r}, expected scale >= 1 and 'torch' or 'tf'")


def pixel_shuffle(x: Array, s: int, order: str = "torch") -> Array:
    """(n, h, w, c s s) -> (n, s h, s w, c); for s = 1 the input itself."""
    _check("pixel_shuffle", s, order)
    _, _, _, k = check(x, "n h w k", who="pixel_shuffle")
    if s == 1:
        return x
    if k % (s * s):
        raise ShapeError(f"pixel_shuffle: got {k} channels, expected a multiple of {s * s}")
    return _shuffle(x, s=s, order=order)


def pixel_unshuffle(x: Array, s: int, order: str = "torch") -> Array:
    """(n, s h, s w, c) -> (n, h, w, c s s); for s = 1 the input itself."""
    _check("pixel_unshuffle", s, order)
    _, h, w, _ = check(x, "n h w c", who="pixel_unshuffle")
    if s == 1:
        return x
    if h % s or w % s:
        raise ShapeError(f"pixel_unshuffle: got {h} x {w} pixels, expected multiples of {s}", fix="pad first")
    return _unshuffle(x, s=s, order=order)

"""Softmax over the last axis.

    y[..., c] = e^(x[..., c] - m) / sum over d of e^(x[..., d] - m)         m = max over d of x[..., d]

x  (..., c) with c >= 1. The shift by m changes nothing in exact numbers and keeps e^ from overflowing.
Adjoint: dx[..., c] = y[..., c] (dy[..., c] - sum over d of dy[..., d] y[..., d])
"""
from __future__ import annotations

import numpy as np

from refvr.errors import ShapeError
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import each_row, same_shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.simd import exp
from refvr.types import Array

_BLOCK = 64  # rows


def plain(x: np.ndarray) -> np.ndarray:
    """The definition."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool]) -> tuple[np.ndarray]:
    """dx = y (dy - sum of dy y)."""
    return (y * (dy - (dy * y).sum(axis=-1, keepdims=True)),)


@kernel
def _blocks(start: int, stop: int, x: np.ndarray, y: np.ndarray) -> None:
    """Blocks of _BLOCK rows: subtract each row's maximum, e^ over the whole block, divide each row by its sum."""
    for block in range(start, stop):
        x_b, y_b = x[block * _BLOCK:(block + 1) * _BLOCK], y[block * _BLOCK:(block + 1) * _BLOCK]
        for m in range(len(x_b)):
            x_m, y_m = x_b[m], y_b[m]
            top = x_m[0]
            for c in range(1, x_m.size):
                top = x_m[c] if x_m[c] > top else top
            for c in range(x_m.size):
                y_m[c] = x_m[c] - top
        flat = y_b.reshape(-1)
        for k in range(flat.size):
            flat[k] = exp(flat[k])
        for m in range(len(x_b)):
            y_m, total = y_b[m], 0.0
            for c in range(y_m.size):
                total += y_m[c]
            for c in range(y_m.size):
                y_m[c] = y_m[c] / total


@kernel
def _adjoint_rows(start: int, stop: int, dy: np.ndarray, y: np.ndarray, dx: np.ndarray) -> None:
    for m in range(start, stop):
        dy_m, y_m, dx_m = dy[m], y[m], dx[m]
        along = 0.0
        for c in range(y_m.size):
            along += dy_m[c] * y_m[c]
        for c in range(y_m.size):
            dx_m[c] = y_m[c] * (dy_m[c] - along)


def fast(x: np.ndarray) -> np.ndarray:
    """`_simd.exp` instead of the platform's, sums in float64.

    The middle step runs over a block of rows that fits the cache, because a row alone (25 taps of a filter, say) does
    not fill whole vectors and its remainder would cost as much as the rest.
    """
    y = empty(x.shape, x.dtype)
    flat = [as_kernels_want(part).reshape(-1, x.shape[-1]) for part in (x, y)]
    run_rows(_blocks, -(-len(flat[0]) // _BLOCK), *flat, work=x.size)
    return y


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool]) -> tuple[np.ndarray]:
    """The definition row by row, the sum in float64."""
    dx = np.empty(x.shape, x.dtype)
    flat = [np.ascontiguousarray(part).reshape(-1, x.shape[-1]) for part in (dy, y, dx)]
    run_rows(_adjoint_rows, len(flat[0]), *flat, work=x.size)
    return (dx,)


_softmax = Operation("softmax", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint, shape=same_shape,
                     rows=each_row)


def softmax(x: Array) -> Array:
    """Softmax over the last axis of `x`: positive numbers that add up to 1."""
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ShapeError(f"softmax: got shape {tuple(x.shape)}, expected a last axis of at least 1")
    return _softmax(x)

"""Softmax over the last axis.

    y[..., c] = e^(x[..., c] - m) / sum over d of e^(x[..., d] - m)         m = max over d of x[..., d]

x  (..., c) with c >= 1. The shift by m changes nothing in exact numbers and keeps e^ from overflowing.
Adjoint: dx[..., c] = y[..., c] (dy[..., c] - sum over d of dy[..., d] y[..., d])
"""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.errors import ShapeError
from refvr.ops._jit import kernel
from refvr.ops._operation import Operation
from refvr.ops._simd import exp
from refvr.ops._threads import run_rows


def plain(x: np.ndarray) -> np.ndarray:
    """The definition."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool]) -> tuple[np.ndarray]:
    """dx = y (dy - sum of dy y)."""
    return (y * (dy - (dy * y).sum(axis=-1, keepdims=True)),)


@kernel
def _rows(start: int, stop: int, x: np.ndarray, y: np.ndarray) -> None:
    for m in range(start, stop):
        x_m, y_m = x[m], y[m]
        top = x_m[0]
        for c in range(1, x_m.size):
            top = x_m[c] if x_m[c] > top else top
        for c in range(x_m.size):
            y_m[c] = exp(x_m[c] - top)
        total = 0.0
        for c in range(x_m.size):
            total += y_m[c]
        for c in range(x_m.size):
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
    """One row at a time while it is in the cache, `_simd.exp` instead of the platform's, sums in float64."""
    y = np.empty(x.shape, x.dtype)
    c = x.shape[-1]
    run_rows(_rows, x.size // c, np.ascontiguousarray(x).reshape(-1, c), y.reshape(-1, c), work=x.size)
    return y


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool]) -> tuple[np.ndarray]:
    """The same row by row, the sum in float64."""
    dx = np.empty(x.shape, x.dtype)
    flat = [np.ascontiguousarray(part).reshape(-1, x.shape[-1]) for part in (dy, y, dx)]
    run_rows(_adjoint_rows, len(flat[0]), *flat, work=x.size)
    return (dx,)


_softmax = Operation("softmax", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint)


def softmax(x: Any) -> Any:
    """Softmax over the last axis of `x`: positive numbers that add up to 1."""
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ShapeError(f"softmax: got shape {tuple(x.shape)}, expected a last axis of at least 1")
    return _softmax(x)

"""Softmax over the last axis.

    y[..., c] = e^(x[..., c] - m) / sum over d of e^(x[..., d] - m)         m = max over d of x[..., d]

x  (..., c) with c >= 1. The shift by m changes nothing in exact numbers and keeps e^ from overflowing.
Adjoint: dx[..., c] = y[..., c] (dy[..., c] - sum over d of dy[..., d] y[..., d])
"""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.errors import ShapeError
from refvr.ops._operation import Operation


def plain(x: np.ndarray) -> np.ndarray:
    """The definition."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool]) -> tuple[np.ndarray]:
    """dx = y (dy - sum of dy y)."""
    return (y * (dy - (dy * y).sum(axis=-1, keepdims=True)),)


_softmax = Operation("softmax", plain, adjoint=plain_adjoint)


def softmax(x: Any) -> Any:
    """Softmax over the last axis of `x`: positive numbers that add up to 1."""
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ShapeError(f"softmax: got shape {tuple(x.shape)}, expected a last axis of at least 1")
    return _softmax(x)

"""How far a result is from its target, as one number. With d = y - target, element by element:

    mse_loss          d^2                                                   derivative  2 d
    l1_loss           |d|                                                   sign(d), at 0: 0
    charbonnier_loss  sqrt(d^2 + eps)           eps added under the root    d / sqrt(d^2 + eps)
    huber_loss        q^2 / 2 + delta (|d| - q),  q = min(|d|, delta)       d limited to [-delta, delta]

y, target  arrays or Tensors of one shape          reduction  "mean" over all elements, or their "sum"
Sources: Charbonnier as in EDVR, eps under the root: 1e-6 in the authors' code, 1e-12 in XPixelGroup/BasicSR.
Huber as in DUF (yhjo09/VSR-DUF), delta 0.01. Sums run in float64 in the order of `reduce`.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refvr.errors import ShapeError
from refvr.ops.core.bands import no_shape
from refvr.ops.core.operation import Operation
from refvr.ops.reduce import total
from refvr.types import Array


def mse(d: np.ndarray) -> np.ndarray:
    """d^2."""
    return d * d


def mse_slope(d: np.ndarray) -> np.ndarray:
    """2 d."""
    return 2 * d


def charbonnier(d: np.ndarray, eps: float) -> np.ndarray:
    """sqrt(d^2 + eps)."""
    return np.sqrt(d * d + d.dtype.type(eps))


def charbonnier_slope(d: np.ndarray, eps: float) -> np.ndarray:
    """d / sqrt(d^2 + eps)."""
    return d / charbonnier(d, eps)


def huber(d: np.ndarray, delta: float) -> np.ndarray:
    """q^2 / 2 + delta (|d| - q)."""
    size, delta = np.abs(d), d.dtype.type(delta)
    q = np.minimum(size, delta)
    return d.dtype.type(0.5) * q * q + delta * (size - q)


def huber_slope(d: np.ndarray, delta: float) -> np.ndarray:
    """d limited to [-delta, delta]."""
    return np.clip(d, d.dtype.type(-delta), d.dtype.type(delta))


def _loss(name: str, value: Callable[..., np.ndarray], slope: Callable[..., np.ndarray]) -> Operation:
    """The operation that adds up `value(d)`; only the sum differs between the backends, all else is a pass of NumPy."""
    def scale(y: np.ndarray, reduction: str) -> float:
        return 1 / y.size if reduction == "mean" else 1.0

    def plain(y: np.ndarray, target: np.ndarray, *, reduction: str, **options: float) -> np.ndarray:
        return np.asarray(np.sum(value(y - target, **options), dtype=np.float64) * scale(y, reduction), y.dtype)

    def fast(y: np.ndarray, target: np.ndarray, *, reduction: str, **options: float) -> np.ndarray:
        return np.asarray(total(value(y - target, **options)) * scale(y, reduction), y.dtype)

    def adjoint(dloss: np.ndarray, loss: np.ndarray, y: np.ndarray, target: np.ndarray, *, needs: tuple[bool, bool],
                reduction: str, **options: float) -> tuple[np.ndarray | None, ...]:
        dd = slope(y - target, **options) * y.dtype.type(float(dloss) * scale(y, reduction))
        return dd if needs[0] else None, -dd if needs[1] else None

    return Operation(name, plain, fast=fast, adjoint=adjoint, shape=no_shape)


_mse = _loss("mse_loss", mse, mse_slope)
_l1 = _loss("l1_loss", np.abs, np.sign)
_charbonnier = _loss("charbonnier_loss", charbonnier, charbonnier_slope)
_huber = _loss("huber_loss", huber, huber_slope)


def _check(who: str, y: Array, target: Array, reduction: str) -> None:
    if tuple(y.shape) != tuple(target.shape) or y.size == 0:
        raise ShapeError(f"{who}: got shapes {tuple(y.shape)} and {tuple(target.shape)}, expected equal and not empty")
    if reduction not in ("mean", "sum"):
        raise ShapeError(f"{who}: got reduction {reduction!r}, expected 'mean' or 'sum'")


def mse_loss(y: Array, target: Array, reduction: str = "mean") -> Array:
    """Mean (or sum) of (y - target)^2; shape ()."""
    _check("mse_loss", y, target, reduction)
    return _mse(y, target, reduction=reduction)


def l1_loss(y: Array, target: Array, reduction: str = "mean") -> Array:
    """Mean (or sum) of |y - target|; shape (). Gradient 0 where they are equal."""
    _check("l1_loss", y, target, reduction)
    return _l1(y, target, reduction=reduction)


def charbonnier_loss(y: Array, target: Array, reduction: str = "mean", *, eps: float = 1e-6) -> Array:
    """Mean (or sum) of sqrt((y - target)^2 + eps); shape ()."""
    _check("charbonnier_loss", y, target, reduction)
    return _charbonnier(y, target, reduction=reduction, eps=float(eps))


def huber_loss(y: Array, target: Array, reduction: str = "mean", *, delta: float = 0.01) -> Array:
    """Mean (or sum) of the Huber function of y - target: parabola up to delta, straight beyond; shape ()."""
    _check("huber_loss", y, target, reduction)
    return _huber(y, target, reduction=reduction, delta=float(delta))

"""Functions of one element: relu, leaky_relu, sigmoid, tanh, exp, clip.

                                                            derivative, in terms of x and y
    relu(x)        max(x, 0)                                1 if x > 0 else 0              at 0: 0
    leaky_relu(x)  x if x > 0 else slope * x                1 if x > 0 else slope          at 0: slope
    sigmoid(x)     1 / (1 + e^-x)                           y (1 - y)
    tanh(x)        (e^2x - 1) / (e^2x + 1)                  1 - y^2
    exp(x)         e^x                                      y
    clip(x)        lo if x < lo, hi if x > hi, else x       1 if lo <= x <= hi else 0      at lo and hi: 1

Any shape; float32 or float64. NaN goes through; the values at the kinks are those of PyTorch.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from refvr.errors import ShapeError
from refvr.ops.arithmetic import on_threads
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import each_row, same_shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels import simd
from refvr.types import Array, Options


def leaky_relu_plain(x: np.ndarray, *, slope: float) -> np.ndarray:
    """The definition; relu is slope 0."""
    return np.where(x > 0, x, x.dtype.type(slope) * x)


def relu_plain(x: np.ndarray) -> np.ndarray:
    """The definition."""
    return np.maximum(x, x.dtype.type(0))


def sigmoid_plain(x: np.ndarray) -> np.ndarray:
    """The definition, with e^-|x| so that nothing overflows."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def tanh_plain(x: np.ndarray) -> np.ndarray:
    """The definition."""
    return np.tanh(x)


def exp_plain(x: np.ndarray) -> np.ndarray:
    """The definition."""
    with np.errstate(over="ignore", under="ignore"):
        return np.exp(x)


def clip_plain(x: np.ndarray, *, lo: float, hi: float) -> np.ndarray:
    """The definition."""
    return np.clip(x, x.dtype.type(lo), x.dtype.type(hi))


@kernel
def _leaky_relu_rows(start: int, stop: int, x: np.ndarray, slope: float, y: np.ndarray) -> None:
    x, y = x[start:stop], y[start:stop]
    for k in range(x.size):
        y[k] = x[k] if x[k] > 0 else slope * x[k]


@kernel
def _leaky_relu_adjoint_rows(start: int, stop: int, dy: np.ndarray, x: np.ndarray, slope: float,
                             dx: np.ndarray) -> None:
    dy, x, dx = dy[start:stop], x[start:stop], dx[start:stop]
    for k in range(x.size):
        dx[k] = dy[k] if x[k] > 0 else slope * dy[k]


@kernel
def _sigmoid_rows(start: int, stop: int, x: np.ndarray, y: np.ndarray) -> None:
    x, y = x[start:stop], y[start:stop]
    for k in range(x.size):
        y[k] = simd.sigmoid(x[k])


@kernel
def _tanh_rows(start: int, stop: int, x: np.ndarray, y: np.ndarray) -> None:
    x, y = x[start:stop], y[start:stop]
    for k in range(x.size):
        y[k] = simd.tanh(x[k])


@kernel
def _exp_rows(start: int, stop: int, x: np.ndarray, y: np.ndarray) -> None:
    x, y = x[start:stop], y[start:stop]
    for k in range(x.size):
        y[k] = simd.exp(x[k])


def _each(rows: Callable[..., None], *arrays: np.ndarray, **scalars: float) -> np.ndarray:
    """Run a kernel over all elements of arrays of one shape, on all threads.

    The kernels see flat, contiguous memory and take slices of it before they count from 0: so the compiler knows that
    no index is negative and fills vectors. `simd` replaces the platform's exp, which would be slower and differ
    between systems.
    """
    x = arrays[0]
    y = empty(x.shape, x.dtype)
    flat = [as_kernels_want(part).reshape(-1) for part in arrays]
    run_rows(rows, x.size, *flat, *(x.dtype.type(s) for s in scalars.values()), y.reshape(-1), work=x.size)
    return y


def relu_fast(x: np.ndarray) -> np.ndarray:
    """NumPy's maximum is vector code already; it only gets the threads."""
    return on_threads(np.maximum, x, x.dtype.type(0))


def leaky_relu_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool],
                       slope: float) -> tuple[np.ndarray]:
    """dx = dy if x > 0 else slope * dy."""
    return (_each(_leaky_relu_adjoint_rows, dy, x, slope=slope),)


def relu_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool]) -> tuple[np.ndarray]:
    """dx = dy if x > 0 else 0."""
    return (_each(_leaky_relu_adjoint_rows, dy, x, slope=0.0),)


def sigmoid_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool]) -> tuple[np.ndarray]:
    """dx = dy y (1 - y)."""
    return (dy * y * (1 - y),)


def tanh_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool]) -> tuple[np.ndarray]:
    """dx = dy (1 - y^2), as (1 - y)(1 + y): 1 - y^2 would lose digits near 1."""
    return (dy * ((1 - y) * (1 + y)),)


def exp_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool]) -> tuple[np.ndarray]:
    """dx = dy y."""
    return (dy * y,)


def clip_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], lo: float,
                 hi: float) -> tuple[np.ndarray]:
    """dx = dy where lo <= x <= hi, else 0."""
    kind = x.dtype.type
    return (np.where((x < kind(lo)) | (x > kind(hi)), kind(0), dy),)


_RULES: Options = {"shape": same_shape, "rows": each_row}
_leaky_relu = Operation("leaky_relu", leaky_relu_plain, fast=partial(_each, _leaky_relu_rows),
                        adjoint=leaky_relu_adjoint, **_RULES)
_relu = Operation("relu", relu_plain, fast=relu_fast, adjoint=relu_adjoint, **_RULES)
_sigmoid = Operation("sigmoid", sigmoid_plain, fast=partial(_each, _sigmoid_rows), adjoint=sigmoid_adjoint, **_RULES)
_tanh = Operation("tanh", tanh_plain, fast=partial(_each, _tanh_rows), adjoint=tanh_adjoint, **_RULES)
_exp = Operation("exp", exp_plain, fast=partial(_each, _exp_rows), adjoint=exp_adjoint, **_RULES)
_clip = Operation("clip", clip_plain, adjoint=clip_adjoint, **_RULES)


def relu(x: Array) -> Array:
    """max(x, 0), element by element. Gradient at 0: 0."""
    return _relu(x)


def leaky_relu(x: Array, slope: float = 0.1) -> Array:
    """x where x > 0, else slope * x. Gradient at 0: slope."""
    return _leaky_relu(x, slope=float(slope))


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), element by element."""
    return _sigmoid(x)


def tanh(x: Array) -> Array:
    """Hyperbolic tangent, element by element."""
    return _tanh(x)


def exp(x: Array) -> Array:
    """e^x, element by element; infinite above about 88.7 (float32) or 709.8 (float64)."""
    return _exp(x)


def clip(x: Array, lo: float, hi: float) -> Array:
    """x limited to [lo, hi]. Gradient 1 inside and at lo and hi, 0 outside. Raises ShapeError if lo > hi."""
    if not lo <= hi:
        raise ShapeError(f"clip: got lo {lo} and hi {hi}, expected lo <= hi")
    return _clip(x, lo=float(lo), hi=float(hi))

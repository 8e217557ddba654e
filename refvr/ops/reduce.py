"""Sums and means over chosen axes.

    y[kept] = sum over reduced of x[kept, reduced]            mean: divided by the number of summed elements

x         any shape; float32 or float64
axis      None: all axes; an axis or a tuple of axes, negative counts from the end
keepdims  keep the summed axes with size 1
Order: the reduced elements in row-major order are cut into runs of 4096; a run is summed front to back, then the runs
are, in the same way (`sum_axis` says more). Everything is added up in float64 and rounded once, so a float32 sum is
good to half an ulp unless it cancels. An empty sum is 0; an empty mean is an error.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import ShapeError
from refvr.ops.core.bands import Shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.types import Array

_RUN = 4096
_LANES = 16


def sum_plain(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    """The definition."""
    return np.asarray(np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float64), x.dtype)


def mean_plain(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    """The definition."""
    return np.asarray(np.mean(x, axis=axis, keepdims=keepdims, dtype=np.float64), x.dtype)


@kernel
def _sum_runs(start: int, stop: int, x: np.ndarray, runs: int, y: np.ndarray) -> None:
    """y[row] = the sum of run row % runs of x[row // runs]; x (a, k, b), y (a * runs, b) of float64."""
    k, b = x.shape[1], x.shape[2]
    for row in range(start, stop):
        first = row % runs * _RUN
        total = y[row]
        total[:] = 0.0
        for m in range(first, min(k, first + _RUN)):
            values = x[row // runs, m]
            for c in range(b):
                total[c] += values[c]


def sum_axis(x: np.ndarray) -> np.ndarray:
    """Sum x (a, k, b) over its middle axis, in the written order; (a, b) of float64.

    NumPy's own sum is repeatable too, but its order is a matter of strides and version. Runs make the order one that
    threads can share; neighbours in `b` fill a vector register, and where there are none, `_LANES` lanes take their
    place: element m goes to lane m % 16, then the lanes and the elements left over are summed front to back.
    """
    a, k, b = x.shape
    if b == 1 and k >= 4 * _LANES:
        whole = k - k % _LANES
        lanes = sum_axis(x[:, :whole].reshape(a, -1, _LANES))
        return sum_axis(np.concatenate([lanes, x[:, whole:, 0]], axis=1).reshape(a, -1, 1))
    runs = max(1, -(-k // _RUN))
    y = np.empty((a * runs, b))
    run_rows(_sum_runs, a * runs, np.ascontiguousarray(x), runs, y, work=x.size)
    return y if runs == 1 else sum_axis(y.reshape(a, runs, b))


def total(x: np.ndarray) -> float:
    """The sum of all elements, in the written order, in float64."""
    return float(sum_axis(x.reshape(1, -1, 1))[0, 0])


def channel_sum(x: np.ndarray) -> np.ndarray:
    """Sum of x (..., c) over all axes but the last, in float64: (c,)."""
    return sum_axis(x.reshape(1, -1, x.shape[-1]))[0]


def sum_fast(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    """Reorder the array so that the summed axes are the middle one of three (usually a mere reshape), then sum that."""
    kept = [k for k in range(x.ndim) if k not in axis]
    shape = [1 if k in axis else size for k, size in enumerate(x.shape)]
    before = [k for k in kept if not axis or k < axis[0]]
    after = [k for k in kept if axis and k > axis[-1]]
    y: np.ndarray | float
    if len(axis) == x.ndim:
        y = total(x)
    else:
        if len(before) + len(after) < len(kept):  # summed axes apart from each other
            before, after = kept, []
        sizes = [math.prod(x.shape[k] for k in axes) for axes in (before, axis, after)]
        y = sum_axis(x.transpose([*before, *axis, *after]).reshape(sizes))
    return np.asarray(y, x.dtype).reshape(shape if keepdims else [x.shape[k] for k in kept])


def mean_fast(x: np.ndarray, *, axis: tuple[int, ...], keepdims: bool) -> np.ndarray:
    """The sum, divided by the count after it has been rounded."""
    return sum_fast(x, axis=axis, keepdims=keepdims) / x.dtype.type(_count(x, axis))


def sum_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], axis: tuple[int, ...],
                keepdims: bool) -> tuple[np.ndarray]:
    """dx[kept, reduced] = dy[kept]."""
    shape = [1 if k in axis else size for k, size in enumerate(x.shape)]
    return (np.broadcast_to(dy.reshape(shape), x.shape).copy(),)


def mean_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], axis: tuple[int, ...],
                 keepdims: bool) -> tuple[np.ndarray]:
    """dx[kept, reduced] = dy[kept] / count."""
    return sum_adjoint(dy / x.dtype.type(_count(x, axis)), y, x, needs=needs, axis=axis, keepdims=keepdims)


def _count(x: np.ndarray, axis: tuple[int, ...]) -> int:
    return math.prod(x.shape[k] for k in axis)


def shape(x: Shape, *, axis: tuple[int, ...], keepdims: bool) -> Shape:
    """Without the summed axes, or with size 1 there."""
    return tuple(1 if k in axis else size for k, size in enumerate(x) if keepdims or k not in axis)


_sum = Operation("sum", sum_plain, fast=sum_fast, adjoint=sum_adjoint, shape=shape)
_mean = Operation("mean", mean_plain, fast=mean_fast, adjoint=mean_adjoint, shape=shape)


def _axes(who: str, ndim: int, axis: int | Sequence[int] | None) -> tuple[int, ...]:
    """The axes as sorted numbers from 0."""
    if axis is None:
        return tuple(range(ndim))
    given = (axis,) if isinstance(axis, int) else tuple(axis)
    axes = sorted({k + ndim if k < 0 else k for k in given})
    if len(axes) != len(given) or not all(0 <= k < ndim for k in axes):
        raise ShapeError(f"{who}: got axis {axis}, expected different axes of an array with {ndim}")
    return tuple(axes)


def sum(x: Array, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Array:
    """Sum of `x` over `axis` (None: all, which gives shape ())."""
    return _sum(x, axis=_axes("sum", x.ndim, axis), keepdims=keepdims)


def mean(x: Array, axis: int | Sequence[int] | None = None, *, keepdims: bool = False) -> Array:
    """Mean of `x` over `axis` (None: all, which gives shape ()). Raises ShapeError if there is nothing to average."""
    axes = _axes("mean", x.ndim, axis)
    if _count(array_of(x), axes) == 0:
        raise ShapeError(f"mean: got shape {x.shape} over axes {axes}, expected at least one element")
    return _mean(x, axis=axes, keepdims=keepdims)

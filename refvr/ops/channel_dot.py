"""Product of two pixels as vectors of channels: how alike two feature maps are at every place (TSA in EDVR).

    y[..., 0] = sum_c a[..., c] b[..., c]

a, b  (..., c), where axes of size 1 stand for any size (NumPy's broadcasting); no division by the number of channels
Order: channel c goes to lane c % 8; each lane is summed front to back, then the lanes are.
Adjoint: da = dy b, db = dy a, added up over the axes that were broadcast.
Source: Wang et al., "EDVR", CVPR Workshops 2019; XPixelGroup/BasicSR, basicsr/archs/edvr_arch.py, TSAFusion.
"""
from __future__ import annotations

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import ShapeError
from refvr.ops.arithmetic import unbroadcast
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import broadcast_shape, each_row
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.types import Array

_LANES = 8


def plain(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The definition."""
    return (a * b).sum(-1, keepdims=True)


@kernel
def _rows(start: int, stop: int, a: np.ndarray, b: np.ndarray, y: np.ndarray) -> None:
    """Pixels start to stop of a (m, c), b (m, c)."""
    c = a.shape[1]
    lanes = np.empty(_LANES, a.dtype)
    for row in range(start, stop):
        left, right = a[row], b[row]
        lanes[:] = 0
        for first in range(0, c - c % _LANES, _LANES):
            for lane in range(_LANES):
                lanes[lane] += left[first + lane] * right[first + lane]
        for k in range(c - c % _LANES, c):
            lanes[k % _LANES] += left[k] * right[k]
        total = lanes[0]
        for lane in range(1, _LANES):
            total += lanes[lane]
        y[row] = total


def fast(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One pass without the products in memory."""
    shape = np.broadcast_shapes(a.shape, b.shape)
    y = empty((*shape[:-1], 1), a.dtype)
    alike = (part if part.shape == shape else np.broadcast_to(part, shape) for part in (a, b))
    flat = [as_kernels_want(part).reshape(-1, shape[-1]) for part in alike]
    run_rows(_rows, y.size, *flat, y.reshape(-1), work=y.size * shape[-1])
    return y


def adjoint(dy: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, *,
            needs: tuple[bool, bool]) -> tuple[np.ndarray | None, ...]:
    """da = dy b, db = dy a."""
    return (unbroadcast(dy * b, a.shape) if needs[0] else None, unbroadcast(dy * a, b.shape) if needs[1] else None)


_channel_dot = Operation("channel_dot", plain, fast=fast, adjoint=adjoint, rows=each_row,
                         shape=lambda a, b: (*broadcast_shape(a, b)[:-1], 1))


def channel_dot(a: Array, b: Array) -> Array:
    """Sum over channels of a * b: (..., c), (..., c) -> (..., 1). Raises ShapeError if the shapes do not broadcast."""
    shapes = array_of(a).shape, array_of(b).shape
    try:
        np.broadcast_shapes(*shapes)
        fits = shapes[0][-1] == shapes[1][-1]
    except (ValueError, IndexError):
        fits = False
    if not fits:
        raise ShapeError(f"channel_dot: got shapes {shapes[0]} and {shapes[1]}, expected (..., c) and (..., c) that "
                         "broadcast")
    return _channel_dot(a, b)

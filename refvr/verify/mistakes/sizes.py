"""Mistakes in linear resizes, of images and of flows: corners, half pixels, the scale."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.ops.resize_bilinear import positions
from refvr.types import Array
from refvr.verify.mistakes._catalogue import Given, Op, mistake, subject, unless

subject("resize_bilinear", ops.resize_bilinear, x="image")


def resize_flow(x: Array, *, scale: float) -> Array:
    """Resize a flow (or offsets) in pixels: resize_bilinear, times the scale. x (n, h, w, c)."""
    return ops.mul(ops.resize_bilinear(x, scale=scale), float(scale))   # on the tape: its vector has a gradient


subject("resize_flow", resize_flow, x="image")


def sizes_of(a: Given) -> tuple[int, int]:
    """Rows and columns of a resize."""
    rows, columns = (int(n * a.scale) for n in a.x.shape[1:3]) if a.size is None else a.size
    return rows, columns


def _blend(x: np.ndarray, axis: int, r: np.ndarray) -> np.ndarray:
    """Linear samples along an axis at places r, limited to the image."""
    r = np.clip(r, 0, x.shape[axis] - 1)
    r0 = np.floor(r).astype(int)
    shape = [1] * x.ndim
    shape[axis] = -1
    b = (r - r0).reshape(shape).astype(x.dtype)
    return (1 - b) * x.take(r0, axis) + b * x.take(np.minimum(r0 + 1, x.shape[axis] - 1), axis)


@mistake("place", "resize_bilinear")
def corners_exchanged(op: Op, a: Given) -> np.ndarray:
    """align_corners the other way."""
    return op(a.but(size=sizes_of(a), scale=None, align_corners=not a.align_corners))


@mistake("place", "resize_bilinear")
def scale_only_a_size(op: Op, a: Given) -> np.ndarray:
    """the spacing taken from the rounded size and not from the scale."""
    unless(a.scale is None or a.align_corners)
    return op(a.but(size=sizes_of(a), scale=None))


@mistake("place", "resize_bilinear")
def half_pixels_missing(op: Op, a: Given) -> np.ndarray:
    """places y * ratio without the half pixels (asymmetric, as old TensorFlow)."""
    unless(a.align_corners)
    y = a.x
    for axis, out in zip((1, 2), sizes_of(a)):
        ratio = a.x.shape[axis] / out if a.scale is None else 1 / a.scale
        y = _blend(y, axis, np.arange(out) * ratio)
    return y


@mistake("place", "resize_bilinear")
def nearest_pixel_of_the_resize(op: Op, a: Given) -> np.ndarray:
    """the nearest pixel in place of the bilinear blend."""
    y = a.x
    for axis, out in zip((1, 2), sizes_of(a)):
        ratio = a.x.shape[axis] / out if a.scale is None else 1 / a.scale
        y = y.take(np.minimum(np.floor((np.arange(out) + 0.5) * ratio).astype(int), a.x.shape[axis] - 1), axis)
    return y


@mistake("place", "resize_bilinear")
def cubic_in_place_of_linear(op: Op, a: Given) -> np.ndarray:
    """a cubic resize (MATLAB's, without antialiasing) in place of a bilinear one."""
    unless(a.scale is None or a.align_corners)
    y = ops.imresize(a.x, a.scale, antialias=False)
    rows, columns = sizes_of(a)
    return y[:, :rows, :columns]


@mistake("place", "resize_bilinear", flagged=False)
def bicubic_of_pytorch(op: Op, a: Given) -> np.ndarray:
    """a bicubic resize (OpenCV's and PyTorch's) in place of a bilinear one."""
    unless(a.scale is None or a.align_corners)
    return array_of(ops.resize_cubic(a.x, a.scale))


@mistake("place", "resize_bilinear")
def antialiased(op: Op, a: Given) -> np.ndarray:
    """antialiasing where it shrinks (as Pillow, or antialias=True)."""
    y = a.x
    unless(a.align_corners or all(out >= size for out, size in zip(sizes_of(a), a.x.shape[1:3])))
    for axis, out in zip((1, 2), sizes_of(a)):
        ratio = a.x.shape[axis] / out if a.scale is None else 1 / a.scale
        centre = positions(a.x.shape[axis], out, ratio, False)
        weight = np.maximum(0, 1 - np.abs(centre[:, None] - np.arange(a.x.shape[axis])) / max(ratio, 1.0))
        weight /= weight.sum(1, keepdims=True)
        y = np.moveaxis(np.tensordot(weight.astype(y.dtype), y, (1, axis)), 0, axis)
    return y


@mistake("number", "resize_bilinear")
def values_times_the_scale(op: Op, a: Given) -> np.ndarray:
    """the values multiplied by the scale as if they were a flow."""
    factor = sizes_of(a)[0] / a.x.shape[1] if a.scale is None else a.scale
    return op(a) * a.x.dtype.type(factor)


@mistake("number", "resize_flow")
def flow_not_scaled(op: Op, a: Given) -> np.ndarray:
    """the values of the flow (or offsets) not multiplied by the scale."""
    return op(a) / a.x.dtype.type(a.scale)


@mistake("number", "resize_flow")
def flow_scaled_twice(op: Op, a: Given) -> np.ndarray:
    """the values of the flow (or offsets) multiplied by the scale twice."""
    return op(a) * a.x.dtype.type(a.scale)


@mistake("number", "resize_flow")
def flow_divided_by_the_scale(op: Op, a: Given) -> np.ndarray:
    """the values of the flow (or offsets) divided by the scale in place of multiplied."""
    return op(a) / a.x.dtype.type(a.scale * a.scale)


@mistake("place", "resize_flow")
def flow_resized_corner_to_corner(op: Op, a: Given) -> np.ndarray:
    """align_corners=True."""
    rows, columns = (int(n * a.scale) for n in a.x.shape[1:3])
    return ops.resize_bilinear(a.x, (rows, columns), align_corners=True) * a.x.dtype.type(a.scale)

"""Mistakes in warps, grid samples and resizes: coordinates, borders and corners."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.ops.resize_bilinear import positions
from refvr.verify.mistakes._catalogue import Given, Op, mistake, subject, unless

subject("warp", ops.warp, x="image", flow_px="image")
subject("grid_sample", ops.grid_sample, x="image", grid_unit="any")
subject("resize_bilinear", ops.resize_bilinear, x="image")


def resize_flow(x: np.ndarray, *, scale: float) -> np.ndarray:
    """Resize a flow (or offsets) in pixels: resize_bilinear, times the scale. x (n, h, w, c)."""
    return array_of(ops.mul(ops.resize_bilinear(x, scale=scale), float(scale)))


subject("resize_flow", resize_flow, x="image")


@mistake("order", "warp")
def flow_down_then_right(op: Op, a: Given) -> np.ndarray:
    """the flow read as (y, x): down first, then right."""
    return op(a.but(flow_px=np.ascontiguousarray(a.flow_px[..., ::-1])))


@mistake("place", "warp")
def flow_the_other_way(op: Op, a: Given) -> np.ndarray:
    """a flow of the other sign."""
    return op(a.but(flow_px=-a.flow_px))


@mistake("place", "warp")
def flow_halved(op: Op, a: Given) -> np.ndarray:
    """a flow half as large (not doubled with the resolution)."""
    return op(a.but(flow_px=0.5 * a.flow_px))


@mistake("place", "warp")
def flow_doubled(op: Op, a: Given) -> np.ndarray:
    """a flow twice as large (not halved with the resolution)."""
    return op(a.but(flow_px=2 * a.flow_px))


@mistake("place", "warp")
def flow_in_halves_of_the_image(op: Op, a: Given) -> np.ndarray:
    """a flow taken for normalised coordinates (units of half the image) and not for pixels."""
    h, w = a.flow_px.shape[1:3]
    return op(a.but(flow_px=a.flow_px * np.array([(w - 1) / 2, (h - 1) / 2], a.flow_px.dtype)))


@mistake("place", "warp")
def flow_normalised_by_the_size(op: Op, a: Given) -> np.ndarray:
    """the flow divided by the size in place of the size - 1 on its way to normalised coordinates."""
    h, w = a.flow_px.shape[1:3]
    return op(a.but(flow_px=a.flow_px * np.array([(w - 1) / w, (h - 1) / h], a.flow_px.dtype)))


@mistake("border", "warp")
def zeros_outside(op: Op, a: Given) -> np.ndarray:
    """zeros outside in place of the nearest pixel."""
    unless(a.border == "zero")
    return op(a.but(border="zero"))


@mistake("border", "warp")
def nearest_pixel_outside(op: Op, a: Given) -> np.ndarray:
    """the nearest pixel outside in place of zeros."""
    unless(a.border == "replicate")
    return op(a.but(border="replicate"))


def unit_grid(a: Given) -> np.ndarray:
    """The places of a warp as a grid of grid_sample, corners aligned."""
    h, w = a.x.shape[1:3]
    unless(min(h, w) < 2)
    q, p = np.meshgrid(np.arange(w), np.arange(h))
    base = np.stack([q, p], axis=-1).astype(a.x.dtype)
    return (a.flow_px + base) / np.array([(w - 1) / 2, (h - 1) / 2], a.x.dtype) - a.x.dtype.type(1)


@mistake("place", "warp")
def corners_not_aligned(op: Op, a: Given) -> np.ndarray:
    """a grid made for aligned corners, sampled with align_corners=False."""
    border = "replicate" if a.border == "replicate" else "zero"
    return array_of(ops.grid_sample(a.x, unit_grid(a), border=border, align_corners=False))


@mistake("border", "warp")
def mirrored_outside(op: Op, a: Given) -> np.ndarray:
    """a mirrored border (reflection)."""
    return array_of(ops.grid_sample(a.x, unit_grid(a), border="reflection", align_corners=True))


@mistake("place", "warp")
def nearest_pixel_of_the_flow(op: Op, a: Given) -> np.ndarray:
    """the nearest pixel in place of the bilinear sample."""
    return op(a.but(flow_px=np.floor(a.flow_px + a.flow_px.dtype.type(0.5))))


@mistake("place", "grid_sample")
def align_corners_exchanged(op: Op, a: Given) -> np.ndarray:
    """align_corners the other way."""
    return op(a.but(align_corners=not a.align_corners))


@mistake("order", "grid_sample")
def grid_y_x(op: Op, a: Given) -> np.ndarray:
    """the grid read as (y, x)."""
    return op(a.but(grid_unit=np.ascontiguousarray(a.grid_unit[..., ::-1])))


@mistake("place", "grid_sample")
def grid_from_0_to_1(op: Op, a: Given) -> np.ndarray:
    """a grid taken as 0 .. 1 in place of -1 .. 1."""
    return op(a.but(grid_unit=2 * a.grid_unit - 1))


@mistake("border", "grid_sample")
def border_zero(op: Op, a: Given) -> np.ndarray:
    """zeros outside."""
    unless(a.border == "zero")
    return op(a.but(border="zero"))


@mistake("border", "grid_sample")
def border_replicate(op: Op, a: Given) -> np.ndarray:
    """the nearest pixel outside (border)."""
    unless(a.border == "replicate")
    return op(a.but(border="replicate"))


@mistake("border", "grid_sample")
def border_reflection(op: Op, a: Given) -> np.ndarray:
    """a mirrored border (reflection)."""
    unless(a.border == "reflection")
    return op(a.but(border="reflection"))


@mistake("border", "grid_sample")
def mirrored_at_pixel_centres(op: Op, a: Given) -> np.ndarray:
    """places mirrored at the outermost pixel centres although corners are not aligned."""
    unless(a.border != "reflection" or a.align_corners)
    sizes = np.array(a.x.shape[2:0:-1])
    unless((sizes < 2).any())
    at = ((a.grid_unit + 1) * sizes - 1) / 2
    away = np.abs(at) % (2 * (sizes - 1))
    folded = np.minimum(away, 2 * (sizes - 1) - away)
    return op(a.but(grid_unit=((2 * folded + 1) / sizes - 1).astype(a.grid_unit.dtype), border="replicate"))


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


@mistake("place", "resize_bilinear")
def antialiased(op: Op, a: Given) -> np.ndarray:
    """antialiasing where it shrinks (as Pillow, or antialias=True)."""
    y = a.x
    unless(a.align_corners or sizes_of(a) >= a.x.shape[1:3])
    for axis, out in zip((1, 2), sizes_of(a)):
        ratio = max(a.x.shape[axis] / out if a.scale is None else 1 / a.scale, 1.0)
        centre = positions(a.x.shape[axis], out, ratio, False)
        weight = np.maximum(0, 1 - np.abs(centre[:, None] - np.arange(a.x.shape[axis])) / ratio)
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

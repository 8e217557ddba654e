"""Mistakes in warps and grid samples: coordinates and borders."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.verify.mistakes._catalogue import Given, Op, mistake, subject, unless

subject("warp", ops.warp, x="image", flow_px="image")
subject("grid_sample", ops.grid_sample, x="image", grid_unit="any")


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
    return array_of(ops.grid_sample(a.x, unit_grid(a), border=a.border, align_corners=False))


@mistake("border", "warp")
def mirrored_outside(op: Op, a: Given) -> np.ndarray:
    """a mirrored border (reflection)."""
    unless(a.border == "reflection")
    return op(a.but(border="reflection"))


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

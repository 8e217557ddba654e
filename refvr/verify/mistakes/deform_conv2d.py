"""Mistakes in deformable convolutions: most are orders of channels and borders."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refvr import ops
from refvr.verify.mistakes._catalogue import Given, Op, mistake, subject, unless

subject("deform_conv2d", ops.deform_conv2d, x="image", offset_px="image", mask="image", weight="kernel", bias="vector")


def sizes(a: Given) -> tuple[int, int]:
    """(offset groups, taps)."""
    taps = a.weight.shape[0] * a.weight.shape[1]
    return a.mask.shape[3] // taps, taps


def reordered(a: Given, order: Callable[[int, int, int, int, int], int]) -> np.ndarray:
    """Offsets read in another order: order(g, k, axis, groups, taps) -> channel."""
    groups, taps = sizes(a)
    source = [order(g, k, axis, groups, taps) for g in range(groups) for k in range(taps) for axis in (0, 1)]
    return np.ascontiguousarray(a.offset_px[..., source])


def places(a: Given) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns (n, y, x, G K) that are read."""
    kh, kw = a.weight.shape[:2]
    p = a.dilation * (kh // 2) if a.padding is None else a.padding
    k = np.arange(a.offset_px.shape[3] // 2) % (kh * kw)
    row = np.arange(a.mask.shape[1])[:, None, None] * a.stride - p + k // kw * a.dilation
    column = np.arange(a.mask.shape[2])[:, None] * a.stride - p + k % kw * a.dilation
    return row + a.offset_px[..., 0::2], column + a.offset_px[..., 1::2]


def moved(a: Given, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Offsets with which these places are read."""
    old_row, old_column = places(a)
    by = np.stack([row - old_row, column - old_column], axis=-1).reshape(a.offset_px.shape)
    return (a.offset_px + by).astype(a.offset_px.dtype)


@mistake("order", "deform_conv2d")
def offsets_x_y(op: Op, a: Given) -> np.ndarray:
    """offsets read as (x, y) in place of (y, x)."""
    return op(a.but(offset_px=reordered(a, lambda g, k, axis, G, K: (g * K + k) * 2 + 1 - axis)))


@mistake("order", "deform_conv2d")
def offsets_all_y_then_all_x(op: Op, a: Given) -> np.ndarray:
    """offsets read as all y, then all x."""
    return op(a.but(offset_px=reordered(a, lambda g, k, axis, G, K: (axis * G + g) * K + k)))


@mistake("order", "deform_conv2d")
def offsets_y_then_x_in_each_group(op: Op, a: Given) -> np.ndarray:
    """offsets read as all y, then all x, within each offset group."""
    unless(sizes(a)[0] == 1)
    return op(a.but(offset_px=reordered(a, lambda g, k, axis, G, K: (g * 2 + axis) * K + k)))


@mistake("order", "deform_conv2d")
def offsets_point_major(op: Op, a: Given) -> np.ndarray:
    """offsets read tap after tap (all groups of the first tap first) in place of group after group."""
    unless(sizes(a)[0] == 1)
    return op(a.but(offset_px=reordered(a, lambda g, k, axis, G, K: (k * G + g) * 2 + axis)))


@mistake("order", "deform_conv2d")
def offset_taps_column_by_column(op: Op, a: Given) -> np.ndarray:
    """the taps of offsets and mask counted down the columns of the kernel, not along its rows."""
    kh, kw = a.weight.shape[:2]
    unless(min(kh, kw) == 1)
    transposed = [i + j * kh for i, j in np.ndindex(kh, kw)]
    groups, count = sizes(a)
    mask = a.mask[..., [g * count + k for g in range(groups) for k in transposed]]
    offsets = reordered(a, lambda g, k, axis, G, K: (g * K + transposed[k]) * 2 + axis)
    return op(a.but(offset_px=offsets, mask=np.ascontiguousarray(mask)))


@mistake("order", "deform_conv2d")
def mask_point_major(op: Op, a: Given) -> np.ndarray:
    """the mask read tap after tap in place of group after group."""
    groups, taps = sizes(a)
    unless(groups == 1)
    source = [k * groups + g for g in range(groups) for k in range(taps)]
    return op(a.but(mask=np.ascontiguousarray(a.mask[..., source])))


@mistake("order", "deform_conv2d")
def offset_groups_interleaved(op: Op, a: Given) -> np.ndarray:
    """channel c belonging to offset group c % G in place of c // (C / G)."""
    groups, c = sizes(a)[0], a.x.shape[3]
    unless(groups == 1 or groups == c or a.groups != 1)
    order = [k for g in range(groups) for k in range(g, c, groups)]
    return op(a.but(x=np.ascontiguousarray(a.x[..., order]), weight=np.ascontiguousarray(a.weight[:, :, order])))


@mistake("place", "deform_conv2d")
def offsets_negative(op: Op, a: Given) -> np.ndarray:
    """offsets of the other sign."""
    return op(a.but(offset_px=-a.offset_px))


@mistake("place", "deform_conv2d")
def offsets_halved(op: Op, a: Given) -> np.ndarray:
    """offsets half as large (not doubled on the way up from the coarser scale)."""
    return op(a.but(offset_px=0.5 * a.offset_px))


@mistake("place", "deform_conv2d")
def offsets_doubled(op: Op, a: Given) -> np.ndarray:
    """offsets twice as large."""
    return op(a.but(offset_px=2 * a.offset_px))


@mistake("place", "deform_conv2d")
def offsets_ignored(op: Op, a: Given) -> np.ndarray:
    """offsets ignored: a plain convolution."""
    return op(a.but(offset_px=np.zeros_like(a.offset_px)))


@mistake("place", "deform_conv2d")
def half_a_pixel_off(op: Op, a: Given) -> np.ndarray:
    """samples taken half a pixel further down and right."""
    return op(a.but(offset_px=a.offset_px + a.offset_px.dtype.type(0.5)))


@mistake("place", "deform_conv2d")
def nearest_sample(op: Op, a: Given) -> np.ndarray:
    """the nearest pixel in place of the bilinear sample."""
    row, column = places(a)
    return op(a.but(offset_px=moved(a, np.floor(row + 0.5), np.floor(column + 0.5))))


@mistake("place", "deform_conv2d")
def bilinear_weights_exchanged(op: Op, a: Given) -> np.ndarray:
    """the bilinear weights of the two neighbours exchanged (a for 1 - a) in both directions."""
    mirrored = [2 * np.floor(p) + 1 - p for p in places(a)]
    return op(a.but(offset_px=moved(a, *mirrored)))


@mistake("border", "deform_conv2d")
def samples_outside_repeat_the_edge(op: Op, a: Given) -> np.ndarray:
    """samples outside repeating the edge in place of zeros."""
    row, column = (np.clip(p, 0, size - 1) for p, size in zip(places(a), a.x.shape[1:3]))
    return op(a.but(offset_px=moved(a, row, column)))


@mistake("border", "deform_conv2d")
def samples_near_the_border_dropped(op: Op, a: Given) -> np.ndarray:
    """a sample counting only if all four of its pixels lie inside."""
    (row, column), (h, w) = places(a), a.x.shape[1:3]
    whole = (row >= 0) & (column >= 0) & (row <= h - 1) & (column <= w - 1)
    return op(a.but(mask=a.mask * whole.astype(a.mask.dtype)))


@mistake("activation", "deform_conv2d")
def mask_without_sigmoid(op: Op, a: Given) -> np.ndarray:
    """a mask that did not go through its sigmoid."""
    unless((a.mask <= 0).any() or (a.mask >= 1).any())
    return op(a.but(mask=np.log(a.mask) - np.log1p(-a.mask)))


@mistake("activation", "deform_conv2d")
def mask_through_sigmoid_twice(op: Op, a: Given) -> np.ndarray:
    """a mask that went through its sigmoid twice."""
    return op(a.but(mask=1 / (1 + np.exp(-a.mask))))


@mistake("number", "deform_conv2d")
def mask_doubled(op: Op, a: Given) -> np.ndarray:
    """a mask twice as large (2 * sigmoid, as the first version of the paper has it)."""
    return op(a.but(mask=2 * a.mask))


@mistake("number", "deform_conv2d")
def mask_ignored(op: Op, a: Given) -> np.ndarray:
    """the mask ignored (deformable convolution of the first version)."""
    return op(a.but(mask=np.ones_like(a.mask)))


@mistake("number", "deform_conv2d")
def mask_softmax_over_taps(op: Op, a: Given) -> np.ndarray:
    """a softmax over the taps in place of the sigmoid of the mask."""
    unless((a.mask <= 0).any() or (a.mask >= 1).any())
    odds = (a.mask / (1 - a.mask)).reshape(*a.mask.shape[:3], -1, sizes(a)[1])
    return op(a.but(mask=(odds / odds.sum(-1, keepdims=True)).reshape(a.mask.shape)))


@mistake("order", "deform_conv2d", flagged=False)
def mask_before_the_offsets(op: Op, a: Given) -> np.ndarray:
    """the mask taken from the first channels of what makes both, the offsets from those after it."""
    unless((a.mask <= 0).any() or (a.mask >= 1).any())
    both = np.concatenate([a.offset_px, np.log(a.mask) - np.log1p(-a.mask)], axis=-1)
    mask, offset_px = np.split(both, [a.mask.shape[-1]], axis=-1)
    return op(a.but(offset_px=np.ascontiguousarray(offset_px), mask=1 / (1 + np.exp(-mask))))


@mistake("place", "deform_conv2d")
def stride_of_the_grid_ignored(op: Op, a: Given) -> np.ndarray:
    """the sampling grid laid out at stride 1."""
    unless(a.stride == 1)
    (row, column), s = places(a), a.stride - 1
    row = row - np.arange(a.mask.shape[1])[:, None, None] * s
    return op(a.but(offset_px=moved(a, row, column - np.arange(a.mask.shape[2])[:, None] * s)))

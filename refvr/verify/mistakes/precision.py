"""Mistakes of precision: values rounded on the way to fewer digits than float32 has."""
from __future__ import annotations

import numpy as np

from refvr.verify.mistakes._catalogue import Given, Op, mistake, unless

WEIGHTED = ("conv2d", "conv3d", "conv_transpose2d", "deform_conv2d", "linear")
SAMPLING = ("warp", "grid_sample", "resize_bilinear", "fac", "dynamic_upsample")


def to_half(x: np.ndarray) -> np.ndarray:
    """Rounded to float16, in the type it came in."""
    with np.errstate(over="ignore"):
        return x.astype(np.float16).astype(x.dtype)


def to_bfloat16(x: np.ndarray) -> np.ndarray:
    """Rounded to bfloat16 (8 bits of mantissa, halves to even), in the type it came in."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)).view(np.float32).astype(x.dtype)


def to_tf32(x: np.ndarray) -> np.ndarray:
    """Rounded to the 11 bits of mantissa of tf32."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0xFFF + ((bits >> 13) & 1)) & np.uint32(0xFFFFE000)).view(np.float32).astype(x.dtype)


def to_bytes(x: np.ndarray) -> np.ndarray:
    """Rounded to 256 levels of [0, 1] and clipped."""
    return np.rint(np.clip(x, 0, 1) * 255) / x.dtype.type(255)


@mistake("precision", *WEIGHTED)
def weights_in_bfloat16(op: Op, a: Given) -> np.ndarray:
    """the weights rounded to bfloat16."""
    return op(a.but(weight=to_bfloat16(a.weight)))


@mistake("precision", *WEIGHTED)
def weights_in_float16(op: Op, a: Given) -> np.ndarray:
    """the weights rounded to float16."""
    return op(a.but(weight=to_half(a.weight)))


@mistake("precision", *WEIGHTED)
def products_in_tf32(op: Op, a: Given) -> np.ndarray:
    """input and weights rounded to tf32."""
    return op(a.but(x=to_tf32(a.x), weight=to_tf32(a.weight)))


@mistake("precision", *WEIGHTED)
def products_in_float16(op: Op, a: Given) -> np.ndarray:
    """input and weights rounded to float16, the sums not."""
    return op(a.but(x=to_half(a.x), weight=to_half(a.weight)))


@mistake("precision", *WEIGHTED, *SAMPLING)
def input_in_float16(op: Op, a: Given) -> np.ndarray:
    """the input rounded to float16."""
    return op(a.but(x=to_half(a.x)))


@mistake("precision", *WEIGHTED, *SAMPLING)
def result_in_float16(op: Op, a: Given) -> np.ndarray:
    """the result rounded to float16."""
    return to_half(op(a))


@mistake("precision", *WEIGHTED, *SAMPLING)
def input_in_8_bits(op: Op, a: Given) -> np.ndarray:
    """the input rounded to 8 bits on the way."""
    return op(a.but(x=to_bytes(a.x)))


@mistake("precision", "conv2d")
def sums_in_float16(op: Op, a: Given) -> np.ndarray:
    """the sums kept in float16, rounded after every tap and channel in the order i, j, c."""
    kh, kw, cg, _ = a.weight.shape
    unless(a.groups != 1)
    total = None
    for i, j, c in np.ndindex(kh, kw, cg):
        one = np.zeros_like(a.weight[:, :, :1])   # of this channel alone: the others would only add zeros
        one[i, j, 0] = a.weight[i, j, c]
        x = np.ascontiguousarray(a.x[..., c:c + 1])
        part = op(a.but(x=x, weight=one, bias=None, residual=None, activation="none"))
        total = to_half(part if total is None else total + to_half(part))
    return op(a.but(weight=np.zeros_like(a.weight), residual=total if a.residual is None else total + a.residual))


@mistake("precision", "deform_conv2d")
def offsets_in_float16(op: Op, a: Given) -> np.ndarray:
    """the offsets rounded to float16."""
    return op(a.but(offset_px=to_half(a.offset_px)))


@mistake("precision", "warp")
def flow_in_float16(op: Op, a: Given) -> np.ndarray:
    """the flow rounded to float16."""
    return op(a.but(flow_px=to_half(a.flow_px)))

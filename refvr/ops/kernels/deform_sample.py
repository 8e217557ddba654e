"""The samples of a run of pixels of a deformable convolution, straight into the panel that will be multiplied.

    sample = (w0 X[r0,q0] + w1 X[r0,q0+1] + w2 X[r0+1,q0] + w3 X[r0+1,q0+1]) * mask           each product rounded

Three passes. The first finds where all samples of the run lie, rows and columns by themselves, and the weights of their
corners, in loops that the compiler turns into vectors. The second reads those whose four corners lie in the image,
eight channels at a time as one vector (`_blend`, emitted as LLVM instructions: in a loop the compiler must suspect that
what it writes is what it reads next), by a list that is the same for every pixel. The third does the others.
"""
from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.base import BaseContext
from numba.core.typing.templates import Signature

from refvr.ops.core.jit import Code, intrinsic, kernel

_LANES = 8  # channels of EDVR-M that share an offset; one vector of AVX, two of SSE, the same bits either way
_OUTSIDE = -2  # instead of a row or column: the first corner of samples that count lies at -1 or later


class Sampling(NamedTuple):
    """Sizes and strides of one deformable convolution."""

    h: int  # input
    w: int
    c: int
    y: int  # output
    x: int
    kh: int
    kw: int
    stride: int
    dilation: int
    padding: int
    groups: int
    offset_groups: int
    run: int  # channels that share an offset group and a group of the convolution
    top: int = 0  # number of the first row of the output, where it is a band of an image's

    @staticmethod
    def of(x: np.ndarray, mask: np.ndarray, weight: np.ndarray, stride: int, dilation: int, groups: int,
           padding: int, top: int = 0) -> Sampling:
        """From the operands, which fit each other."""
        (_, h, w, c), (_, y, columns, maps), (kh, kw, *_) = x.shape, mask.shape, weight.shape
        offset_groups = maps // (kh * kw)
        return Sampling(h, w, c, y, columns, kh, kw, stride, dilation, padding, groups, offset_groups,
                        gcd(c // groups, c // offset_groups), top)


@intrinsic
def _blend(typing: object, x: types.Array, at: types.Type, right: types.Type, below: types.Type, w0: types.Type,
           w1: types.Type, w2: types.Type, w3: types.Type, mask: types.Type, to: types.Array, to_at: types.Type
           ) -> Code:
    """_LANES channels of one sample: x and `to` flat; right, below: steps to the other corners; the weights of all."""
    i8 = types.int64
    signature = types.void(x, i8, i8, i8, x.dtype, x.dtype, x.dtype, x.dtype, x.dtype, to, i8)

    def codegen(context: BaseContext, builder: ir.IRBuilder, sig: Signature, args: Sequence[ir.Value]) -> ir.Value:
        number = context.get_value_type(x.dtype)
        vector, align = ir.VectorType(number, _LANES), context.get_abi_sizeof(number)
        source, target = (context.make_array(sig.args[k])(context, builder, args[k]).data for k in (0, 9))

        def place(data: ir.Value, index: ir.Value) -> ir.Value:
            return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())

        def splat(value: ir.Value) -> ir.Value:
            undefined = ir.Constant(vector, ir.Undefined)
            first = builder.insert_element(undefined, value, ir.IntType(32)(0))
            return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), _LANES), None))

        under = builder.add(args[1], args[3])
        corners = args[1], builder.add(args[1], args[2]), under, builder.add(under, args[2])
        parts = [builder.fmul(splat(weight), builder.load(place(source, corner), align=align))
                 for weight, corner in zip(args[4:8], corners)]
        total = parts[0]
        for part in parts[1:]:
            total = builder.fadd(total, part)
        builder.store(builder.fmul(total, splat(args[8])), place(target, args[10]), align=align)
        return context.get_dummy_value()

    return signature, codegen


@kernel
def places(s: Sampling, pixels: int) -> np.ndarray:
    """(2, pixels * G K): row of the input and column, without offsets, of each sample of a run of pixels that begins
    at row and column 0 of the output."""
    taps = s.kh * s.kw
    found = np.empty((2, pixels * s.offset_groups * taps), np.int64)
    for p in range(pixels):
        for t in range(s.offset_groups * taps):
            k = t % taps
            found[0, p * s.offset_groups * taps + t] = k // s.kw * s.dilation - s.padding
            found[1, p * s.offset_groups * taps + t] = p * s.stride + k % s.kw * s.dilation - s.padding
    return found


@kernel
def targets(s: Sampling) -> np.ndarray:
    """(C / run,): for each run of channels where its samples of tap 0 go in a pixel's (groups, K, C / groups)."""
    cg = s.c // s.groups
    found = np.empty(s.c // s.run, np.int64)
    for at in range(s.c // s.run):
        found[at] = at * s.run // cg * s.kh * s.kw * cg + at * s.run % cg
    return found


@kernel
def moves(s: Sampling) -> np.ndarray:
    """(3, all vectors of a pixel): of each the sample that it belongs to, its first channel, and where it goes.

    A list, so that one loop without branches goes through all that lie inside of the image.
    """
    taps, cg, chunks, target = s.kh * s.kw, s.c // s.groups, s.c // s.offset_groups // s.run, targets(s)
    found, count = np.empty((3, taps * (s.c // s.run) * (s.run // _LANES)), np.int64), 0
    for t in range(s.offset_groups * taps):
        g, k = divmod(t, taps)
        for chunk in range(g * chunks, (g + 1) * chunks):
            for lane in range(0, s.run - s.run % _LANES, _LANES):
                found[0, count], found[1, count] = t, chunk * s.run + lane
                found[2, count] = target[chunk] + k * cg + lane
                count += 1
    return found


@kernel
def _locate(place: np.ndarray, shift: int, offset: np.ndarray, axis: int, size: int, low: np.ndarray,
            part: np.ndarray) -> None:
    """Along one axis: the first corner of each sample, and how far beyond it the sample lies.

    shift  added to every place;  offset  from the run's first on, two elements for each sample
    """
    kind = offset.dtype.type
    for t in range(len(part)):
        part[t] = kind(place[t] + shift) + offset[2 * t + axis]
    for t in range(len(part)):
        at = part[t]
        at = at if (at > kind(-1)) & (at < kind(size)) else kind(_OUTSIDE)  # NaN too
        whole = np.floor(at)
        part[t] = at - whole
        low[t] = np.int64(whole)


@kernel
def sample_run(s: Sampling, x: np.ndarray, offset: np.ndarray, mask: np.ndarray, row: int, column: int, pixels: int,
               place: np.ndarray, move: np.ndarray, target: np.ndarray, low: np.ndarray, part: np.ndarray,
               panel: np.ndarray) -> None:
    """All samples of a run of pixels, times their masks, each pixel as (groups, K, C / groups).

    row     counts through images; where the output is a band, its first row is number s.top of the image's
    place, move, target  what `places`, `moves` and `targets` have found
    low, part            (2, a run's samples) int64 and of the type of x: scratch buffers
    """
    each = s.kh * s.kw * s.offset_groups
    first, count = (row * s.x + column) * each, pixels * each
    seen, masks = offset[2 * first:2 * (first + count)], mask[first:first + count]
    _locate(place[0, :count], (s.top + row % s.y) * s.stride, seen, 0, s.h, low[0, :count], part[0, :count])
    _locate(place[1, :count], column * s.stride, seen, 1, s.w, low[1, :count], part[1, :count])
    image, right, below = row // s.y * s.h * s.w * s.c, s.c, s.w * s.c
    corner, weight = np.empty(count, np.int64), np.empty((4, count), x.dtype)
    _weigh(s, image, low, part, corner, weight)
    w0, w1, w2, w3 = weight[0], weight[1], weight[2], weight[3]
    for p in range(pixels):
        for q in range(move.shape[1]):
            t = p * each + move[0, q]
            if corner[t] >= 0:
                _blend(x, corner[t] + move[1, q], right, below, w0[t], w1[t], w2[t], w3[t], masks[t], panel,
                       p * s.kh * s.kw * s.c + move[2, q])
    if s.run % _LANES or corner.min() < 0:
        _sample_others(s, x, image, masks, corner, low, part, target, panel)


@kernel
def _sample_others(s: Sampling, x: np.ndarray, image: int, mask: np.ndarray, corner: np.ndarray, low: np.ndarray,
                   part: np.ndarray, target: np.ndarray, panel: np.ndarray) -> None:
    """All but whole vectors inside of the image: samples on its border and beyond, the last channels of runs."""
    taps, cg, chunks = s.kh * s.kw, s.c // s.groups, s.c // s.offset_groups // s.run
    for t in range(len(corner)):
        p, rest = divmod(t, taps * s.offset_groups)
        g, k = divmod(rest, taps)
        first = s.run - s.run % _LANES if corner[t] >= 0 else 0
        if first == s.run:
            continue
        r0, q0, b, a, m = low[0, t], low[1, t], part[0, t], part[1, t], mask[t]
        for chunk in range(g * chunks, (g + 1) * chunks):
            to = p * taps * s.c + target[chunk] + k * cg
            if r0 == _OUTSIDE or q0 == _OUTSIDE:
                panel[to:to + s.run] = 0
            else:
                _blend_rest(s, x, image + (r0 * s.w + q0) * s.c + chunk * s.run, r0, q0, b, a, m, panel, to, first)


@kernel
def _weigh(s: Sampling, image: int, low: np.ndarray, part: np.ndarray, corner: np.ndarray, weight: np.ndarray) -> None:
    """Of each sample the element of its first corner, -1 where not all four lie in the image, and their weights."""
    one = weight.dtype.type(1)
    for t in range(len(corner)):
        r0, q0 = low[0, t], low[1, t]
        inside = (r0 >= 0) & (r0 < s.h - 1) & (q0 >= 0) & (q0 < s.w - 1)
        corner[t] = image + (r0 * s.w + q0) * s.c if inside else -1
    for t in range(len(corner)):
        b, a = part[0, t], part[1, t]
        weight[0, t], weight[1, t] = (one - b) * (one - a), (one - b) * a
        weight[2, t], weight[3, t] = b * (one - a), b * a


@kernel
def _blend_rest(s: Sampling, x: np.ndarray, corner: int, r0: int, q0: int, b: float, a: float, m: float,
                panel: np.ndarray, to: int, first: int) -> None:
    """Channels of a run from `first` on, where corners may lie outside of the image; those count 0."""
    zero, one, pitch = x.dtype.type(0), x.dtype.type(1), s.w * s.c
    w0, w1, w2, w3 = (one - b) * (one - a), (one - b) * a, b * (one - a), b * a
    above, below, left, right = r0 >= 0, r0 + 1 < s.h, q0 >= 0, q0 + 1 < s.w
    for c in range(first, s.run):
        v0 = x[corner + c] if above and left else zero
        v1 = x[corner + s.c + c] if above and right else zero
        v2 = x[corner + pitch + c] if below and left else zero
        v3 = x[corner + pitch + s.c + c] if below and right else zero
        panel[to + c] = (w0 * v0 + w1 * v1 + w2 * v2 + w3 * v3) * m

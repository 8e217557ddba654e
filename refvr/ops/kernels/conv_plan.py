"""How a convolution is cut up for the microkernels: panels of output channels, blocks of pixels, strips of input.

Output channels go in panels of one or two vectors; the weights of a panel lie together, (k, channels of the panel),
with zeros beside the last channel. Two ways of reading the input, with the same sums in the same order:

    splat  all channels of a panel share their input; one element times a vector of weights
    lanes  groups of few channels (depthwise): each channel of the panel has its own input, laid side by side

A block of output pixels reads a strip: the rows of input under it with the zeros of the border written out, so that the
inner loops need not know about borders. Where there is no border (1x1) and no lanes, the input is its own strip.
"""
from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from refvr.ops.core.jit import kernel
from refvr.ops.kernels.microkernel import vector_bytes

_FEW = 12  # inputs times outputs of a group up to which lanes are faster (measured, 5x5 at 64x64 pixels)
_TILE = 14  # pixels of a tile on the machines with most registers; a block of so many leaves none over
STRIP_BYTES = 1 << 18  # strip of input, to stay in the second-level cache beside a panel's weights


class Plan(NamedTuple):
    """One convolution: sizes, where taps lie, and how it is cut."""

    h: int  # input
    w: int
    c: int
    y: int  # output
    x: int
    o: int
    kh: int
    kw: int
    stride: int
    dilation: int
    top: int  # row and column of input that tap (0, 0) of output pixel (0, 0) reads; negative: in the border
    left: int
    lanes: bool
    direct: bool  # the input is its own strip
    inplace: bool  # a strip's pixel holds the input's channels as they are
    depth: int  # elements per pixel of a strip
    taps_j: int  # the inner loops over one kernel row: taps_j times taps_k, with steps in a strip's row
    taps_k: int
    step_j: int
    step_k: int
    block_y: int
    block_x: int


class Panel(NamedTuple):
    """Columns of the table that `panels` returns."""

    a_at: int  # first number of a strip's pixel that the panel reads
    o_at: int  # first output channel
    outputs: int  # of these, real ones
    lanes: int  # and with the zeros beside them
    packed_at: int  # its place where only one k is packed; times k, where k are
    vectors: int


def is_lanes(groups: int, c: int, o: int) -> bool:
    """Whether a convolution from `c` to `o` channels runs by lanes."""
    return groups > 1 and c * o <= _FEW * groups ** 2


@lru_cache(maxsize=256)
def panels(groups: int, c: int, o: int, itemsize: int) -> np.ndarray:
    """The panels (one row each, columns of Panel) of a convolution from `c` to `o` channels."""
    width = vector_bytes() // itemsize
    if is_lanes(groups, c, o):
        return np.array([Panel(at, at, min(width, o - at), width, at, 1) for at in range(0, o, width)])
    rows, packed_at, each = [], 0, o // groups
    for g in range(groups):
        at = 0
        while at < each:
            lanes = 2 * width if each - at > width else width
            rows.append(Panel(g * (c // groups), g * each + at, min(lanes, each - at), lanes, packed_at,
                              lanes // width))
            at, packed_at = at + lanes, packed_at + lanes
    return np.array(rows)


def flat(y: np.ndarray) -> np.ndarray:
    """The elements from the first of `y` on, as far as its last one."""
    if y.flags.c_contiguous:
        return y.reshape(-1)
    length = 1 + sum((n - 1) * step for n, step in zip(y.shape, y.strides)) // y.itemsize
    return np.lib.stride_tricks.as_strided(y, (length,), (y.itemsize,)) if y.size else y.reshape(-1)


def lanes_of(table: np.ndarray) -> int:
    """Of all panels together."""
    return int(table[-1, 4] + table[-1, 3])


def pack(weight: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Weights (k, o) by panels: for each panel (k, lanes), flat."""
    k = len(weight)
    packed = np.zeros(lanes_of(table) * k, weight.dtype)
    for _, o_at, outputs, lanes, packed_at, _ in table:
        panel = packed[packed_at * k:(packed_at + lanes) * k].reshape(k, lanes)
        panel[:, :outputs] = weight[:, o_at:o_at + outputs]
    return packed


def unpack(packed: np.ndarray, table: np.ndarray, k: int, o: int) -> np.ndarray:
    """The reverse of `pack`."""
    weight = np.empty((k, o), packed.dtype)
    for _, o_at, outputs, lanes, packed_at, _ in table:
        weight[:, o_at:o_at + outputs] = packed[packed_at * k:(packed_at + lanes) * k].reshape(k, lanes)[:, :outputs]
    return weight


def lane_sources(groups: int, c: int, o: int, itemsize: int) -> np.ndarray:
    """For lanes: which input channel each element of a strip's pixel, (c / groups, lanes), holds; any where none."""
    width, each = vector_bytes() // itemsize, c // groups
    sources = np.zeros((each, -(-o // width) * width), np.uint64)
    sources[:, :o] = np.arange(o) // (o // groups) * each + np.arange(each)[:, None]
    return sources.reshape(-1)


@lru_cache(maxsize=256)
def plan(shape: tuple[int, ...], size: tuple[int, int], kernel_shape: tuple[int, ...], stride: int, dilation: int,
         groups: int, offset: tuple[int, int], itemsize: int, strip_bytes: int = STRIP_BYTES) -> Plan:
    """Plan for input `shape` (n, h, w, c), output `size` (y, x), weights `kernel_shape` (kh, kw, c / groups, o)."""
    (_, h, w, c), (y, x), (kh, kw, cg, o), (top, left) = shape, size, kernel_shape, offset
    lanes, vector = is_lanes(groups, c, o), vector_bytes() // itemsize
    across = -(-o // vector) * vector if lanes else 1
    depth = cg * across if lanes else c
    high, wide = (kh - 1) * dilation + 1, (kw - 1) * dilation + 1
    inplace = not lanes or (c == o == groups and depth == c)
    inside = min(top, left) >= 0 and top + (y - 1) * stride + high <= h and left + (x - 1) * stride + wide <= w
    merged = dilation == 1 and depth == cg * across  # the taps of a kernel row are one run of elements
    budget = strip_bytes // (itemsize * max(c, cg * o if lanes else 1))  # pixels; whatever the vectors' width
    block_x = even(x, max(_TILE * (2 if lanes else 7), budget // (high + 7 * stride) // stride))
    block_y = min(y, max(1, (budget // ((block_x - 1) * stride + wide) - high) // stride + 1))
    return Plan(h, w, c, y, x, o, kh, kw, stride, dilation, top, left, lanes, inside and inplace, inplace, depth,
                1 if merged else kw, (kw if merged else 1) * cg, dilation * depth, across, block_y, block_x)


def even(length: int, most: int) -> int:
    """Length of the parts that `length` is cut into, about `most` each, in whole tiles."""
    parts = -(-length // most)
    return length if parts == 1 else -(-length // (parts * _TILE)) * _TILE


@kernel
def strip_length(p: Plan) -> int:
    """Elements in the largest strip of a plan."""
    if p.direct:
        return 0
    rows = (p.block_y - 1) * p.stride + (p.kh - 1) * p.dilation + 1
    return rows * ((p.block_x - 1) * p.stride + (p.kw - 1) * p.dilation + 1) * p.depth


@kernel(inline="always")
def strip_of(x: np.ndarray, strip: np.ndarray, sources: np.ndarray, p: Plan, n: int, top: int, left: int, rows: int,
             columns: int) -> tuple[np.ndarray, int, int]:
    """Where a block of output pixels of image `n` reads: the array, the place of its first tap, elements per row."""
    y_at, x_at = top * p.stride + p.top, left * p.stride + p.left
    a, a_at, pitch = x, ((n * p.h + y_at) * p.w + x_at) * p.c, p.w * p.c
    if not p.direct:
        wide = (columns - 1) * p.stride + (p.kw - 1) * p.dilation + 1
        high = (rows - 1) * p.stride + (p.kh - 1) * p.dilation + 1
        fill_strip(strip, x, sources, p, n, y_at, x_at, high, wide)
        a, a_at, pitch = strip, 0, wide * p.depth
    return a, a_at, pitch


@kernel
def fill_strip(strip: np.ndarray, x: np.ndarray, sources: np.ndarray, p: Plan, n: int, y_at: int, x_at: int,
               rows: int, columns: int) -> None:
    """Copy rows x columns pixels of image `n` from row y_at, column x_at on; zeros outside of the image."""
    for r in range(rows):
        inside = 0 <= y_at + r < p.h
        first = min(max(-x_at, 0), columns) if inside else columns
        last = max(first, min(columns, p.w - x_at))
        row = strip[r * columns * p.depth:(r + 1) * columns * p.depth]
        row[:first * p.depth] = 0
        row[last * p.depth:] = 0
        source = ((n * p.h + y_at + r) * p.w + x_at) * p.c
        if p.inplace:
            copy(x[source + first * p.c:source + last * p.c], row[first * p.c:])
            continue
        for column in range(first, last):
            pixel, seen = row[column * p.depth:], x[source + column * p.c:]
            for lane in range(p.depth):
                pixel[lane] = seen[sources[lane]]


@kernel
def copy(values: np.ndarray, to: np.ndarray) -> None:
    """Copy to the start of `to`; a loop of its own over views, which are indexed from 0, compiles to vector moves."""
    for k in range(len(values)):
        to[k] = values[k]

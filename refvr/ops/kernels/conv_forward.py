"""The convolution itself, on the microkernels; used forward and, with other weights, for the input's gradient.

Changed from the definition: taps are the inner loop instead of the outer one, so a sum never leaves its register; the
input is read where it lies (implicit GEMM) or from a strip in the cache; bias, residual and activation are applied
before the sums are stored. Threads own rows of the output.
"""
from __future__ import annotations

from math import gcd

import numpy as np

from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.microkernel import Kind, microkernel, tile_rows, tile_shapes

_tile = microkernel((Kind("splat", lanes=False, finish=True, next_k=True), tile_shapes((1, 2))),
                    (Kind("lanes", lanes=True, finish=True), tile_shapes((1,))))
Steps = tuple[int, ...]
_MOST = 512  # elements a tile has at most


def correlate(x: np.ndarray, weight: np.ndarray, size: tuple[int, int], offset: tuple[int, int], *, stride: int = 1,
              dilation: int = 1, groups: int = 1, bias: np.ndarray | None = None, residual: np.ndarray | None = None,
              slope: float = 1.0, into: np.ndarray | None = None) -> np.ndarray:
    """y[n,y,x,o] = act(sum_{i,j,c} x[n, y*s + i*d + offset, ..., g*cg + c] * weight[i,j,c,o] + bias[o] + residual).

    size    rows and columns of the result; offset of rows and columns is minus the padding
    slope   of the activation below zero: 1 none, 0 relu
    into    where to put the result: a view (n, y, x, o) of a contiguous array, channels together
    """
    kh, kw, cg, o = weight.shape
    y = empty((len(x), *size, o), x.dtype) if into is None else into
    x = as_kernels_want(x)
    p = cut.plan(x.shape, size, weight.shape, stride, dilation, groups, offset, x.itemsize)
    table = cut.panels(groups, p.c, o, x.itemsize)
    packed = cut.pack(weight.reshape(-1, o), table)
    bias = cut.pack(np.zeros((1, o), x.dtype) if bias is None else bias[None], table)
    residual = np.empty(0, x.dtype) if residual is None else as_kernels_want(residual).reshape(-1)
    sources = cut.lane_sources(groups, p.c, o, x.itemsize) if p.lanes else np.empty(0, np.uint64)
    steps = tuple(k // x.itemsize for k in y.strides[:3])
    run_rows(_rows, len(x) * size[0], p, table, x.reshape(-1), packed, bias, residual, x.dtype.type(slope),
             sources, cut.flat(y), steps, work=y.size * kh * kw * cg)
    return y


def input_gradient(dz: np.ndarray, weight: np.ndarray, size: tuple[int, int], offset: tuple[int, int], stride: int,
                   dilation: int, groups: int, *, bias: np.ndarray | None = None, slope: float = 1.0) -> np.ndarray:
    """The gradient (n, h, w, c) of the input of `correlate`, `size` = (h, w), from that of its result.

        dx[Y,X,c] = sum over i, j, o with Y = y*s + i*d + top, X = x*s + j*d + left of dz[y,x,o] * weight[i,j,c,o]

    Rows Y whose (Y - top) % s agree see the same taps i, so the gradient is s*s convolutions at stride 1, each with
    its share of the flipped kernel, written s rows and columns apart.
    bias, slope  what a transposed convolution, the same sum going forward, adds and applies as `correlate` does
    """
    kh, kw, cg, o = weight.shape
    by_group = weight.reshape(kh, kw, cg, groups, o // groups)
    transposed = by_group.transpose(0, 1, 4, 3, 2).reshape(kh, kw, -1, cg * groups)
    dx = empty((len(dz), *size, cg * groups), dz.dtype)
    apart = dilation // gcd(dilation, stride)  # rows of dz between the taps of one phase
    for row in range(stride):
        for column in range(stride):
            into = dx[:, row::stride, column::stride]
            i, top = _phase(row, kh, stride, dilation, offset[0])
            j, left = _phase(column, kw, stride, dilation, offset[1])
            if into.size and i and j:
                correlate(dz, transposed[i][:, j], into.shape[1:3], (top, left), dilation=apart, groups=groups,
                          bias=bias, slope=slope, into=into)
            elif into.size:  # stride beyond the kernel: no input pixel reaches these
                into[...] = 0 if bias is None else np.where(bias <= 0, bias * bias.dtype.type(slope), bias)
    return dx


def few_inputs_gradient(dz: np.ndarray, weight: np.ndarray, size: tuple[int, int], offset: tuple[int, int],
                        stride: int) -> np.ndarray:
    """As `input_gradient` where the s*s convolutions together have no more channels than a vector has lanes: as one,
    whose kernel has zeros where a phase has no tap. (So infinite gradients give NaN in more places.)"""
    kh, kw, c, o = weight.shape
    taps = [[(row, i, (row - first - i) // stride) for row in range(stride) for i in range(k)
             if (row - first - i) % stride == 0] for k, first in ((kh, offset[0]), (kw, offset[1]))]
    begin = [min(t for *_, t in axis) for axis in taps]
    ends = [max(t for *_, t in axis) - first + 1 for axis, first in zip(taps, begin)]
    together = np.zeros((*ends, o, stride, stride, c), weight.dtype)
    for row, i, t in taps[0]:
        for column, j, u in taps[1]:
            together[t - begin[0], u - begin[1], :, row, column] = weight[i, j].T
    down, across = (-(-side // stride) for side in size)
    phases = correlate(dz, together.reshape(*ends, o, -1), (down, across), (begin[0], begin[1]))
    apart = phases.reshape(len(dz), down, across, stride, stride, c).swapaxes(2, 3)
    return np.ascontiguousarray(apart.reshape(len(dz), down * stride, across * stride, c)[:, :size[0], :size[1]])


def _phase(row: int, k: int, stride: int, dilation: int, top: int) -> tuple[list[int], int]:
    """The taps that rows `row`, row + s, ... of the input take part in, last first, and the row of dz for that tap."""
    taps = [i for i in reversed(range(k)) if (row - top - i * dilation) % stride == 0]
    return taps, (row - top - taps[0] * dilation) // stride if taps else 0


@kernel
def _rows(start: int, stop: int, p: cut.Plan, table: np.ndarray, x: np.ndarray, packed: np.ndarray, bias: np.ndarray,
          residual: np.ndarray, slope: float, sources: np.ndarray, y: np.ndarray, steps: Steps) -> None:
    """Rows start to stop of the output, counted through all images."""
    strip, apart = np.empty(cut.strip_length(p), x.dtype), np.empty(_MOST, x.dtype)
    row = start
    while row < stop:
        n, top = divmod(row, p.y)
        rows = min(p.block_y, stop - row, p.y - top)
        for left in range(0, p.x, p.block_x):
            columns = min(p.block_x, p.x - left)
            a, a_at, pitch = cut.strip_of(x, strip, sources, p, n, top, left, rows, columns)
            at = n * steps[0] + top * steps[1] + left * steps[2]
            res_at = ((n * p.y + top) * p.x + left) * p.o
            _block(p, table, rows, columns, a, a_at, pitch, packed, bias, residual, res_at, slope, y, at, steps, apart)
        row += rows


@kernel(inline="always")
def _block(p: cut.Plan, table: np.ndarray, rows: int, columns: int, a: np.ndarray, a_at: int, pitch: int,
           packed: np.ndarray, bias: np.ndarray, residual: np.ndarray, res_at: int, slope: float, y: np.ndarray,
           y_at: int, steps: Steps, apart: np.ndarray) -> None:
    """A block of output pixels, all channels: for each panel, tiles along each row."""
    rest = np.zeros(_MOST if len(residual) else 0, y.dtype)
    taps, counts = p.taps_j * p.taps_k, (p.kh, p.taps_j, p.taps_k)
    a_steps = (p.stride * p.depth, p.dilation * pitch, p.step_j, p.step_k)
    for k in range(len(table)):
        a_first, o_at, outputs = table[k, 0], table[k, 1], table[k, 2]
        lanes, packed_at, vectors = table[k, 3], table[k, 4], table[k, 5]
        b_at, b_steps = packed_at * p.kh * taps, (taps * lanes, p.taps_k * lanes, lanes)
        for r in range(rows):
            column = 0
            while column < columns:
                m = tile_rows(columns - column, columns, vectors)
                column = min(column, columns - m)  # a last tile may overlap the one before: the same bits again
                a_from = a_at + r * p.stride * pitch + column * p.stride * p.depth + a_first
                to, res = y_at + r * steps[1] + column * steps[2] + o_at, res_at + (r * p.x + column) * p.o + o_at
                if outputs == lanes:
                    _tile(p.lanes, m, vectors, a, a_from, a_steps, packed, b_at, b_steps, counts, y, to, steps[2],
                          bias, packed_at, residual, res, p.o, slope)
                else:
                    if len(residual):
                        _copy_rows(residual, res, p.o, rest, 0, lanes, m, outputs)
                    _tile(p.lanes, m, vectors, a, a_from, a_steps, packed, b_at, b_steps, counts, apart, 0, lanes,
                          bias, packed_at, rest, 0, lanes, slope)
                    _copy_rows(apart, 0, lanes, y, to, steps[2], m, outputs)
                column += m


@kernel(inline="always")
def _copy_rows(values: np.ndarray, at: int, row: int, to: np.ndarray, to_at: int, to_row: int, m: int,
               outputs: int) -> None:
    """Copy `outputs` elements of each of m rows: between a tile held apart, with more lanes, and the image."""
    for k in range(m):
        cut.copy(values[at + k * row:at + k * row + outputs], to[to_at + k * to_row:])

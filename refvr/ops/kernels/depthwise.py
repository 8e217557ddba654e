"""Depthwise convolution down bands of the image, alone or with a 1x1 convolution after it.

    spatial   z[n,y,x,o] = sum_{i,j,c} input[n, y*s + i - p, x*s + j - p, g*cg + c] * weight[i,j,c,o]     g = o // m
    pointwise y[n,y,x,k] = sum_o z[n,y,x,o] * matrix[o,k]

A band is as wide as its rows fit the cache. A thread walks its rows of a band downwards and keeps the rows of input
under the kernel in a ring, with the zeros of the border written out and the channels in planes of one vector each, so
that a run reads neighbours in memory; a row of input is fetched once. With a matrix, one row of z is all that exists of
it: the 1x1 tiles read it from the cache. Sums, and the epilogue, are those of the two operations one after
the other, so the bits are the same.
"""
from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.depthwise_kernel import KINDS, Kind, copy_planes, runs
from refvr.ops.kernels.microkernel import LOW, TALL, microkernel, tile_rows, tile_shapes, vector_bytes
from refvr.ops.kernels.microkernel import Kind as TileKind

_run = runs((TALL, LOW, 1))
_tile = microkernel((TileKind("splat", lanes=False, finish=True, next_k=True), tile_shapes((1, 2))))
_BAND_BYTES = 1 << 18  # a band's ring and row of z; beside them a matrix of 256 x 256 fits the second-level cache


class Plan(NamedTuple):
    """Sizes and strides of one depthwise convolution."""

    h: int  # input
    w: int
    c: int
    y: int  # output
    x: int
    o: int
    kh: int
    kw: int
    stride: int
    top: int  # row and column of input that tap (0, 0) of output pixel (0, 0) reads; negative: in the border
    left: int
    inputs: int  # of a group
    outputs: int
    lanes: int
    band: int  # columns of output
    wide: int  # columns of input under them
    z_pixel: int  # elements between pixels of z: not a power of two, whose pixels share few sets of the cache


def serves(c: int, kernel_shape: tuple[int, ...], stride: int, dilation: int, groups: int, itemsize: int) -> bool:
    """Whether there are runs for this convolution; the general tiles compute all others, and the same bits."""
    _, kw, cg, o = kernel_shape
    lanes, outputs = vector_bytes() // itemsize, o // groups
    known = dilation == 1 and groups > 1 and Kind(kw, stride, cg, outputs) in KINDS
    return known and c % lanes == 0 and o % lanes == 0 and lanes % outputs == 0


@lru_cache(maxsize=256)
def plan(shape: tuple[int, ...], size: tuple[int, int], kernel_shape: tuple[int, ...], stride: int, groups: int,
         padding: tuple[int, int], itemsize: int) -> Plan:
    """Plan for input `shape` (n, h, w, c), output `size` (y, x), weights `kernel_shape` (kh, kw, c / groups, o)."""
    (_, h, w, c), (y, x), (kh, kw, cg, o) = shape, size, kernel_shape
    lanes = vector_bytes() // itemsize
    band = cut.even(x, max(4 * TALL, _BAND_BYTES // (itemsize * (kh * stride * c + o))))
    return Plan(h, w, c, y, x, o, kh, kw, stride, -padding[0], -padding[1], cg, o // groups, lanes, band,
                (band - 1) * stride + kw, o + lanes)


def spatial(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, residual: np.ndarray | None,
            size: tuple[int, int], *, stride: int, groups: int, padding: tuple[int, int], slope: float) -> np.ndarray:
    """The depthwise convolution alone: act(z + bias + residual), `size` = (y, x)."""
    p = plan(x.shape, size, weight.shape, stride, groups, padding, x.itemsize)
    y = empty((len(x), *size, p.o), x.dtype)
    bias = np.zeros(p.o, x.dtype) if bias is None else as_kernels_want(bias)
    _start(p, x, weight, groups, np.empty((0, 6), np.int64), np.empty(0, x.dtype), bias, residual, slope, y)
    return y


def separable(x: np.ndarray, weight: np.ndarray, matrix: np.ndarray, residual: np.ndarray | None,
              size: tuple[int, int], *, stride: int, groups: int, padding: tuple[int, int],
              slope: float) -> np.ndarray:
    """Both: act(z matrix + residual), with `matrix` (o, k)."""
    p = plan(x.shape, size, weight.shape, stride, groups, padding, x.itemsize)
    y = empty((len(x), *size, matrix.shape[1]), x.dtype)
    table = cut.panels(1, p.o, y.shape[-1], x.itemsize)
    bias = np.zeros(max(p.o, y.shape[-1]), x.dtype)
    _start(p, x, weight, groups, table, cut.pack(matrix, table), bias, residual, slope, y)
    return y


def _start(p: Plan, x: np.ndarray, weight: np.ndarray, groups: int, table: np.ndarray, matrix: np.ndarray,
           bias: np.ndarray, residual: np.ndarray | None, slope: float, y: np.ndarray) -> None:
    x = as_kernels_want(x)
    packed = cut.pack(weight.reshape(-1, p.o), cut.panels(groups, p.c, p.o, x.itemsize))
    residual = np.empty(0, x.dtype) if residual is None else as_kernels_want(residual).reshape(-1)
    run_rows(_rows, len(x) * p.y, p, x.reshape(-1), packed, table, matrix, bias, residual, x.dtype.type(slope),
             y.reshape(-1), y.shape[-1], work=y.size * p.kh * p.kw + len(matrix) * y.size // y.shape[-1])


@kernel
def _rows(start: int, stop: int, p: Plan, x: np.ndarray, packed: np.ndarray, table: np.ndarray, matrix: np.ndarray,
          bias: np.ndarray, residual: np.ndarray, slope: float, y: np.ndarray, k: int) -> None:
    """Rows start to stop of the output, all images' rows counted together; k channels of output."""
    ring = np.empty(p.kh * p.wide * p.c, x.dtype)
    z = np.empty(p.band * p.z_pixel if len(table) else 0, x.dtype)
    none, one = np.empty(0, x.dtype), x.dtype.type(1)
    row = start
    while row < stop:
        n, top = divmod(row, p.y)
        rows = min(stop - row, p.y - top)
        for left in range(0, p.x, p.band):
            columns, filled = min(p.band, p.x - left), top * p.stride + p.top
            for r in range(top, top + rows):
                first = r * p.stride + p.top
                for seen in range(max(filled, first), first + p.kh):
                    _fetch(ring, x, p, n, seen, left * p.stride + p.left, columns)
                filled = first + p.kh
                at = ((n * p.y + r) * p.x + left) * k
                if len(table):
                    _spatial_row(p, ring, first, columns, packed, bias, none, one, z, 0, p.z_pixel)
                    _pointwise_row(p, columns, z, table, matrix, bias, residual, slope, y, at, k)
                else:
                    _spatial_row(p, ring, first, columns, packed, bias, residual, slope, y, at, k)
        row += rows


@kernel(inline="always")
def _fetch(ring: np.ndarray, x: np.ndarray, p: Plan, n: int, row: int, column: int, columns: int) -> None:
    """Put one row of input, from `column` on, into its place of the ring; zeros outside of the image."""
    deep, wide = p.inputs * p.lanes, (columns - 1) * p.stride + p.kw
    planes, at = p.c // deep, row % p.kh * p.wide * p.c
    first = min(max(-column, 0), wide) if 0 <= row < p.h else wide
    last = max(first, min(wide, p.w - column))
    for plane in range(planes):
        cells = ring[at + plane * p.wide * deep:at + plane * p.wide * deep + wide * deep]
        cells[:first * deep] = 0
        cells[last * deep:] = 0
    if last > first:
        copy_planes(p.inputs, x, ((n * p.h + row) * p.w + column + first) * p.c, p.c, ring, at + first * deep,
                    p.wide * deep, planes, last - first)


@kernel(inline="always")
def _spatial_row(p: Plan, ring: np.ndarray, first: int, columns: int, packed: np.ndarray, bias: np.ndarray,
                 residual: np.ndarray, slope: float, y: np.ndarray, at: int, pixel: int) -> None:
    """`columns` pixels of z, all channels: runs along the row, one vector of channels after the other."""
    deep, slot = p.inputs * p.lanes, first % p.kh
    taps = p.kh * p.kw * p.inputs
    for o in range(0, p.o, p.lanes):
        c = o * p.inputs // p.outputs  # first input of the vector
        a = c // deep * p.wide * deep + c % deep
        column = 0
        while column < columns:
            m = TALL if columns - column > LOW and columns >= TALL else LOW if columns >= LOW else 1
            column = min(column, columns - m)  # a last run may overlap the one before: the same bits again
            to = at + column * pixel + o
            _run(p.kw, p.stride, p.inputs, p.outputs, m, ring, a + column * p.stride * deep, p.wide * p.c, slot, p.kh,
                 packed, o * taps, y, to, pixel, bias, o, residual, to, pixel, slope)
            column += m


@kernel(inline="always")
def _pointwise_row(p: Plan, columns: int, z: np.ndarray, table: np.ndarray, matrix: np.ndarray, bias: np.ndarray,
                   residual: np.ndarray, slope: float, y: np.ndarray, at: int, k: int) -> None:
    """From a row of z to y: for each panel of the matrix, tiles along the row."""
    for panel in range(len(table)):
        to, lanes, packed_at, vectors = table[panel, 1], table[panel, 3], table[panel, 4], table[panel, 5]
        column = 0
        while column < columns:
            m = tile_rows(columns - column, columns, vectors)
            column = min(column, columns - m)
            place = at + column * k + to
            _tile(False, m, vectors, z, column * p.z_pixel, (p.z_pixel, 0, 0, 1), matrix, packed_at * p.o,
                  (0, 0, lanes), (1, 1, p.o), y, place, k, bias, packed_at, residual, place, k, slope)
            column += m


def fuses(c: int, kernel_shape: tuple[int, ...], matrix_shape: tuple[int, ...], stride: int, groups: int,
          itemsize: int) -> bool:
    """Whether `separable` computes this pair; its tiles store whole vectors."""
    return serves(c, kernel_shape, stride, 1, groups, itemsize) and matrix_shape[-1] % (vector_bytes() // itemsize) == 0




"""Gradients of a convolution's weights and bias: products of input and output gradient, summed over all pixels.

    dweight[i,j,c,o] = sum_{n,y,x} input[n, y*s + i*d + top, x*s + j*d + left, g*cg + c] * dz[n,y,x,o]

The same microkernels, roles exchanged: a tile's rows are taps and input channels, the inner loop is over pixels.
The rows of all images are cut into a fixed number of chunks; each chunk is one chain of sums, owned by one thread, and
the chunks are added in order, so that the number of threads does not change the bits.
"""
from __future__ import annotations

import numpy as np

from refvr.ops.core.arena import as_kernels_want
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.microkernel import Kind, fitting_shapes, microkernel, tile_fits

_tile = microkernel((Kind("splat_add", lanes=False, finish=False, next_row=True), fitting_shapes((1, 2))),
                    (Kind("lanes_add", lanes=True, finish=False), fitting_shapes((1,))))
_CHUNKS = 16
_CHUNK_NUMBERS = 1 << 20  # sums that all chunks together hold, about; but at least four chunks, and in fours
_RUN = 64  # pixels whose gradients are summed before they are added to the sum of a chunk
_BLOCK_BYTES = 1 << 15  # strip of input, to stay in the first-level cache while all taps walk over it


def weight_gradient(x: np.ndarray, dz: np.ndarray, kernel_shape: tuple[int, ...], offset: tuple[int, int], *,
                    stride: int, dilation: int, groups: int) -> np.ndarray:
    """dweight (kh, kw, c / groups, o) for input `x` (n, h, w, c) and gradient `dz` (n, y, x, o) of the result."""
    kh, kw, cg, o = kernel_shape
    x, dz = as_kernels_want(x), as_kernels_want(dz)
    gathered = cut.is_lanes(groups, x.shape[3], o) and groups < max(x.shape[3], o)
    strip_bytes = cut.STRIP_BYTES if gathered else _BLOCK_BYTES  # rows above a block are gathered again: fewer blocks
    p = cut.plan(x.shape, dz.shape[1:3], kernel_shape, stride, dilation, groups, offset, x.itemsize, strip_bytes)
    table = cut.panels(groups, p.c, o, x.itemsize)
    rows, taps = len(x) * p.y, kh * kw * cg
    chunks = max(1, min(rows, max(4, min(_CHUNKS, _CHUNK_NUMBERS // (taps * o) // 4 * 4))))
    sources = cut.lane_sources(groups, p.c, o, x.itemsize) if p.lanes else np.empty(0, np.uint64)
    sums = np.empty((chunks, cut.lanes_of(table) * taps), x.dtype)
    run_rows(_chunks, chunks, p, table, rows, x.reshape(-1), sources, dz.reshape(-1), sums, work=dz.size * taps)
    total = sums[0]
    for chunk in sums[1:]:
        total += chunk
    return cut.unpack(total, table, taps, o).reshape(kernel_shape)


def output_gradient(dy: np.ndarray, y: np.ndarray, slope: float) -> tuple[np.ndarray, np.ndarray]:
    """dz = dy * act'(z) for an activation of this `slope` where y is not positive, and dbias, the sum of dz."""
    dy, o = as_kernels_want(dy), y.shape[-1]
    dz = dy if slope == 1 else np.empty_like(dy)
    pixels = dy.size // o
    chunks = min(_CHUNKS, -(-pixels // _RUN))
    sums = np.zeros((chunks, o), dy.dtype)
    run_rows(_activation_chunks, chunks, dy.reshape(-1, o), y.reshape(-1, o), dy.dtype.type(slope), dz.reshape(-1, o),
             sums, work=dy.size)
    return dz, sums.sum(0)


@kernel
def _activation_chunks(start: int, stop: int, dy: np.ndarray, y: np.ndarray, slope: float, dz: np.ndarray,
                       sums: np.ndarray) -> None:
    """Chunks of pixels; each in runs that are summed alone first, which keeps the sums short and so exact."""
    pixels, o = dy.shape
    part = np.empty(o, dy.dtype)
    for chunk in range(start, stop):
        end = pixels * (chunk + 1) // len(sums)
        for first in range(pixels * chunk // len(sums), end, _RUN):
            part[:] = 0
            for pixel in range(first, min(first + _RUN, end)):
                for c in range(o):
                    value = dy[pixel, c]
                    if slope != 1:
                        value = value if y[pixel, c] > 0 else slope * value
                        dz[pixel, c] = value
                    part[c] += value
            for c in range(o):
                sums[chunk, c] += part[c]


@kernel
def _chunks(start: int, stop: int, p: cut.Plan, table: np.ndarray, all_rows: int, x: np.ndarray, sources: np.ndarray,
            dz: np.ndarray, sums: np.ndarray) -> None:
    """The sums of chunks start to stop."""
    last = len(table) - 1
    across = table[last, 4] + table[last, 3]  # channels of dz with each panel's zeros
    strip = np.empty(cut.strip_length(p), x.dtype)
    apart = np.zeros(p.block_y * p.block_x * across if across != p.o else 0, x.dtype)
    for chunk in range(start, stop):
        total = sums[chunk]
        total[:] = 0
        row, end = all_rows * chunk // len(sums), all_rows * (chunk + 1) // len(sums)
        while row < end:
            n, top = divmod(row, p.y)
            rows = min(p.block_y, end - row, p.y - top)
            for left in range(0, p.x, p.block_x):
                columns = min(p.block_x, p.x - left)
                a, a_at, pitch = cut.strip_of(x, strip, sources, p, n, top, left, rows, columns)
                b, b_at, b_step, b_row = dz, ((n * p.y + top) * p.x + left) * p.o, p.o, p.x * p.o
                if across != p.o:
                    _fill_panels(apart, dz, table, b_at, p.o, b_row, rows, columns, across)
                    b, b_at, b_step, b_row = apart, 0, across, columns * across
                _block(p, table, rows, columns, a, a_at, pitch, b, b_at, b_step, b_row, total)
            row += rows


@kernel(inline="always")
def _fill_panels(apart: np.ndarray, dz: np.ndarray, table: np.ndarray, at: int, o: int, pitch: int, rows: int,
                 columns: int, across: int) -> None:
    """Copy a block of dz, beside each panel's channels the zeros that are there already."""
    for r in range(rows):
        for column in range(columns):
            to, source = (r * columns + column) * across, at + r * pitch + column * o
            for k in range(len(table)):
                for lane in range(table[k, 2]):
                    apart[to + table[k, 4] + lane] = dz[source + table[k, 1] + lane]


@kernel(inline="always")
def _block(p: cut.Plan, table: np.ndarray, rows: int, columns: int, a: np.ndarray, a_at: int, pitch: int, b: np.ndarray,
           b_at: int, b_step: int, b_row: int, total: np.ndarray) -> None:
    """Add a block of pixels to all taps: for each panel, kernel row and run of taps, tiles of taps."""
    none, padded = np.empty(0, total.dtype), b_step != p.o
    a_steps = (p.step_k, p.stride * pitch, 0, p.stride * p.depth)
    b_steps, counts = (b_row, 0, b_step), (rows, 1, columns)
    for k in range(len(table)):
        lanes, packed_at, vectors = table[k, 3], table[k, 4], table[k, 5]
        b_from = b_at + (packed_at if padded else table[k, 1])
        to = packed_at * p.kh * p.taps_j * p.taps_k
        for i in range(p.kh):
            for j in range(p.taps_j):
                done = 0
                while done < p.taps_k:
                    m = tile_fits(p.taps_k - done)
                    a_from = a_at + table[k, 0] + i * p.dilation * pitch + j * p.step_j + done * p.step_k
                    _tile(p.lanes, m, vectors, a, a_from, a_steps, b, b_from, b_steps, counts, total, to, lanes,
                          none, 0, none, 0, 0, total.dtype.type(1))
                    done, to = done + m, to + m * lanes

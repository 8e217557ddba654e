"""Gradients of a 3x3 convolution at stride 1 by the same algorithm, a quarter of the multiplications of direct sums.

From y = A^T [(G w G^T) * (B^T d B)] A (winograd_lines.py) and gradients z of the outputs, summed over all tiles:

    dw = G^T [ sum over tiles of (B^T d B) * (A z A^T) ] G

As in winograd.py the products are matrices, one for each of the 36 planes: V[36][T][c] and D[36][T][o] of a strip of T
tiles lie in a thread's cache, and V^T D is added to sums[36][c][lanes]. Strips are dealt out in a fixed number of
chunks, each with sums of its own, which are added in order: the number of threads does not change a bit.
The gradient of the input is the convolution of z with the mirrored kernel, channels exchanged.
"""
from __future__ import annotations

import numpy as np

from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.microkernel import TALL, Kind, microkernel
from refvr.ops.kernels.winograd import Tiles, correlate, lanes_of, panels, tiles, transform_tiles
from refvr.ops.kernels.winograd_gradient_code import gather_planes, spread_planes
from refvr.ops.kernels.winograd_lines import PLANES, TILE

_ROWS = (16, 8, 4, 2, 1)  # of register tiles, input channels: so many of one vector, half of them of two
_SHAPES = tuple((rows, v) for v in (1, 2) for rows in _ROWS if rows * v <= (16 if TALL > 8 else 8))
_begin = microkernel((Kind("planes", lanes=False, finish=False, next_row=True, bare=True), _SHAPES))
_go_on = microkernel((Kind("planes_add", lanes=False, finish=False, next_row=True), _SHAPES))
_FULL = max(rows for rows, v in _SHAPES if v == 1)
_GAP = 16  # elements between planes, as in winograd.py
_CHUNKS, _CHUNK_TILES, _CHUNK_SUMS = 4, 64, 1 << 20  # at most; tiles of each at least; sums of all together at most
_STRIP_BYTES = 1 << 19  # of V and D, half of a second-level cache
_BLOCK = 16  # channels that are transposed together


def input_gradient(dz: np.ndarray, weight: np.ndarray, size: tuple[int, int], offset: tuple[int, int]) -> np.ndarray:
    """As `input_gradient` of conv_forward.py, in float32, for what `winograd.fits`."""
    return correlate(dz, mirrored(weight), size, (-2 - offset[0], -2 - offset[1]))


def mirrored(weight: np.ndarray) -> np.ndarray:
    """The kernel (3, 3, c, o) with rows, columns and channels in the other order: (3, 3, o, c)."""
    kh, kw, c, o = weight.shape
    found = empty((kh, kw, o, c), weight.dtype)
    run_rows(_mirror, kh * kw, as_kernels_want(weight).reshape(-1, c, o), found.reshape(-1, o, c),
             work=weight.size)
    return found


@kernel
def _mirror(start: int, stop: int, weight: np.ndarray, to: np.ndarray) -> None:
    """Taps start to stop; blocks of channels, so that lines of the cache are used whole."""
    taps, c, o = weight.shape
    for tap in range(start, stop):
        source, target = weight[tap], to[taps - 1 - tap]
        for first in range(0, c, _BLOCK):
            for k in range(o):
                for channel in range(first, min(first + _BLOCK, c)):
                    target[k, channel] = source[channel, k]


def weight_gradient(x: np.ndarray, dz: np.ndarray, offset: tuple[int, int]) -> np.ndarray:
    """As `weight_gradient` of conv_weight.py, (3, 3, c, o), in float32, for what `winograd.fits`."""
    (n, y, x_, o), c = dz.shape, x.shape[3]
    down, across = -(-y // TILE), -(-x_ // TILE)
    if not n:
        return np.zeros((3, 3, c, o), np.float32)
    x, dz = as_kernels_want(x), as_kernels_want(dz)
    if (y, x_) != (TILE * down, TILE * across):  # a border of gradients that are 0
        dz = np.pad(dz, ((0, 0), (0, TILE * down - y), (0, TILE * across - x_), (0, 0)))
    g, table = tiles(x.shape, dz.shape[1:3], o, offset), panels(o)
    elements, count = PLANES * c * lanes_of(table), n * down * across
    chunks = max(1, min(_CHUNKS, count // _CHUNK_TILES, max(2, _CHUNK_SUMS // elements)))
    strip = min(max(14, _STRIP_BYTES // (4 * PLANES * (c + o))), -(-count // chunks))
    sums = empty((chunks, elements), np.float32)
    run_rows(_chunks, chunks, g, count, strip, table, x.reshape(-1), dz.reshape(-1), sums,
             work=PLANES * count * c * o)
    total = sums[0]
    for chunk in sums[1:]:
        total += chunk
    dweight = empty((3, 3, c, o), np.float32)
    run_rows(_gather, c, c, o, table, total, dweight.reshape(-1), work=PLANES * c * o)
    return dweight


@kernel
def _chunks(start: int, stop: int, g: Tiles, count: int, strip: int, table: np.ndarray, x: np.ndarray, dz: np.ndarray,
            sums: np.ndarray) -> None:
    """The sums of chunks start to stop of `count` tiles."""
    v_plane, d_plane = strip * g.c + _GAP, strip * g.o + _GAP
    v, d = np.empty(PLANES * v_plane, np.float32), np.empty(PLANES * d_plane, np.float32)
    for chunk in range(start, stop):
        begin, end = count * chunk // len(sums), count * (chunk + 1) // len(sums)
        for first in range(begin, end, strip):
            held = min(strip, end - first)
            transform_tiles(g, first, held, x, v, v_plane)
            _spread_tiles(g, first, held, dz, d, d_plane)
            for k in range(len(table)):
                _add_products(g.c, g.o, held, v, v_plane, d, d_plane, table[k], sums[chunk], first == begin)


@kernel
def _spread_tiles(g: Tiles, first: int, count: int, dz: np.ndarray, d: np.ndarray, plane: int) -> None:
    """D of tiles first to first + count of dz (n, y, x, o), flat: d[p * plane + t * o + channel]."""
    for t in range(count):
        image, place = divmod(first + t, g.down * g.across)
        row, column = TILE * (place // g.across), TILE * (place % g.across)
        spread_planes(dz, ((image * g.y + row) * g.x + column) * g.o, g.x * g.o, g.o, d, t * g.o, plane, g.o)


@kernel
def _add_products(c: int, o: int, count: int, v: np.ndarray, v_plane: int, d: np.ndarray, d_plane: int,
                  panel: np.ndarray, sums: np.ndarray, fresh: bool) -> None:
    """sums[p, channel, lane] (+)= sum over `count` tiles of V * D, for p = 0..35 and one panel; fresh: no sums yet."""
    first, lanes, vectors, before = panel
    none, one, zero = np.empty(0, np.float32), 0 * count + 1, 0 * count
    for p in range(PLANES):
        done = 0
        while done < c:
            rows = _FULL // vectors
            while rows > c - done:
                rows //= 2
            a_at, b_at = p * v_plane + done, p * d_plane + first
            to = (before * PLANES + p * lanes) * c + done * lanes
            if fresh:
                _begin(False, rows, vectors, v, a_at, (one, zero, zero, c), d, b_at, (zero, zero, o),
                       (one, one, count), sums, to, lanes, none, zero, none, zero, zero, np.float32(1))
            else:
                _go_on(False, rows, vectors, v, a_at, (one, zero, zero, c), d, b_at, (zero, zero, o),
                       (one, one, count), sums, to, lanes, none, zero, none, zero, zero, np.float32(1))
            done += rows


@kernel
def _gather(start: int, stop: int, c: int, o: int, table: np.ndarray, sums: np.ndarray, dweight: np.ndarray) -> None:
    """Taps of input channels start to stop, from their planes."""
    for k in range(len(table)):
        first, lanes, before = table[k, 0], table[k, 1], table[k, 3]
        for channel in range(start, stop):
            gather_planes(sums, before * PLANES * c + channel * lanes, c * lanes, dweight, channel * o + first, c * o,
                          lanes)

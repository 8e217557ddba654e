"""The kernel of volume.py: one thread walks down a column of tiles and keeps what it works on in its cache.

A unit of work is a strip of tiles beside each other, and some rows of tiles. For each row of tiles:

    each frame   four new rows of `hidden` after the last two (six at first), and B^T d B of them -> V[36][frame][tile]
    each plane   V U -> M[36][frame of the result][tile], U of a plane serves all frames of the result
    each tile    A^T M A with bias and activation -> y

Of `hidden` only six rows of one frame exist at a time, and two rows of each frame are held until the next row of tiles.
Neighbouring strips compute two columns of `hidden` twice, units below one another two rows. Bits do not depend on it.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvr.ops.core.jit import kernel
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.microkernel import Kind, microkernel, tile_rows, tile_shapes
from refvr.ops.kernels.volume_code import norm_relu
from refvr.ops.kernels.winograd_code import from_planes, to_planes
from refvr.ops.kernels.winograd_lines import PLANES, SEEN, TILE

_sums = microkernel((Kind("sums", lanes=False, finish=False, next_k=True, bare=True), tile_shapes((1, 2))))
_mix = microkernel((Kind("splat", lanes=False, finish=True, next_k=True), tile_shapes((1, 2))))
_GAP = 16  # elements between planes, so that the 36 of a tile do not fall into the same few sets of the cache
_RUN = 56  # pixels that are normed and mixed together, four of the tallest register tiles: at most 100 KB


class Block(NamedTuple):
    """Sizes and strides of one block."""

    h: int
    w: int
    above: int  # rows of x above the first one of y
    rows: int  # of y
    c: int  # channels of x
    m: int  # of hidden
    o: int  # of y
    t: int  # frames of x
    z: int  # of y
    taps: int
    strip: int  # tiles beside each other that are carried together
    down: int  # tiles of an image of y
    across: int
    parts: int  # that each strip is cut into, one below the other
    lanes: int  # of all panels of y
    normed: bool
    mixed: bool


class Room(NamedTuple):
    """Where the arrays of a unit begin in its scratch buffer; see `room`."""

    rows: int
    held: int
    run: int
    v: int
    m: int
    size: int


@kernel
def room(b: Block) -> Room:
    """Six rows of `hidden`, two rows of each frame, a run of normed pixels, V and M."""
    row = (TILE * b.strip + 2) * b.m
    held = SEEN * row
    run = held + 2 * b.t * row
    v = run + _RUN * b.c
    m = v + PLANES * (b.t * b.strip * b.m + _GAP)
    return Room(0, held, run, v, m, m + PLANES * (b.z * b.strip * b.lanes + _GAP))


@kernel
def units(start: int, stop: int, b: Block, x: np.ndarray, x_at: np.ndarray, widths: np.ndarray, mean: np.ndarray,
          scale: np.ndarray, shift: np.ndarray, columns: np.ndarray, mixing: np.ndarray, mix_bias: np.ndarray,
          table: np.ndarray, u: np.ndarray, seen: np.ndarray, bias: np.ndarray, slope: np.float32, y: np.ndarray,
          y_at: np.ndarray, scratch: np.ndarray) -> None:
    """Units start to stop; `seen` (z, 3): the first of a result's frames in x, its tap, and how many taps follow."""
    at, none = room(b), np.empty(0, np.float32)
    for unit in range(start, stop):
        strip, part = divmod(unit, b.parts)
        left, first, last = strip * b.strip, part * b.down // b.parts, (part + 1) * b.down // b.parts
        count = min(b.strip, b.across - left)
        row = (TILE * count + 2) * b.m
        rows = scratch[at.rows:at.rows + SEEN * row]
        for down in range(first, last):
            for f in range(b.t):
                held = scratch[at.held + 2 * f * row:at.held + 2 * (f + 1) * row]
                known = 0 if down == first else 2
                if known:
                    cut.copy(held, rows)
                _hidden(b, TILE * down - 1 + b.above, TILE * left - 1, known, TILE * count + 2, x, x_at[f], widths,
                        mean, scale, shift, columns, mixing, mix_bias, scratch, at, none)
                cut.copy(rows[TILE * row:], held)
                for k in range(count):
                    to_planes(scratch, at.rows + TILE * k * b.m, row, b.m, scratch, at.v + (f * b.strip + k) * b.m,
                              b.t * b.strip * b.m + _GAP, b.m)
            _multiply(b, count, scratch, at, u, table, seen, none)
            _finish(b, down, left, count, scratch, at, table, bias, slope, y, y_at, none)


@kernel
def _hidden(b: Block, top: int, left: int, known: int, wide: int, x: np.ndarray, x_at: np.ndarray, widths: np.ndarray,
            mean: np.ndarray, scale: np.ndarray, shift: np.ndarray, columns: np.ndarray, mixing: np.ndarray,
            mix_bias: np.ndarray, scratch: np.ndarray, at: Room, none: np.ndarray) -> None:
    """Rows `known` to 6 of `hidden`, of which row 0, column 0 is pixel (top, left) of the image; zeros around it."""
    first, last = max(0, -left), min(wide, b.w - left)
    for row in range(known, SEEN):
        to = at.rows + row * wide * b.m
        if not 0 <= top + row < b.h:
            scratch[to:to + wide * b.m] = 0
            continue
        scratch[to:to + first * b.m] = 0
        scratch[to + last * b.m:to + wide * b.m] = 0
        pixel = (top + row) * b.w + left
        if not b.mixed:
            _gather(b, pixel + first, last - first, x, x_at, widths, mean, scale, shift, scratch, to + first * b.m)
            continue
        for column in range(first, last, _RUN):
            count = min(_RUN, last - column)
            _gather(b, pixel + column, count, x, x_at, widths, mean, scale, shift, scratch, at.run)
            _mixed(b, count, columns, mixing, mix_bias, scratch, at.run, to + column * b.m, none)


@kernel
def _gather(b: Block, pixel: int, count: int, x: np.ndarray, x_at: np.ndarray, widths: np.ndarray, mean: np.ndarray,
            scale: np.ndarray, shift: np.ndarray, to: np.ndarray, to_at: int) -> None:
    """`count` pixels of all slabs of a frame, side by side, through norm and ReLU where there is a norm."""
    c = 0
    for slab in range(len(widths)):
        width = widths[slab]
        source = x_at[slab] + pixel * width
        if b.normed:
            norm_relu(x, source, mean, c, scale, c, shift, c, to, to_at + c, b.c, count, width)
        else:
            for k in range(count):
                cut.copy(x[source + k * width:source + (k + 1) * width], to[to_at + k * b.c + c:])
        c += width


@kernel
def _mixed(b: Block, count: int, columns: np.ndarray, mixing: np.ndarray, mix_bias: np.ndarray, scratch: np.ndarray,
           run_at: int, to: int, none: np.ndarray) -> None:
    """relu(run mixing + mix_bias) of `count` pixels."""
    for k in range(len(columns)):
        o_at, lanes, packed_at, vectors = columns[k, 1], columns[k, 3], columns[k, 4], columns[k, 5]
        pixel = 0
        while pixel < count:
            rows = tile_rows(count - pixel, count, vectors)
            pixel = min(pixel, count - rows)  # a last tile may overlap the one before: the same bits again
            _mix(False, rows, vectors, scratch, run_at + pixel * b.c, (b.c, 0, 0, 1), mixing, packed_at * b.c,
                 (0, 0, lanes), (1, 1, b.c), scratch, to + pixel * b.m + o_at, b.m, mix_bias, o_at, none, 0, 0,
                 np.float32(0))
            pixel += rows


@kernel
def _multiply(b: Block, count: int, scratch: np.ndarray, at: Room, u: np.ndarray, table: np.ndarray,
              seen: np.ndarray, none: np.ndarray) -> None:
    """M of `count` tiles in all frames of y, all panels, plane by plane: V of a plane stays in the nearest cache."""
    v_tap = b.strip * b.m
    for p in range(PLANES):
        v_at, m_at = at.v + p * (b.t * v_tap + _GAP), at.m + p * (b.z * b.strip * b.lanes + _GAP)
        for k in range(len(table)):
            lanes, vectors, before = table[k, 1], table[k, 2], table[k, 3]
            u_at = b.taps * b.m * (PLANES * before + p * lanes)
            for z in range(b.z):
                frame, skip, taps = seen[z, 0], seen[z, 1], seen[z, 2]
                to, t = m_at + b.strip * (b.z * before + z * lanes), 0
                while t < count:
                    rows = tile_rows(count - t, count, vectors)
                    t = min(t, count - rows)
                    _sums(False, rows, vectors, scratch, v_at + frame * v_tap + t * b.m, (b.m, v_tap, 0, 1), u,
                          u_at + skip * b.m * lanes, (b.m * lanes, 0, lanes), (taps, 1, b.m), scratch,
                          to + t * lanes, lanes, none, 0, none, 0, 0, np.float32(1))
                    t += rows


@kernel
def _finish(b: Block, down: int, left: int, count: int, scratch: np.ndarray, at: Room, table: np.ndarray,
            bias: np.ndarray, slope: np.float32, y: np.ndarray, y_at: np.ndarray, none: np.ndarray) -> None:
    """From M to y, tile by tile, all channels of each."""
    plane = b.z * b.strip * b.lanes + _GAP
    row = TILE * down
    for z in range(b.z):
        for tile in range(count):
            column = TILE * (left + tile)
            to = y_at[z] + (row * b.w + column) * b.o
            for k in range(len(table)):
                o, lanes, before = table[k, 0], table[k, 1], table[k, 3]
                m_at = at.m + b.strip * (b.z * before + z * lanes) + tile * lanes
                from_planes(scratch, m_at, plane, y, to + o, b.w * b.o, b.o, bias, o, none, 0, 0, 0, slope,
                            min(TILE, b.rows - row), min(TILE, b.w - column), lanes)

"""A dense block of 3-D convolutions in place, band by band: what it reads once, what never goes to memory.

    hidden = relu(x scale + shift);   where there is a mix:  hidden = relu(hidden mix + bias)             each pixel
    y[z]   = act(sum over f of conv3x3(hidden[z + f - pad], weight[f]) + bias)           zeros around `hidden`

x and y are channels of one `Volume`, whose frames have room for all channels that blocks will append: nothing is
concatenated. A thread walks down rows of tiles. Of `hidden` it holds six rows of each frame; four are new for each row
of tiles. 28 tiles at a time go through Winograd's three steps (_winograd.py): B^T d B once for each frame, products
added up over frames and channels as one chain of fma, one inverse transform for each frame of the result. Only y is
written. Every number is a fixed chain, and tiles begin at row and column 0 of the frame: threads cannot change a bit.

Differs from the definition in the order of sums (Winograd's) and in the batch norm, here x scale + shift. float32 only.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvr.ops import _conv_plan as cut
from refvr.ops._arena import empty
from refvr.ops._conv_forward import correlate
from refvr.ops._jit import kernel
from refvr.ops._microkernel import Kind, microkernel, tile_rows, tile_shapes
from refvr.ops._threads import run_rows, thread_count
from refvr.ops._winograd import STRIP, panels, transform_weight
from refvr.ops._winograd_code import from_planes, to_planes
from refvr.ops._winograd_lines import PLANES, SEEN, TILE

_tile = microkernel((Kind("sums", lanes=False, finish=False, next_k=True, bare=True), tile_shapes((1, 2))),)
_mix = microkernel((Kind("splat", lanes=False, finish=True, next_k=True), tile_shapes((1, 2))))
_GAP = 16  # numbers between planes, as in _winograd.py
_RUN = 56  # pixels that are normed and mixed together: at most 100 KB
WIDTH = 16  # channels must come in so many: then no panel is cut, whatever the vectors' width


class Volume(NamedTuple):
    """Frames (h, w) of one window, each with its own room for channels.

    data  flat float32;  at (t,) where each frame begins in it;  room (t,) channels that a pixel of each has
    """

    data: np.ndarray
    at: np.ndarray
    room: np.ndarray
    h: int
    w: int

    def frame(self, k: int, first: int, last: int) -> np.ndarray:
        """Channels first to last of frame k: a view (1, h, w, last - first)."""
        size = self.h * self.w * self.room[k]
        whole = self.data[self.at[k]:self.at[k] + size].reshape(1, self.h, self.w, self.room[k])
        return whole[..., first:last]


class Block(NamedTuple):
    """One block in numbers."""

    h: int
    w: int
    c: int  # channels of x
    m: int  # of hidden
    o: int  # of y
    t: int  # frames of x
    z: int  # of y
    taps: int
    front: int  # the frame of x that tap 0 of y's first frame reads; negative: a frame of zeros
    down: int  # tiles
    across: int
    mixed: bool


def volume(h: int, w: int, room: list[int]) -> Volume:
    """An empty volume with `room` channels in each of its frames."""
    channels = np.array(room)
    at = h * w * np.concatenate([[0], channels.cumsum()])
    return Volume(empty((int(at[-1]),), np.float32), at[:-1], channels, h, w)


def fits(c: int, m: int, o: int) -> bool:
    """Whether a block of these channels can run here; depends on nothing else, so that its bits do not."""
    return not (c % WIDTH or m % WIDTH or o % WIDTH)


def enter(window: np.ndarray, weight: np.ndarray, bias: np.ndarray, x: Volume) -> None:
    """A 3x3 convolution of each frame of `window` (t, h, w, c) into the first channels of `x`, by direct sums."""
    for k in range(len(window)):
        correlate(window[k:k + 1], weight, (x.h, x.w), (-1, -1), bias=bias, into=x.frame(k, 0, weight.shape[3]))


def run_block(x: Volume, frames: tuple[int, int], c: int, norm: tuple[np.ndarray, np.ndarray],
              mix: tuple[np.ndarray, np.ndarray] | None, weight: np.ndarray, bias: np.ndarray, y: Volume,
              places: tuple[int, int], channel: int, *, pad: int, slope: float = 1.0) -> None:
    """Run one block (formula in the module's docstring).

    frames   the first frame of x and the number of frames; of each the first c channels are read
    norm     scale and shift (c,);  mix: (c, m) and bias (m,), or None, where m is c
    weight   (taps, 3, 3, m, o), bias (o,);  pad: frames of zeros before and after
    places   the first frame of y and the number of frames; the result goes to channels channel, channel + 1, ...
    """
    taps, _, _, m, o = weight.shape
    first, t = frames
    b = Block(x.h, x.w, c, m, o, t, places[1], taps, -pad, -(-x.h // TILE), -(-x.w // TILE), mix is not None)
    columns, table = cut.panels(1, c, m, 4), panels(o)
    mixing = np.empty(0, np.float32) if mix is None else cut.pack(mix[0], columns)
    mix_bias = np.empty(0, np.float32) if mix is None else mix[1]
    u = transform_weight(weight, table)
    seen = x.at[first:first + t], x.room[first:first + t]
    to = slice(places[0], places[0] + places[1])
    parts = min(b.down, 2 * thread_count())  # each part computes two rows of `hidden` again
    run_rows(_parts, parts, parts, b, x.data, *seen, *norm, columns, mixing, mix_bias, table, u, bias,
             np.float32(slope), y.data, y.at[to] + channel, y.room[to])


@kernel
def _parts(start: int, stop: int, parts: int, b: Block, x: np.ndarray, x_at: np.ndarray, x_room: np.ndarray,
           scale: np.ndarray, shift: np.ndarray, columns: np.ndarray, mixing: np.ndarray, mix_bias: np.ndarray,
           table: np.ndarray, u: np.ndarray, bias: np.ndarray, slope: float, y: np.ndarray, y_at: np.ndarray,
           y_room: np.ndarray) -> None:
    """Parts start to stop of the rows of tiles."""
    wide = TILE * b.across + 2
    row = wide * b.m  # numbers of a row of `hidden`, the border's columns with it
    hidden = np.zeros(b.t * SEEN * row, np.float32)
    strip = np.empty(_RUN * b.c, np.float32)
    v_tap = STRIP * b.m
    v = np.empty(PLANES * (b.t * v_tap + _GAP), np.float32)
    m = np.empty(PLANES * (b.z * STRIP * table[0, 1] + _GAP), np.float32)
    none = np.empty(0, np.float32)
    first, last = start * b.down // parts, stop * b.down // parts
    for down in range(first, last):
        for f in range(b.t):
            rows = hidden[f * SEEN * row:(f + 1) * SEEN * row]
            known = 0 if down == first else 2
            if known:
                cut.copy(rows[TILE * row:], rows[:2 * row])
            for r in range(known, SEEN):
                at = TILE * down - 1 + r
                if 0 <= at < b.h:
                    _hidden_row(b, x, x_at[f] + at * b.w * x_room[f], x_room[f], scale, shift, columns, mixing,
                                mix_bias, strip, rows, r * row + b.m, none)
                else:
                    rows[r * row:(r + 1) * row] = 0
        for across in range(0, b.across, STRIP):
            count = min(STRIP, b.across - across)
            for f in range(b.t):
                for k in range(count):
                    to_planes(hidden, f * SEEN * row + TILE * (across + k) * b.m, row, b.m, v, f * v_tap + k * b.m,
                              b.t * v_tap + _GAP, b.m)
            for k in range(len(table)):
                _multiply(b, count, v, u, table[k], m)
                _finish(b, down, across, count, table[k], m, bias, slope, y, y_at, y_room, none)


@kernel
def _hidden_row(b: Block, x: np.ndarray, x_at: int, room: int, scale: np.ndarray, shift: np.ndarray,
                columns: np.ndarray, mixing: np.ndarray, mix_bias: np.ndarray, strip: np.ndarray, hidden: np.ndarray,
                at: int, none: np.ndarray) -> None:
    """One row of `hidden`, from number `at` on."""
    zero = np.float32(0)
    for left in range(0, b.w, _RUN):
        count = min(_RUN, b.w - left)
        for k in range(count):
            seen = x[x_at + (left + k) * room:x_at + (left + k) * room + b.c]
            to = strip[k * b.c:(k + 1) * b.c] if b.mixed else hidden[at + (left + k) * b.m:at + (left + k + 1) * b.m]
            for c in range(b.c):
                value = seen[c] * scale[c] + shift[c]
                to[c] = value if value > zero else zero
        if b.mixed:
            for k in range(len(columns)):
                o_at, lanes, packed_at, vectors = columns[k, 1], columns[k, 3], columns[k, 4], columns[k, 5]
                pixel = 0
                while pixel < count:
                    rows = tile_rows(count - pixel, count, vectors)
                    pixel = min(pixel, count - rows)  # a last tile may overlap the one before: the same bits again
                    _mix(False, rows, vectors, strip, pixel * b.c, (b.c, 0, 0, 1), mixing, packed_at * b.c,
                         (0, 0, lanes), (1, 1, b.c), hidden, at + (left + pixel) * b.m + o_at, b.m, mix_bias, o_at,
                         none, 0, 0, zero)
                    pixel += rows


@kernel
def _multiply(b: Block, count: int, v: np.ndarray, u: np.ndarray, panel: np.ndarray, m: np.ndarray) -> None:
    """M of `count` tiles in all frames of y for one panel, plane by plane: U of a plane serves all frames."""
    lanes, vectors, none = panel[1], panel[2], np.empty(0, np.float32)
    v_tap, m_frame = STRIP * b.m, STRIP * lanes
    for p in range(PLANES):
        v_at, m_at = p * (b.t * v_tap + _GAP), p * (b.z * m_frame + _GAP)
        u_at = b.taps * b.m * (PLANES * panel[3] + p * lanes)
        for z in range(b.z):
            begin = z + b.front
            skip = max(0, -begin)
            taps = min(b.taps, b.t - begin) - skip
            t = 0
            while t < count:
                rows = tile_rows(count - t, count, vectors)
                t = min(t, count - rows)
                _tile(False, rows, vectors, v, v_at + (begin + skip) * v_tap + t * b.m, (b.m, v_tap, 0, 1), u,
                      u_at + skip * b.m * lanes, (b.m * lanes, 0, lanes), (taps, 1, b.m), m,
                      m_at + z * m_frame + t * lanes, lanes, none, 0, none, 0, 0, np.float32(1))
                t += rows


@kernel
def _finish(b: Block, down: int, across: int, count: int, panel: np.ndarray, m: np.ndarray, bias: np.ndarray,
            slope: float, y: np.ndarray, y_at: np.ndarray, y_room: np.ndarray, none: np.ndarray) -> None:
    """From M to y: one panel of channels, all frames."""
    o, lanes = panel[0], panel[1]
    plane = b.z * STRIP * lanes + _GAP
    for z in range(b.z):
        for k in range(count):
            row, column = TILE * down, TILE * (across + k)
            to = y_at[z] + (row * b.w + column) * y_room[z] + o
            from_planes(m, (z * STRIP + k) * lanes, plane, y, to, b.w * y_room[z], y_room[z], bias, o, none, 0, 0, 0,
                        slope, min(TILE, b.h - row), min(TILE, b.w - column), lanes)

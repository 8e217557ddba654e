"""Three-dimensional convolution on the microkernel, whose three loops walk frames, rows, and columns with channels.

Changed from the definition: taps are the inner loops, so a sum never leaves its register, and there is no copy of the
input with a border of zeros: taps that lie outside are left out. In time and rows that shortens the loops of a whole
row of output; in columns it concerns a pixel or two at each end, which get tiles of one pixel. The pixels between read
the input where it lies. Threads own rows of the output.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvr.ops.core.arena import as_kernels_want
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.conv_forward import correlate as correlate_frames
from refvr.ops.kernels.microkernel import Kind, microkernel, tile_rows, tile_shapes

_tile = microkernel((Kind("splat", lanes=False, finish=True, next_k=True), tile_shapes((1, 2))))
_MOST = 512  # elements a tile has at most
_COLUMNS = 98  # pixels of a run, seven tall tiles: 9 rows of so many pixels stay in the cache beside the weights


class Volume(NamedTuple):
    """One convolution: sizes of input, output and kernel, and what tap (0, 0, 0) of output 0 reads."""

    t: int  # input
    h: int
    w: int
    c: int
    z: int  # output
    y: int
    x: int
    o: int
    kt: int
    kh: int
    kw: int
    front: int  # negative: in the border
    top: int
    left: int


def correlate(x: np.ndarray, weight: np.ndarray, size: tuple[int, int, int], offset: tuple[int, int, int], *,
              bias: np.ndarray | None = None, slope: float = 1.0) -> np.ndarray:
    """y[n,z,y,x,o] = act(sum_{f,i,j,c} x[n, z+f, y+i, x+j, c] (all + offset) * weight[f,i,j,c,o] + bias[o]).

    size    frames, rows and columns of the result; offset of each is minus the padding
    slope   of the activation below zero: 1 none, 0 relu
    """
    (n, t, h, w, c), (kt, kh, kw, _, o) = x.shape, weight.shape
    if kt == 1 and offset[0] == 0:  # no frame sees another: a convolution of n * t images
        y = correlate_frames(x.reshape(n * t, h, w, c), weight[0], size[1:], offset[1:], bias=bias, slope=slope)
        return y.reshape(n, *size, o)
    y = np.empty((n, *size, o), x.dtype)
    table = cut.panels(1, c, o, x.itemsize)
    packed = cut.pack(weight.reshape(-1, o), table)
    bias = cut.pack(np.zeros((1, o), x.dtype) if bias is None else bias[None], table)
    v = Volume(t, h, w, c, *size, o, kt, kh, kw, *offset)
    run_rows(_rows, n * v.z * v.y, v, table, as_kernels_want(x).reshape(-1), packed, bias,
             x.dtype.type(slope), y.reshape(-1), work=y.size * kt * kh * kw * c)
    return y


@kernel
def _inside(at: int, taps: int, size: int) -> tuple[int, int]:
    """First tap, and number of taps, of those at `at`, at + 1, ... that lie in range(size)."""
    first = max(0, -at)
    return first, max(0, min(taps, size - at) - first)


@kernel
def _rows(start: int, stop: int, v: Volume, table: np.ndarray, x: np.ndarray, packed: np.ndarray, bias: np.ndarray,
          slope: float, y: np.ndarray) -> None:
    """Rows start to stop of the output, counted through all frames of all clips."""
    apart = np.empty(_MOST, x.dtype)
    for row in range(start, stop):
        frame, top = divmod(row, v.y)
        n, z = divmod(frame, v.z)
        frames, rows = _inside(z + v.front, v.kt, v.t), _inside(top + v.top, v.kh, v.h)
        seen = ((n * v.t + z + v.front + frames[0]) * v.h + top + v.top + rows[0]) * v.w
        for left in range(0, v.x, _COLUMNS):
            right = min(left + _COLUMNS, v.x)
            for k in range(len(table)):
                _run(v, table[k], frames, rows, left, right, x, seen, packed, bias, slope, y, row * v.x, apart)


@kernel
def _run(v: Volume, panel: np.ndarray, frames: tuple[int, int], rows: tuple[int, int], left: int, right: int,
         x: np.ndarray, seen: int, packed: np.ndarray, bias: np.ndarray, slope: float, y: np.ndarray, y_at: int,
         apart: np.ndarray) -> None:
    """Columns left to right of one row of output, one panel of channels.

    seen, y_at   pixels of x before the first row that is seen, of y before this row
    """
    o_at, outputs, lanes, packed_at, vectors = panel[1], panel[2], panel[3], panel[4], panel[5]
    first, last = max(left, -v.left), min(right, v.w - v.kw + 1 - v.left)  # columns whose taps all lie inside
    b_steps, line = (v.kh * v.kw * v.c * lanes, v.kw * v.c * lanes, lanes), v.w * v.c
    b_row = ((packed_at * v.kt + frames[0] * lanes) * v.kh + rows[0] * lanes) * v.kw * v.c
    none, column = np.empty(0, y.dtype), left
    while column < right:
        m, columns = 1, (0, v.kw)
        if first <= column < last:
            m = tile_rows(last - column, last - first, vectors)
            column = min(column, last - m)  # a last tile may overlap the one before: the same bits again
        else:
            columns = _inside(column + v.left, v.kw, v.w)
        a_at = (seen + column + v.left + columns[0]) * v.c
        b_at, counts = b_row + columns[0] * v.c * lanes, (frames[1], rows[1], columns[1] * v.c)
        a_steps, to = (v.c, v.h * line, line, 1), (y_at + column) * v.o + o_at
        if outputs == lanes:
            _tile(False, m, vectors, x, a_at, a_steps, packed, b_at, b_steps, counts, y, to, v.o, bias, packed_at,
                  none, 0, 0, slope)
        else:  # more lanes than there are channels
            _tile(False, m, vectors, x, a_at, a_steps, packed, b_at, b_steps, counts, apart, 0, lanes, bias, packed_at,
                  none, 0, 0, slope)
            for pixel in range(m):
                for o in range(outputs):
                    y[to + pixel * v.o + o] = apart[pixel * lanes + o]
        column += m

"""3x3x3 convolutions by the Winograd algorithm, with what comes before them in a dense block, read once, never stored.

    hidden = relu((x - mean) scale + shift);  where there is a mix:  hidden = relu(hidden mix + bias)     each pixel
    y[z]   = act(sum over f of conv3x3(hidden[z + f - pad], weight[f]) + bias)            zeros around `hidden`

A `Volume` has its channels in slabs: what one layer has made of one frame lies together (h, w, channels), and a block
reads all slabs of a frame side by side, wherever they lie. Nothing is concatenated, and every slab is written in whole
lines. B^T d B (winograd.py) is made once for each frame, products are added up over frames and channels as one chain of
fma, and there is one inverse transform for each frame of the result. Every element is a fixed chain, and tiles begin at
row and column 0 of the frame: threads cannot change a bit, and neither can which other frames are computed with it.

Differs from the definition in the order of sums (the Winograd algorithm's). float32 only. The kernel: volume_kernel.py.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from inspect import unwrap
from typing import NamedTuple

import numpy as np

from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.threads import run_rows, thread_count
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.microkernel import tile_rows
from refvr.ops.kernels.volume_kernel import Block, room, units
from refvr.ops.kernels.winograd import lanes_of, panels, transform_of
from refvr.ops.kernels.winograd_code import LEAST
from refvr.ops.kernels.winograd_lines import PLANES, TILE

WIDTH = 16  # channels of a mix must come in so many: then no panel is cut, whatever the vectors' width
_STRIPS = (84, 70, 56, 44, 28, 22, 14)  # tiles, made of 14 and 8 rows of register tiles
_CARRIED = 6 << 20  # bytes of V that a strip may have: it is written and read once, the weights once for each strip
_Affine = tuple[np.ndarray, np.ndarray, np.ndarray]


class Volume(NamedTuple):
    """Frames (h, w) in slabs.

    data    flat float32
    at      (t, slabs) where the slab of each frame begins in it
    widths  (slabs,) their channels
    """

    data: np.ndarray
    at: np.ndarray
    widths: np.ndarray
    h: int
    w: int


def beside(parts: Sequence[np.ndarray]) -> Volume:
    """The volume whose frames have the channels of all `parts` (t, h, w, c_k), contiguous float32, side by side.

    Nothing is copied: `data` reaches from the first of them in memory to the end of the last, and of what lies between
    nothing is read. It is theirs: they have to live as long as it is used.
    """
    t, h, w, _ = parts[0].shape
    begin = [part.ctypes.data for part in parts]
    first = min(begin)
    end = max(at + part.nbytes for at, part in zip(begin, parts))
    lowest = parts[begin.index(first)]
    data = np.lib.stride_tricks.as_strided(lowest, ((end - first) // lowest.itemsize,), (lowest.itemsize,))
    at = np.stack([(place - first) // lowest.itemsize + part[0].size * np.arange(t)
                   for place, part in zip(begin, parts)], 1)
    return Volume(data, at, np.array([part.shape[3] for part in parts]), h, w)


def fits(kernel_shape: tuple[int, ...]) -> bool:
    """Whether a 3x3x3 convolution is computed here; depends on nothing else, so that its bits do not."""
    *taps, c, o = kernel_shape
    return tuple(taps) == (3, 3, 3) and min(c, o) >= LEAST


def correlate(x: np.ndarray, weight: np.ndarray, pad: int, *, rows: int, above: int = 0,
              bias: np.ndarray | None = None, slope: float = 1.0) -> np.ndarray:
    """A 3x3x3 convolution of x (n, t, h, w, c), zeros of one pixel and `pad` frames around it, for what `fits`: so many
    rows of it, the first of which is row `above` of x and begins a tile."""
    n, t, _, w, _ = x.shape
    x, o = as_kernels_want(x), weight.shape[-1]
    y = empty((n, max(0, t + 2 * pad - 2), rows, w, o), np.float32)
    bias = np.zeros(o, np.float32) if bias is None else as_kernels_want(bias)
    for clip, result in zip(x, y):
        run_block(beside([clip]), None, None, weight, bias, result, pad=pad, slope=slope, above=above)
    return y


def run_block(x: Volume, norm: _Affine | None, mix: tuple[np.ndarray, np.ndarray] | None, weight: np.ndarray,
              bias: np.ndarray, y: np.ndarray, *, pad: int, slope: float = 1.0, above: int = 0) -> None:
    """Run one block (formula in the module's docstring) into y (z, rows, w, o), contiguous.

    norm     mean, scale and shift (c,), or None: hidden is x; mix: (c, m) and bias (m,), or None, where m is c
    weight   (taps, 3, 3, m, o), bias (o,);  pad: frames of zeros before and after
    above    rows of x above the first row of y, which begins a tile there: x and y may be bands of an image
    """
    taps, _, _, m, o = weight.shape
    frames = len(x.at)
    seen = np.array([(max(0, z - pad), max(0, pad - z), min(frames, z - pad + taps) - max(0, z - pad))
                     for z in range(len(y))])
    c, down, across = int(x.widths.sum()), -(-y.shape[1] // TILE), -(-x.w // TILE)
    columns, table = cut.panels(1, c, m, 4), panels(o)
    strip = _strip(across, frames, m)
    strips = -(-across // strip)
    parts = min(down, -(-4 * thread_count() // strips))  # each computes two rows of `hidden` again
    b = Block(x.h, x.w, above, y.shape[1], c, m, o, frames, len(y), taps, strip, down, across, parts, lanes_of(table),
              norm is not None, mix is not None)
    none = np.empty(0, np.float32)
    mixing, mix_bias = (none, none) if mix is None else (cut.pack(mix[0], columns), mix[1])
    mean, scale, shift = norm or (none, none, none)
    u, y_at = transform_of(weight, table), y[0].size * np.arange(len(y))

    def call(start: int, stop: int) -> None:
        units(start, stop, b, x.data, x.at, x.widths, mean, scale, shift, columns, mixing, mix_bias, table, u, seen,
              bias, np.float32(slope), cut.flat(y), y_at, empty((room(b).size,), np.float32))

    run_rows(call, strips * parts)


def _strip(across: int, t: int, m: int) -> int:
    """How many tiles to carry together: those that leave register tiles the least empty rows, the longest of them."""
    most = max(_STRIPS[-1], _CARRIED // (4 * PLANES * t * m))
    return min((s for s in _STRIPS if s <= most), key=lambda s: across // s * _computed(s) + _computed(across % s))


@cache
def _computed(count: int) -> int:
    """Rows of register tiles that `count` tiles take."""
    t, found = 0, 0
    while t < count:
        rows = unwrap(tile_rows)(count - t, count, 2)
        t, found = t + rows, found + rows
    return found

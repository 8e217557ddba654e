"""3x3x3 convolutions by the Winograd algorithm, with what comes before them in a dense block, read once, never stored.

    hidden = relu((x - mean) scale + shift);  where there is a mix:  hidden = relu(hidden mix + bias)     each pixel
    y[z]   = act(sum over f of conv3x3(hidden[z + f - pad], weight[f]) + bias)            zeros around `hidden`

A `Volume` has its channels in slabs: what one layer has made of one frame lies together (h, w, channels), and a block
reads the first so many slabs of a frame side by side. Nothing is concatenated, and every slab is written in whole
lines. B^T d B (winograd.py) is made once for each frame, products are added up over frames and channels as one chain
of fma, and there is one inverse transform for each frame of the result. Every element is a fixed chain, and tiles begin
at row and column 0 of the frame: threads cannot change a bit, and neither can which other frames are computed with it.

Differs from the definition in the order of sums (the Winograd algorithm's). float32 only. The kernel: volume_kernel.py.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from refvr.ops.core.arena import empty
from refvr.ops.core.threads import run_rows, thread_count
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.microkernel import tile_rows
from refvr.ops.kernels.volume_kernel import Block, room, units
from refvr.ops.kernels.winograd import lanes_of, panels, transform_weight
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

    def slab(self, k: int, s: int) -> np.ndarray:
        """Slab s of frame k: a view (1, h, w, channels)."""
        first, width = self.at[k, s], self.widths[s]
        return self.data[first:first + self.h * self.w * width].reshape(1, self.h, self.w, width)


def volume(h: int, w: int, widths: Sequence[int], frames: Sequence[int]) -> Volume:
    """An empty volume: slab s, `widths[s]` channels, is there for frames[s] frames, those in the middle."""
    most, at, end = max(frames), np.full((max(frames), len(widths)), -1), 0
    for s, (width, count) in enumerate(zip(widths, frames)):
        first = (most - count) // 2
        at[first:first + count, s] = end + h * w * width * np.arange(count)
        end += h * w * width * count
    return Volume(empty((end,), np.float32), at, np.array(widths), h, w)


def fits(kernel_shape: tuple[int, ...]) -> bool:
    """Whether a 3x3x3 convolution is computed here; depends on nothing else, so that its bits do not."""
    *taps, c, o = kernel_shape
    return tuple(taps) == (3, 3, 3) and min(c, o) >= LEAST


def correlate(x: np.ndarray, weight: np.ndarray, pad: int, *, bias: np.ndarray | None = None,
              slope: float = 1.0) -> np.ndarray:
    """A 3x3x3 convolution of x (n, t, h, w, c), zeros of one pixel and `pad` frames around it, for what `fits`."""
    n, t, h, w, c = x.shape
    x, o = np.require(x, requirements=["C", "A", "W"]), weight.shape[-1]
    y = empty((n, max(0, t + 2 * pad - 2), h, w, o), np.float32)
    bias = np.zeros(o, np.float32) if bias is None else np.require(bias, requirements=["C", "A", "W"])
    for clip, result in zip(x, y):
        source = Volume(cut.flat(clip), h * w * c * np.arange(t)[:, None], np.array([c]), h, w)
        at = h * w * o * np.arange(len(result))
        run_block(source, range(t), 1, None, None, weight, bias, cut.flat(result), at, range(len(result)), pad=pad,
                  slope=slope)
    return y


def run_block(x: Volume, frames: Sequence[int], slabs: int, norm: _Affine | None,
              mix: tuple[np.ndarray, np.ndarray] | None, weight: np.ndarray, bias: np.ndarray, y: np.ndarray,
              y_at: np.ndarray, places: Sequence[int], *, pad: int, slope: float = 1.0) -> None:
    """Run one block (formula in the module's docstring).

    frames   those of x that make the clip, in order; the first `slabs` slabs of each are read
    norm     mean, scale and shift (c,), or None: hidden is x; mix: (c, m) and bias (m,), or None, where m is c
    weight   (taps, 3, 3, m, o), bias (o,);  pad: frames of zeros before and after
    y, y_at  flat, and where in it the results (h, w, o) begin that are wanted
    places   which of the results, counted from 0, those are
    """
    taps, _, _, m, o = weight.shape
    seen = np.array([(max(0, z - pad), max(0, pad - z), min(len(frames), z - pad + taps) - max(0, z - pad))
                     for z in places])
    first, last = seen[:, 0].min(), (seen[:, 0] + seen[:, 2]).max()  # frames between that are not asked for cost little
    at, widths = x.at[list(frames)[first:last], :slabs], x.widths[:slabs]
    seen[:, 0] -= first
    c, down, across = int(widths.sum()), -(-x.h // TILE), -(-x.w // TILE)
    columns, table = cut.panels(1, c, m, 4), panels(o)
    strip = _strip(across, len(at), m)
    strips = -(-across // strip)
    parts = min(down, -(-4 * thread_count() // strips))  # each computes two rows of `hidden` again
    b = Block(x.h, x.w, c, m, o, len(at), len(seen), taps, strip, down, across, parts, lanes_of(table),
              norm is not None, mix is not None)
    none = np.empty(0, np.float32)
    mixing, mix_bias = (none, none) if mix is None else (cut.pack(mix[0], columns), mix[1])
    u = transform_weight(weight, table)

    def call(start: int, stop: int) -> None:
        units(start, stop, b, x.data, at, widths, *(norm or (none, none, none)), columns, mixing, mix_bias, table, u,
              seen, bias, np.float32(slope), y, y_at, empty((room(b).size,), np.float32))

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
        rows = tile_rows.py_func(count - t, count, 2)
        t, found = t + rows, found + rows
    return found

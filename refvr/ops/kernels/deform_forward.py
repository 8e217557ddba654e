"""Deformable convolution forward: samples go straight into panels that the convolution's microkernel multiplies.

Changed from the definition: col is never whole. A thread samples a run of 56 pixels (130 kB for 9 taps of 64 channels,
half of a second-level cache), all taps, channels side by side, and multiplies them with all weights before it goes on.
How pixels are sampled: deform_sample.py. The sum over (k, c) is one chain of fused multiply-adds, as in conv2d;
threads own rows of the output.
"""
from __future__ import annotations

import numpy as np

from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.deform_sample import Sampling, moves, places, sample_run, targets
from refvr.ops.kernels.microkernel import Kind, microkernel, tile_rows, tile_shapes

_tile = microkernel((Kind("splat", lanes=False, finish=True, next_k=True), tile_shapes((1, 2))))
_PIXELS = 56  # four of the tallest tiles (14 rows), so that none is computed twice; see above
_MOST = 512  # elements a tile has at most


def deform(x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray, weight: np.ndarray, bias: np.ndarray | None,
           s: Sampling) -> np.ndarray:
    """The convolution (n, y, x, o)."""
    o = weight.shape[3]
    y = empty((*mask.shape[:3], o), x.dtype)
    table = cut.panels(1, s.c // s.groups, o // s.groups, x.itemsize)   # of one group; the others have the same
    bias = np.zeros(o, x.dtype) if bias is None else bias
    packed, biases = (np.stack([cut.pack(np.ascontiguousarray(part), table)
                                for part in np.split(matrix, s.groups, axis=1)])
                      for matrix in (weight.reshape(-1, o), bias[None]))
    run_rows(_rows, len(x) * s.y, s, table, as_kernels_want(x).reshape(-1),
             as_kernels_want(offset_px).reshape(-1), as_kernels_want(mask).reshape(-1),
             packed, biases, y.reshape(-1, o), work=y.size * weight.shape[0] * weight.shape[1] * weight.shape[2])
    return y


@kernel
def _rows(start: int, stop: int, s: Sampling, table: np.ndarray, x: np.ndarray, offset: np.ndarray, mask: np.ndarray,
          packed: np.ndarray, bias: np.ndarray, y: np.ndarray) -> None:
    """Rows start to stop of the output, counted through all images."""
    depth = s.kh * s.kw * s.c
    panel, apart = np.empty(_PIXELS * depth, x.dtype), np.empty(_MOST, x.dtype)
    place, move, target = places(s, _PIXELS), moves(s), targets(s)
    low, part = np.empty(place.shape, np.int64), np.empty(place.shape, x.dtype)
    for row in range(start, stop):
        for left in range(0, s.x, _PIXELS):
            pixels = min(_PIXELS, s.x - left)
            sample_run(s, x, offset, mask, row, left, pixels, place, move, target, low, part, panel)
            for g in range(s.groups):
                _multiply(s, table, panel, g, pixels, packed[g], bias[g], y, row * s.x + left, apart)


@kernel(inline="always")
def _multiply(s: Sampling, table: np.ndarray, panel: np.ndarray, g: int, pixels: int, packed: np.ndarray,
              bias: np.ndarray, y: np.ndarray, to: int, apart: np.ndarray) -> None:
    """Output channels of group `g` of `pixels` pixels from `to` on."""
    o, zero, one = y.shape[1], 0 * pixels, 0 * pixels + 1
    length = s.kh * s.kw * (s.c // s.groups)
    none, flat = np.empty(0, y.dtype), y.reshape(-1)
    for k in range(len(table)):
        o_at, outputs, lanes, packed_at, vectors = table[k, 1], table[k, 2], table[k, 3], table[k, 4], table[k, 5]
        at = 0
        while at < pixels:
            m = tile_rows(pixels - at, pixels, vectors)
            at = min(at, pixels - m)  # a last tile may overlap the one before: the same bits again
            a_at = (at * s.groups + g) * length
            if outputs == lanes:
                _tile(False, m, vectors, panel, a_at, (s.groups * length, zero, zero, one), packed, packed_at * length,
                      (zero, zero, lanes), (one, one, length), flat, (to + at) * o + g * (o // s.groups) + o_at, o,
                      bias, packed_at, none, zero, zero, y.dtype.type(1))
            else:
                _tile(False, m, vectors, panel, a_at, (s.groups * length, zero, zero, one), packed, packed_at * length,
                      (zero, zero, lanes), (one, one, length), apart, zero, lanes,
                      bias, packed_at, none, zero, zero, y.dtype.type(1))
                for r in range(m):
                    for lane in range(outputs):
                        y[to + at + r, g * (o // s.groups) + o_at + lane] = apart[r * lanes + lane]
            at += m

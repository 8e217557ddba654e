"""3x3 convolutions at stride 1 by Winograd's F(4x4, 3x3) (winograd_lines.py): a quarter of the multiplications.

Each thread carries a strip of tiles through three steps, in its own cache, and only the result goes to memory:

    transform_tiles   input -> V[36][T][c]                   T tiles of 6x6 pixels, every channel
    multiply          V[36][T][c] U[36][c][lanes] -> M[36][T][lanes]    36 products of matrices, a panel of outputs
    finish_tiles      M -> y, with bias, residual and activation

U comes from `transform_weight`, once per call, or once for all calls inside of `transformed_once`. Tiles are counted
through all images, row by row; a tile is computed by itself, so neither strips nor threads nor the width of vectors can
change a bit: V and the result are fixed chains of fma (winograd_lines.py), and each element of M is one chain of fma
over the channels, from 0.

A sum over frames (3x3x3): B^T d B of each frame is needed once; the products of all frames are added up in M, and
there is one inverse transform. `multiply` does this by itself: `taps` frames of V lie `v_tap` elements apart, U has
(36, taps, c, lanes) for each panel, and the chain runs over frames, then channels. Frames outside of the clip are left
out by a smaller `taps` and a later `u_at`. Tiles of the next frame are down * across later in the count.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.conv_plan import flat
from refvr.ops.kernels.microkernel import Kind, microkernel, tile_rows, tile_shapes, vector_bytes
from refvr.ops.kernels.winograd_code import LEAST, from_planes, to_planes, to_planes_within, weight_planes
from refvr.ops.kernels.winograd_lines import PLANES, SEEN, TILE

_tile = microkernel((Kind("sums", lanes=False, finish=False, next_k=True, bare=True), tile_shapes((1, 2))))
STRIP = 28  # tiles carried together, two tall register tiles: 36 * 28 * 64 channels are a quarter of a 1 MB cache
_NARROW_STRIP = 24  # where all panels have one vector: one register tile
_GAP = 16  # elements between planes, so that the 36 of a tile do not fall into the same few sets of the cache


_Kept = dict[tuple[Any, ...], tuple[np.ndarray, np.ndarray]]  # by address, shape and strides: views are new each time
_transformed: ContextVar[_Kept | None] = ContextVar("refvr_transformed", default=None)


@contextmanager
def transformed_once() -> Iterator[None]:
    """Inside, each weight is transformed once, for convolutions called band by band; weights must stay as they are."""
    token = _transformed.set({})
    try:
        yield
    finally:
        _transformed.reset(token)


class Tiles(NamedTuple):
    """Sizes and strides of one convolution."""

    h: int  # input
    w: int
    c: int
    y: int  # output
    x: int
    o: int
    top: int  # row and column of input that tap (0, 0) of output pixel (0, 0) reads
    left: int
    down: int  # tiles of an image
    across: int


def fits(kernel_shape: tuple[int, ...], stride: int, dilation: int, groups: int) -> bool:
    """Whether a convolution is computed this way; depends on nothing else, so that its bits do not."""
    kh, kw, c, o = kernel_shape
    return (kh, kw, stride, dilation, groups) == (3, 3, 1, 1, 1) and min(c, o) >= LEAST


def correlate(x: np.ndarray, weight: np.ndarray, size: tuple[int, int], offset: tuple[int, int], *,
              bias: np.ndarray | None = None, residual: np.ndarray | None = None, slope: float = 1.0,
              into: np.ndarray | None = None) -> np.ndarray:
    """As `correlate` of conv_forward.py, in float32, for what `fits`."""
    n, o = len(x), weight.shape[3]
    y = empty((n, *size, o), np.float32) if into is None else into
    g = tiles(x.shape, size, o, offset)
    table = panels(o)
    u = transform_of(weight[None], table)
    bias = np.zeros(o, np.float32) if bias is None else as_kernels_want(bias)
    residual = np.empty(0, np.float32) if residual is None else as_kernels_want(residual).reshape(-1)
    x = as_kernels_want(x).reshape(-1)
    strip = STRIP if table[0, 2] > 1 else _NARROW_STRIP
    strips = -(-n * g.down * g.across // strip)
    run_rows(_strips, strips, strip, n, g, table, x, u, bias, residual, np.float32(slope), flat(y),
             tuple(k // 4 for k in y.strides[:3]), work=y.size * g.c)
    return y


def tiles(shape: tuple[int, ...], size: tuple[int, int], o: int, offset: tuple[int, int]) -> Tiles:
    """Tiles for input `shape` (n, h, w, c) and output `size` (y, x)."""
    _, h, w, c = shape
    return Tiles(h, w, c, *size, o, *offset, -(-size[0] // TILE), -(-size[1] // TILE))


@lru_cache(maxsize=256)
def panels(o: int) -> np.ndarray:
    """Panels of output channels, rows of (first channel, lanes, vectors, lanes before); the last may overlap."""
    width, rows, at, before = vector_bytes() // 4, [], 0, 0
    while at < o:
        vectors = 2 if o - at > width and o >= 2 * width else 1
        lanes = vectors * width
        rows.append((min(at, o - lanes), lanes, vectors, before))
        at, before = at + lanes, before + lanes
    return np.array(rows)


def lanes_of(table: np.ndarray) -> int:
    """Of all panels together."""
    return int(table[-1, 3] + table[-1, 1])


def transform_of(weight: np.ndarray, table: np.ndarray) -> np.ndarray:
    """U of `weight` (taps, 3, 3, c, o); inside of `transformed_once` kept, with it, so that its address stays."""
    kept = _transformed.get()
    if kept is None:
        return transform_weight(weight, table)
    key = weight.__array_interface__["data"][0], weight.shape, weight.strides
    if key not in kept:
        kept[key] = weight, transform_weight(weight, table)
    return kept[key][1]


def transform_weight(weight: np.ndarray, table: np.ndarray) -> np.ndarray:
    """U = G w G^T of `weight` (taps, 3, 3, c, o), for each panel of `table` (36, taps, c, lanes), flat."""
    taps, _, _, c, o = weight.shape
    u = empty((PLANES * taps * c * lanes_of(table),), np.float32)
    w = as_kernels_want(weight)
    run_rows(_transform_weight, c, taps, c, o, w.reshape(-1), table, u, work=w.size * PLANES)
    return u


@kernel
def _transform_weight(start: int, stop: int, taps: int, c: int, o: int, w: np.ndarray, table: np.ndarray,
                      u: np.ndarray) -> None:
    """Input channels start to stop."""
    for k in range(len(table)):
        first, lanes, before = table[k, 0], table[k, 1], table[k, 3]
        for tap in range(taps):
            for channel in range(start, stop):
                at = PLANES * taps * c * before + (tap * c + channel) * lanes
                weight_planes(w, (tap * 9 * c + channel) * o + first, c * o, u, at, taps * c * lanes, lanes)


@kernel
def _strips(start: int, stop: int, length: int, n: int, g: Tiles, table: np.ndarray, x: np.ndarray, u: np.ndarray,
            bias: np.ndarray, residual: np.ndarray, slope: float, y: np.ndarray, steps: tuple[int, int, int]) -> None:
    """Strips start to stop, `length` tiles each, of the tiles of all images."""
    v_plane, m_plane = length * g.c + _GAP, length * table[0, 1] + _GAP
    v, m = np.empty(PLANES * v_plane, np.float32), np.empty(PLANES * m_plane, np.float32)
    for strip in range(start, stop):
        first = strip * length
        count = min(length, n * g.down * g.across - first)
        transform_tiles(g, first, count, x, v, v_plane)
        for k in range(len(table)):
            u_at = PLANES * g.c * table[k, 3]
            multiply(count, g.c, 1, v, v_plane, 0, u, u_at, g.c * table[k, 1], table[k], m, m_plane)
            finish_tiles(g, first, count, table[k], m, m_plane, bias, residual, slope, y, steps)


@kernel
def transform_tiles(g: Tiles, first: int, count: int, x: np.ndarray, v: np.ndarray, plane: int) -> None:
    """V of tiles first to first + count of x (n, h, w, c), flat: v[p * plane + t * c + channel]; zeros outside of x."""
    for t in range(count):
        image, place = divmod(first + t, g.down * g.across)
        row, column = TILE * (place // g.across) + g.top, TILE * (place % g.across) + g.left
        top, bottom, left, right = max(0, -row), min(SEEN, g.h - row), max(0, -column), min(SEEN, g.w - column)
        at = ((image * g.h + row) * g.w + column) * g.c
        if bottom - top == SEEN and right - left == SEEN:
            to_planes(x, at, g.w * g.c, g.c, v, t * g.c, plane, g.c)
        elif top < bottom and left < right:
            to_planes_within(x, at, g.w * g.c, g.c, top, bottom, left, right, v, t * g.c, plane, g.c)
        else:
            to_planes_within(x, 0, 0, 0, 0, 0, 0, 0, v, t * g.c, plane, g.c)


@kernel
def multiply(count: int, c: int, taps: int, v: np.ndarray, v_plane: int, v_tap: int, u: np.ndarray, u_at: int,
             u_plane: int, panel: np.ndarray, m: np.ndarray, m_plane: int) -> None:
    """M of `count` tiles for one panel: m[p * m_plane + t * lanes + lane] = sum_{tap, channel} V * U, for p = 0..35.

    v   elements (36, tiles, c), planes v_plane apart; those of the next tap v_tap further on
    u   from u_at on (taps, c, lanes) for each plane, planes u_plane apart
    """
    lanes, vectors, none = panel[1], panel[2], np.empty(0, np.float32)
    for p in range(PLANES):
        t = 0
        while t < count:
            rows = tile_rows(count - t, count, vectors)
            t = min(t, count - rows)  # a last tile may overlap the one before: the same bits again
            _tile(False, rows, vectors, v, p * v_plane + t * c, (c, v_tap, 0, 1), u, u_at + p * u_plane,
                  (c * lanes, 0, lanes), (taps, 1, c), m, p * m_plane + t * lanes, lanes, none, 0, none, 0, 0,
                  np.float32(1))
            t += rows


@kernel
def finish_tiles(g: Tiles, first: int, count: int, panel: np.ndarray, m: np.ndarray, plane: int, bias: np.ndarray,
                 residual: np.ndarray, slope: float, y: np.ndarray, steps: tuple[int, int, int]) -> None:
    """From M of tiles first to first + count to the output: act(sum + bias + residual), one panel of channels.

    residual  like the output (n, y, x, o), flat and contiguous, or empty
    steps     elements between images, rows and columns of y
    """
    o, lanes = panel[0], panel[1]
    for t in range(count):
        image, place = divmod(first + t, g.down * g.across)
        row, column = TILE * (place // g.across), TILE * (place % g.across)
        to = image * steps[0] + row * steps[1] + column * steps[2] + o
        added = ((image * g.y + row) * g.x + column) * g.o + o
        from_planes(m, t * lanes, plane, y, to, steps[1], steps[2], bias, o, residual, added, g.x * g.o, g.o, slope,
                    min(TILE, g.y - row), min(TILE, g.x - column), lanes)

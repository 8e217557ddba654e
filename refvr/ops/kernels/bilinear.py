"""Bilinear samples of an image at given places, in pixels: what `warp` and `grid_sample` share.

    p = at[n,y,x,0], q = at[n,y,x,1]        row and column; the centre of the first pixel is at 0, 0
    i = floor(p), j = floor(q), a = p - i, b = q - j
    y[n,y,x,c] =   X[n,i,j,c] (1-a)(1-b) + X[n,i,j+1,c] (1-a) b + X[n,i+1,j,c] a (1-b) + X[n,i+1,j+1,c] a b

A tap outside of the image counts as 0, each by itself; other borders are made by moving the places first. The taps are
added in the order written. Places are float64 also for float32 images: at column 1280 a float32 place would be good to
1e-4 pixels only. a and b are rounded to the type of the image. A place that is not a number gives NaN.
Adjoint: dX[n,i,j,c] += dy (1-a)(1-b) and so on, and, with taps outside 0 as above,
    dp = sum_c dy ((X[i+1,j] - X[i,j]) (1-b) + (X[i+1,j+1] - X[i,j+1]) b),    dq likewise.
On a pixel (a = 0 or b = 0) that is the derivative to the right and downwards, as floor decides.
"""
from __future__ import annotations

import numpy as np

from refvr.ops.core.arena import empty
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows

_LANES = 16  # channels in one share of the adjoint: a cache line of float32


def sample_plain(x: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The definition: four times fetch and weigh."""
    i, j, a, b = _cells(at, x)
    one = x.dtype.type(1)
    return (_tap(x, i, j) * ((one - a) * (one - b)) + _tap(x, i, j + 1) * ((one - a) * b)
            + _tap(x, i + 1, j) * (a * (one - b)) + _tap(x, i + 1, j + 1) * (a * b))


def _cells(at: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, ...]:
    """i, j (n, y, x) and a, b (n, y, x, 1). Far outside one place is like another: beyond -2 and size + 1 it stays."""
    ends = np.array(x.shape[1:3])
    held = np.clip(np.where(np.isnan(at), 0, at), -2, ends + 1)
    cell = np.floor(held)
    parts = np.where(np.isnan(at), np.nan, held - cell).astype(x.dtype)
    return *np.moveaxis(cell.astype(np.int64), -1, 0), parts[..., 0, None], parts[..., 1, None]


def _tap(x: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """X[n, i, j] (n, y, x, c), 0 outside."""
    n, h, w, _ = x.shape
    inside = (i >= 0) & (i < h) & (j >= 0) & (j < w)
    values = x[np.arange(n)[:, None, None], np.clip(i, 0, h - 1), np.clip(j, 0, w - 1)]
    return np.where(inside[..., None], values, x.dtype.type(0))


def sample_plain_adjoint(dy: np.ndarray, x: np.ndarray, at: np.ndarray, needs: tuple[bool, bool]
                         ) -> tuple[np.ndarray | None, np.ndarray | None]:
    """dx as scattered, dat (n, y, x, 2) float64."""
    i, j, a, b = _cells(at, x)
    one = x.dtype.type(1)
    dx = np.zeros_like(x) if needs[0] else None
    for di, dj, weight in ((0, 0, (one - a) * (one - b)), (0, 1, (one - a) * b), (1, 0, a * (one - b)), (1, 1, a * b)):
        inside = (i + di >= 0) & (i + di < x.shape[1]) & (j + dj >= 0) & (j + dj < x.shape[2])
        if needs[0]:
            n = np.broadcast_to(np.arange(len(x))[:, None, None], i.shape)[inside]
            np.add.at(dx, (n, (i + di)[inside], (j + dj)[inside]), (dy * weight)[inside])
    if not needs[1]:
        return dx, None
    v00, v01, v10, v11 = (_tap(x, i + di, j + dj) for di, dj in ((0, 0), (0, 1), (1, 0), (1, 1)))
    slopes = (v10 - v00) * (one - b) + (v11 - v01) * b, (v01 - v00) * (one - a) + (v11 - v10) * a
    return dx, np.stack([(dy * slope).sum(-1, dtype=np.float64) for slope in slopes], axis=-1)


@kernel
def _cell(p: float, size: int) -> tuple[int, float]:
    """floor and fraction of a place."""
    held = min(max(p, -2.0), size + 1.0) if p == p else 0.0
    i = np.floor(held)
    return int(i), held - i if p == p else p


@kernel
def _sample_rows(start: int, stop: int, x: np.ndarray, at: np.ndarray, y: np.ndarray) -> None:
    """Rows (n, y) of the result; each pixel's weights once, then a run over its channels, which lie side by side."""
    _, h, w, channels = x.shape
    kind, rows = x.dtype.type, y.shape[1]
    for row in range(start, stop):
        image, line = x[row // rows], y[row // rows, row % rows]
        for col in range(line.shape[0]):
            place, out = at[row // rows, row % rows, col], line[col]
            i, fa = _cell(place[0], h)
            j, fb = _cell(place[1], w)
            a, b, one, none = kind(fa), kind(fb), kind(1), kind(0)
            w00, w01, w10, w11 = (one - a) * (one - b), (one - a) * b, a * (one - b), a * b
            top, bottom, left, right = 0 <= i < h, -1 <= i < h - 1, 0 <= j < w, -1 <= j < w - 1
            w00, w01 = w00 if top and left else none, w01 if top and right else none
            w10, w11 = w10 if bottom and left else none, w11 if bottom and right else none
            i0, i1 = min(max(i, 0), h - 1), min(max(i + 1, 0), h - 1)
            j0, j1 = min(max(j, 0), w - 1), min(max(j + 1, 0), w - 1)
            v00, v01, v10, v11 = image[i0, j0], image[i0, j1], image[i1, j0], image[i1, j1]
            for c in range(channels):
                out[c] = ((v00[c] * w00 + v01[c] * w01) + v10[c] * w10) + v11[c] * w11


@kernel
def _image_shares(start: int, stop: int, dy: np.ndarray, at: np.ndarray, dx: np.ndarray) -> None:
    """Shares (n, block of channels) of dx. Where a pixel's gradient goes is known only from `at`, so a thread owns
    channels, not rows, and walks all pixels in order: no two threads add to one element, whatever the places."""
    _, h, w, channels = dx.shape
    kind, blocks = dx.dtype.type, -(-channels // _LANES)
    for share in range(start, stop):
        n, first = share // blocks, share % blocks * _LANES
        last = min(channels, first + _LANES)
        for row in range(dy.shape[1]):
            for col in range(dy.shape[2]):
                i, fa = _cell(at[n, row, col, 0], h)
                j, fb = _cell(at[n, row, col, 1], w)
                a, b, one = kind(fa), kind(fb), kind(1)
                g = dy[n, row, col, first:last]
                for tap in range(4):
                    k, m = i + tap // 2, j + tap % 2
                    if 0 <= k < h and 0 <= m < w:
                        weight = (a if tap // 2 else one - a) * (b if tap % 2 else one - b)
                        target = dx[n, k, m, first:last]
                        for c in range(g.size):
                            target[c] += g[c] * weight


@kernel
def _place_rows(start: int, stop: int, dy: np.ndarray, x: np.ndarray, at: np.ndarray, dat: np.ndarray) -> None:
    """Rows (n, y) of the gradient for the places; sums over channels front to back, in float64."""
    _, h, w, channels = x.shape
    kind, rows = x.dtype.type, dy.shape[1]
    for row in range(start, stop):
        image, n, r = x[row // rows], row // rows, row % rows
        for col in range(dy.shape[2]):
            i, fa = _cell(at[n, r, col, 0], h)
            j, fb = _cell(at[n, r, col, 1], w)
            a, b, one, none = kind(fa), kind(fb), kind(1), kind(0)
            top, bottom, left, right = 0 <= i < h, -1 <= i < h - 1, 0 <= j < w, -1 <= j < w - 1
            i0, i1 = min(max(i, 0), h - 1), min(max(i + 1, 0), h - 1)
            j0, j1 = min(max(j, 0), w - 1), min(max(j + 1, 0), w - 1)
            dp = dq = 0.0
            for c in range(channels):
                v00 = image[i0, j0, c] if top and left else none
                v01 = image[i0, j1, c] if top and right else none
                v10 = image[i1, j0, c] if bottom and left else none
                v11 = image[i1, j1, c] if bottom and right else none
                dp += dy[n, r, col, c] * ((v10 - v00) * (one - b) + (v11 - v01) * b)
                dq += dy[n, r, col, c] * ((v01 - v00) * (one - a) + (v11 - v10) * a)
            dat[n, r, col, 0], dat[n, r, col, 1] = dp, dq


def sample(x: np.ndarray, at: np.ndarray) -> np.ndarray:
    """x (n, h, w, c), at (n, y, x, 2) float64 -> (n, y, x, c)."""
    y = empty((*at.shape[:3], x.shape[3]), x.dtype)
    run_rows(_sample_rows, at.shape[0] * at.shape[1], np.ascontiguousarray(x), at, y, work=4 * y.size)
    return y


def sample_adjoint(dy: np.ndarray, x: np.ndarray, at: np.ndarray, needs: tuple[bool, bool]
                   ) -> tuple[np.ndarray | None, np.ndarray | None]:
    """dx like x, dat (n, y, x, 2) float64; None where not needed."""
    dx = dat = None
    dy, work = np.ascontiguousarray(dy), 8 * dy.size
    if needs[0]:
        dx = np.zeros(x.shape, x.dtype)
        run_rows(_image_shares, len(x) * -(-x.shape[3] // _LANES), dy, at, dx, work=work)
    if needs[1]:
        dat = np.empty(at.shape)
        run_rows(_place_rows, at.shape[0] * at.shape[1], dy, np.ascontiguousarray(x), at, dat, work=work)
    return dx, dat

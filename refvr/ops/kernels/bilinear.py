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

from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.channel_code import blend_corners, corner_gradients, corner_slopes, corners


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
        if dx is not None:
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
    kind, rows, columns = x.dtype.type, y.shape[1], y.shape[2]
    one, none, values, target = kind(1), kind(0), x.reshape(-1), y.reshape(-1)
    for row in range(start, stop):
        n = row // rows
        for col in range(columns):
            i, fa = _cell(at[n, row % rows, col, 0], h)
            j, fb = _cell(at[n, row % rows, col, 1], w)
            a, b = kind(fa), kind(fb)
            places, seen = corners(i, j, h, w, channels)
            w00, w01 = (one - a) * (one - b) if seen[0] else none, (one - a) * b if seen[1] else none
            w10, w11 = a * (one - b) if seen[2] else none, a * b if seen[3] else none
            blend_corners((w00, w01, w10, w11), values, n * h * w * channels, places, target,
                          (row * columns + col) * channels, channels)


@kernel
def _images(start: int, stop: int, dy: np.ndarray, x: np.ndarray, at: np.ndarray, dx: np.ndarray,
            dat: np.ndarray) -> None:
    """Images start to stop of both gradients. Where a pixel's gradient goes is known only from `at`, so a thread owns
    images, not rows, and walks their pixels in order: no two threads add to one element, whatever the places."""
    rows = dy.shape[1]
    for row in range(start * rows, stop * rows):
        _row(row, dy, x, at, dx, dat)


@kernel
def _place_rows(start: int, stop: int, dy: np.ndarray, x: np.ndarray, at: np.ndarray, dx: np.ndarray,
                dat: np.ndarray) -> None:
    """Rows (n, y) of the gradient for the places alone; dx is empty."""
    for row in range(start, stop):
        _row(row, dy, x, at, dx, dat)


@kernel
def _row(row: int, dy: np.ndarray, x: np.ndarray, at: np.ndarray, dx: np.ndarray, dat: np.ndarray) -> None:
    """One row (n, y) of dat, and what it adds to dx."""
    _, h, w, channels = x.shape
    kind, rows, columns = x.dtype.type, dy.shape[1], dy.shape[2]
    n, r, image = row // rows, row % rows, row // rows * h * w * channels
    given, values, target = dy.reshape(-1), x.reshape(-1), dx.reshape(-1)
    for col in range(columns):
        i, fa = _cell(at[n, r, col, 0], h)
        j, fb = _cell(at[n, r, col, 1], w)
        parts, g_at = (kind(fa), kind(fb), kind(1)), (row * columns + col) * channels
        places, seen = corners(i, j, h, w, channels)
        if target.size:
            _, dp, dq = corner_gradients(parts, seen, values, image, places, given, g_at, target, image, given, 0,
                                         channels)
        else:
            _, dp, dq = corner_slopes(parts, seen, values, image, places, given, g_at, target, 0, given, 0, channels)
        dat[n, r, col, 0], dat[n, r, col, 1] = dp, dq


def sample(x: np.ndarray, at: np.ndarray) -> np.ndarray:
    """x (n, h, w, c), at (n, y, x, 2) float64 -> (n, y, x, c)."""
    y = empty((*at.shape[:3], x.shape[3]), x.dtype)
    run_rows(_sample_rows, at.shape[0] * at.shape[1], as_kernels_want(x), at, y, work=4 * y.size)
    return y


def sample_adjoint(dy: np.ndarray, x: np.ndarray, at: np.ndarray, needs: tuple[bool, bool]
                   ) -> tuple[np.ndarray | None, np.ndarray | None]:
    """dx like x, dat (n, y, x, 2) float64; None where not needed."""
    dy, x = np.ascontiguousarray(dy), np.ascontiguousarray(x)
    dx, dat, work = np.zeros(x.shape if needs[0] else (0, *x.shape[1:]), x.dtype), np.empty(at.shape), 8 * dy.size
    if needs[0]:
        run_rows(_images, len(x), dy, x, at, dx, dat, work=work)
    else:
        run_rows(_place_rows, at.shape[0] * at.shape[1], dy, x, at, dx, dat, work=work)
    return dx if needs[0] else None, dat if needs[1] else None

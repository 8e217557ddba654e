"""Pooling: one number for each window of pixels.

    max_pool           y[n,y,x,c] = max over i, j inside of the image of input[n, y*s + i - p, x*s + j - p, c]
    avg_pool           y[n,y,x,c] = sum over i, j inside of the image of the same / count
                       count "all": k * k, zeros of the border included (PyTorch's default); "inside": pixels summed
    global_avg_pool    the mean of all pixels, (n, 1, 1, c)
    adaptive_avg_pool  y[n,y,x,c] = mean of rows floor(y h / rows) .. ceil((y+1) h / rows) - 1, columns likewise

x  (n, h, w, c)        k window, s stride, p border, at most k // 2, so that every window sees a pixel
y = (h + 2p - k) // s + 1. The border never wins a maximum, even over negative values; NaN wins over all numbers.

Adjoint: a maximum sends its gradient to the first winner, window rows from top to bottom, each from left to right; a
mean shares it equally. Pixels gather what comes to them, windows in order, so no two threads meet.
Source: torch.nn.MaxPool2d, AvgPool2d and AdaptiveAvgPool2d; TSA in EDVR and SAFA's gate use them.
"""
from __future__ import annotations

import numpy as np

from refvr.errors import InputError, ShapeError
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import Bands, Reach, Rows, Shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.reduce import mean
from refvr.shapes import check
from refvr.types import Array


def _windows(x: np.ndarray, k: int, s: int, p: int, border: float) -> np.ndarray:
    """(n, y, x, c, k*k): what each window sees, with `border` around the image."""
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)), constant_values=border)
    views = np.lib.stride_tricks.sliding_window_view(x, (k, k), (1, 2))[:, ::s, ::s]
    return views.reshape(*views.shape[:4], k * k)


def max_plain(x: np.ndarray, *, k: int, s: int, p: int) -> np.ndarray:
    """The definition."""
    return _windows(x, k, s, p, -np.inf).max(-1)


def max_plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], k: int, s: int,
                      p: int) -> tuple[np.ndarray]:
    """Each gradient to where argmax, which takes the first, points."""
    winner = _windows(x, k, s, p, -np.inf).argmax(-1)
    n, row, column, c = np.indices(dy.shape)
    dx = np.zeros_like(x)
    np.add.at(dx, (n, row * s + winner // k - p, column * s + winner % k - p, c), dy)
    return (dx,)


def avg_plain(x: np.ndarray, *, k: int, s: int, p: int, count: str) -> np.ndarray:
    """The definition."""
    return _windows(x, k, s, p, 0).sum(-1) / _counts(x, k, s, p, count)


def avg_plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], k: int, s: int, p: int,
                      count: str) -> tuple[np.ndarray]:
    """dy / count to every pixel of its window."""
    (h, w), share = x.shape[1:3], dy / _counts(x, k, s, p, count)
    dx = np.zeros((len(x), h + 2 * p + s, w + 2 * p + s, x.shape[3]), x.dtype)
    for i in range(k):
        for j in range(k):
            dx[:, i:i + dy.shape[1] * s:s, j:j + dy.shape[2] * s:s] += share
    return (np.ascontiguousarray(dx[:, p:p + h, p:p + w]),)


def _counts(x: np.ndarray, k: int, s: int, p: int, count: str) -> np.ndarray:
    """What each window's sum is divided by, (1, y, x, 1)."""
    ones = np.ones((1, *x.shape[1:3], 1), x.dtype)
    counts = _windows(ones, k, s, p, 0 if count == "inside" else 1).sum(-1)
    return counts.astype(x.dtype)


@kernel
def _max_rows(start: int, stop: int, x: np.ndarray, k: int, s: int, p: int, y: np.ndarray) -> None:
    """Rows of the output, counted through all images."""
    h, w, c = x.shape[1:]
    for row in range(start, stop):
        n, top = divmod(row, y.shape[1])
        for column in range(y.shape[2]):
            best = y[n, top, column]
            first = True
            for i in range(max(0, top * s - p), min(h, top * s - p + k)):
                for j in range(max(0, column * s - p), min(w, column * s - p + k)):
                    value = x[n, i, j]
                    for m in range(c):
                        if first or value[m] > best[m] or value[m] != value[m]:
                            best[m] = value[m]
                    first = False


@kernel
def _max_adjoint_rows(start: int, stop: int, dy: np.ndarray, x: np.ndarray, k: int, s: int, p: int,
                      dx: np.ndarray) -> None:
    """Rows of dx: every window that touches one looks for its winners again and adds those that lie in the row."""
    h, w, c = x.shape[1:]
    best, i_best, j_best = np.empty(c, x.dtype), np.empty(c, np.int64), np.empty(c, np.int64)
    for at in range(start, stop):
        n, row = divmod(at, h)
        for top in range(max(0, -(-(row + p - k + 1) // s)), min(dy.shape[1], (row + p) // s + 1)):
            for column in range(dy.shape[2]):
                first = True
                for i in range(max(0, top * s - p), min(h, top * s - p + k)):
                    for j in range(max(0, column * s - p), min(w, column * s - p + k)):
                        for m in range(c):
                            value = x[n, i, j, m]
                            if first or value > best[m] or value != value and best[m] == best[m]:
                                best[m], i_best[m], j_best[m] = value, i, j
                        first = False
                for m in range(c):
                    if i_best[m] == row:
                        dx[n, row, j_best[m], m] += dy[n, top, column, m]


@kernel
def _avg_rows(start: int, stop: int, x: np.ndarray, k: int, s: int, p: int, inside: bool, y: np.ndarray) -> None:
    """Rows of the output, counted through all images."""
    h, w, c = x.shape[1:]
    for row in range(start, stop):
        n, top = divmod(row, y.shape[1])
        i0, i1 = max(0, top * s - p), min(h, top * s - p + k)
        for column in range(y.shape[2]):
            j0, j1, total = max(0, column * s - p), min(w, column * s - p + k), y[n, top, column]
            total[:] = 0
            for i in range(i0, i1):
                for j in range(j0, j1):
                    value = x[n, i, j]
                    for m in range(c):
                        total[m] += value[m]
            count = x.dtype.type((i1 - i0) * (j1 - j0) if inside else k * k)
            for m in range(c):
                total[m] /= count


@kernel
def _avg_adjoint_rows(start: int, stop: int, dy: np.ndarray, k: int, s: int, p: int, inside: bool,
                      dx: np.ndarray) -> None:
    """Rows of dx, each pixel from the windows that see it."""
    h, w, c = dx.shape[1:]
    for at in range(start, stop):
        n, row = divmod(at, h)
        for column in range(w):
            total = dx[n, row, column]
            for top in range(max(0, -(-(row + p - k + 1) // s)), min(dy.shape[1], (row + p) // s + 1)):
                high = min(h, top * s - p + k) - max(0, top * s - p)
                for left in range(max(0, -(-(column + p - k + 1) // s)), min(dy.shape[2], (column + p) // s + 1)):
                    wide = min(w, left * s - p + k) - max(0, left * s - p)
                    count = dx.dtype.type(high * wide if inside else k * k)
                    for m in range(c):
                        total[m] += dy[n, top, left, m] / count


def _size(x: Shape, *, k: int, s: int, p: int, count: str = "") -> Shape:
    return x[0], (x[1] + 2 * p - k) // s + 1, (x[2] + 2 * p - k) // s + 1, x[3]


def _rows_seen(x: Rows, *, k: int, s: int, p: int, count: str = "") -> Bands:
    """Those of the windows, from a multiple of the stride on."""
    return Bands(1, (Reach(1, s, -(-p // s) * s, k - s - p),))


def max_fast(x: np.ndarray, *, k: int, s: int, p: int) -> np.ndarray:
    """The definition, channels side by side, threads by rows of the output."""
    y = empty(_size(x.shape, k=k, s=s, p=p), x.dtype)
    run_rows(_max_rows, len(y) * y.shape[1], as_kernels_want(x), k, s, p, y, work=y.size * k * k)
    return y


def max_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], k: int, s: int,
                p: int) -> tuple[np.ndarray]:
    """Gathered by rows of dx; looking for the winners again is cheaper than keeping their places."""
    dx = np.zeros(x.shape, x.dtype)
    run_rows(_max_adjoint_rows, len(x) * x.shape[1], np.ascontiguousarray(dy), np.ascontiguousarray(x), k, s, p, dx,
             work=y.size * k * k)
    return (dx,)


def avg_fast(x: np.ndarray, *, k: int, s: int, p: int, count: str) -> np.ndarray:
    """The definition, channels side by side, threads by rows of the output."""
    y = empty(_size(x.shape, k=k, s=s, p=p), x.dtype)
    run_rows(_avg_rows, len(y) * y.shape[1], as_kernels_want(x), k, s, p, count == "inside", y,
             work=y.size * k * k)
    return y


def avg_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], k: int, s: int, p: int,
                count: str) -> tuple[np.ndarray]:
    """Gathered by rows of dx."""
    dx = np.zeros(x.shape, x.dtype)
    run_rows(_avg_adjoint_rows, len(x) * x.shape[1], np.ascontiguousarray(dy), k, s, p, count == "inside", dx,
             work=y.size * k * k)
    return (dx,)


def adaptive_plain(x: np.ndarray, *, size: tuple[int, int]) -> np.ndarray:
    """The definition; it serves both backends: means over whole blocks of the image."""
    blocks = [[x[:, top:bottom, left:right].mean((1, 2)) for left, right in _cuts(x.shape[2], size[1])]
              for top, bottom in _cuts(x.shape[1], size[0])]
    return np.stack([np.stack(row, axis=1) for row in blocks], axis=1)


def adaptive_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool],
                     size: tuple[int, int]) -> tuple[np.ndarray]:
    """dy / number of pixels to every pixel of its block; blocks may share pixels."""
    dx = np.zeros_like(x)
    for row, (top, bottom) in enumerate(_cuts(x.shape[1], size[0])):
        for column, (left, right) in enumerate(_cuts(x.shape[2], size[1])):
            share = dy[:, row, column] / x.dtype.type((bottom - top) * (right - left))
            dx[:, top:bottom, left:right] += share[:, None, None]
    return (dx,)


def _cuts(length: int, parts: int) -> list[tuple[int, int]]:
    """From and to of each part: floor(k length / parts), ceil((k + 1) length / parts)."""
    return [(k * length // parts, -(-(k + 1) * length // parts)) for k in range(parts)]


_max_pool = Operation("max_pool", max_plain, fast=max_fast, adjoint=max_adjoint, plain_adjoint=max_plain_adjoint,
                      shape=_size, rows=_rows_seen)
_avg_pool = Operation("avg_pool", avg_plain, fast=avg_fast, adjoint=avg_adjoint, plain_adjoint=avg_plain_adjoint,
                      shape=_size, rows=_rows_seen)
_adaptive = Operation("adaptive_avg_pool", adaptive_plain, adjoint=adaptive_adjoint,
                      shape=lambda x, size: (x[0], *size, x[3]))


def _check(who: str, x: Array, k: int, s: int, p: int) -> None:
    _, h, w, _ = check(x, "n h w c", who=who)
    if k < 1 or s < 1 or not 0 <= p <= k // 2:
        raise InputError(f"{who}: got window {k}, stride {s} and border {p}, expected at least 1, at least 1 and "
                         "0 to half of the window")
    if min(h, w) < 1 or min(h, w) + 2 * p < k:
        raise ShapeError(f"{who}: got {h} x {w} pixels, expected at least {max(1, k - 2 * p)} each way")


def max_pool(x: Array, k: int = 3, *, stride: int = 2, padding: int = 1) -> Array:
    """Largest value of each k x k window, (n, h, w, c) -> (n, y, x, c). The gradient goes to the first winner."""
    _check("max_pool", x, k, stride, padding)
    return _max_pool(x, k=k, s=stride, p=padding)


def avg_pool(x: Array, k: int = 3, *, stride: int = 2, padding: int = 1, count: str = "all") -> Array:
    """Mean of each k x k window, (n, h, w, c) -> (n, y, x, c).

    count  "all": divided by k * k, the border counts as zeros; "inside": by the number of pixels in the image
    """
    _check("avg_pool", x, k, stride, padding)
    if count not in ("all", "inside"):
        raise InputError(f"avg_pool: got count {count!r}, expected 'all' or 'inside'")
    return _avg_pool(x, k=k, s=stride, p=padding, count=count)


def global_avg_pool(x: Array) -> Array:
    """Mean of all pixels, (n, h, w, c) -> (n, 1, 1, c)."""
    check(x, "n h w c", who="global_avg_pool")
    return mean(x, axis=(1, 2), keepdims=True)


def adaptive_avg_pool(x: Array, size: tuple[int, int]) -> Array:
    """Means of `size` = (rows, columns) blocks that cover the image, (n, h, w, c) -> (n, rows, columns, c)."""
    _, h, w, _ = check(x, "n h w c", who="adaptive_avg_pool")
    if len(size) != 2 or min(size) < 1 or min(h, w) < 1:
        raise ShapeError(f"adaptive_avg_pool: got {h} x {w} pixels and size {tuple(size)}, expected at least 1 each")
    return _adaptive(x, size=(int(size[0]), int(size[1])))

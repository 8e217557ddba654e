"""A factor for each channel: loops over many pixels at a time, with the factors repeated, because channels are few.

Sums over pixels are made in a fixed number of chunks, in each one sum for every place of the repeated factors, and all
of them are added up in float64: the number of threads does not change a bit.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows

_LOOP = 512  # elements of an inner loop, at least
_CHUNKS = 16


def by_rows(rows: Callable[..., None], x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """`rows(start, stop, x, w, y)` over the pixels of x (..., c) and y like it, flat; w (c,) comes repeated."""
    y = empty(x.shape, x.dtype)
    run_rows(rows, x.size // w.size, as_kernels_want(x).reshape(-1), w.size, _repeated(w), y.reshape(-1), work=x.size)
    return y


def by_chunks(chunks: Callable[..., None], dy: np.ndarray, x: np.ndarray, w: np.ndarray
              ) -> tuple[np.ndarray, np.ndarray]:
    """dx like x and dw like w by `chunks(start, stop, dy, x, pixels, c, w, dx, sums)`, arrays flat, w repeated."""
    dx, slopes, pixels = empty(x.shape, x.dtype), _repeated(w), x.size // w.size
    sums = np.zeros((max(1, min(_CHUNKS, pixels)), slopes.size), x.dtype)
    run_rows(chunks, len(sums), as_kernels_want(dy).reshape(-1), as_kernels_want(x).reshape(-1), pixels, w.size, slopes,
             dx.reshape(-1), sums, work=x.size)
    return dx, sums.reshape(-1, w.size).sum(0, dtype=np.float64).astype(w.dtype)


def _repeated(w: np.ndarray) -> np.ndarray:
    """w again and again, so that loops over it are long."""
    found = np.empty((-(-_LOOP // w.size), w.size), w.dtype)
    found[:] = w
    return found.reshape(-1)


@kernel
def scale_rows(start: int, stop: int, x: np.ndarray, c: int, w: np.ndarray, y: np.ndarray) -> None:
    """y = x w."""
    for first in range(start * c, stop * c, w.size):
        count = min(w.size, stop * c - first)
        seen, to = x[first:first + count], y[first:first + count]
        for k in range(count):
            to[k] = seen[k] * w[k]


@kernel
def scale_chunks(start: int, stop: int, dy: np.ndarray, x: np.ndarray, pixels: int, c: int, w: np.ndarray,
                 dx: np.ndarray, sums: np.ndarray) -> None:
    """dx = dy w, dw = sum of dy x."""
    for chunk in range(start, stop):
        total, end = sums[chunk], pixels * (chunk + 1) // len(sums) * c
        for first in range(pixels * chunk // len(sums) * c, end, w.size):
            count = min(w.size, end - first)
            seen, given, to = x[first:first + count], dy[first:first + count], dx[first:first + count]
            for k in range(count):
                to[k] = given[k] * w[k]
            for k in range(count):
                total[k] += given[k] * seen[k]

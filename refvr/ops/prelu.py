"""PReLU: a leaky relu whose slope is learnt, one per channel.

    y[..., c] = x[..., c]           if x[..., c] > 0
                w[c] * x[..., c]    otherwise

x  (..., c), any axes before the channels       w  (c,)
At 0 both gradients take the lower branch: dx = w dy, dw gets x dy = 0 (PyTorch's choice).
Source: He et al., "Delving deep into rectifiers", 2015, equation 1.
"""
from __future__ import annotations

import numpy as np

from refvr.ops.core.arena import empty
from refvr.ops.core.bands import each_row, same_shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.shapes import check
from refvr.types import Array

_LOOP = 512  # elements of an inner loop, at least
_CHUNKS = 16  # of pixels, each with sums of its own


def plain(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The definition."""
    return np.where(x > 0, x, w * x)


@kernel
def _rows(start: int, stop: int, x: np.ndarray, w: np.ndarray, y: np.ndarray) -> None:
    """Pixels start to stop of the function; w holds the slopes again and again, so that loops are long."""
    c = y.shape[1]
    for first in range(start * c, stop * c, w.size):
        count = min(w.size, stop * c - first)
        seen, to = x.reshape(-1)[first:first + count], y.reshape(-1)[first:first + count]
        for k in range(count):
            to[k] = seen[k] if seen[k] > 0 else w[k] * seen[k]


@kernel
def _adjoint_chunks(start: int, stop: int, dy: np.ndarray, x: np.ndarray, w: np.ndarray, dx: np.ndarray,
                    sums: np.ndarray) -> None:
    """Chunks of pixels of dx; sums[chunk] what they add to dw, each place of w by itself."""
    pixels, c = x.shape
    for chunk in range(start, stop):
        total, end = sums[chunk], pixels * (chunk + 1) // len(sums) * c
        for first in range(pixels * chunk // len(sums) * c, end, w.size):
            count = min(w.size, end - first)
            seen, given = x.reshape(-1)[first:first + count], dy.reshape(-1)[first:first + count]
            to = dx.reshape(-1)[first:first + count]
            for k in range(count):
                to[k] = given[k] if seen[k] > 0 else w[k] * given[k]
            for k in range(count):
                total[k] += given[k] * min(seen[k], 0)


def _repeated(w: np.ndarray) -> np.ndarray:
    """The slopes of so many pixels that loops over them are long."""
    return np.tile(w, -(-_LOOP // w.size))


def fast(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """One pass, no temporary arrays; channels innermost, where they fill vectors."""
    y = empty(x.shape, x.dtype)
    rows = np.ascontiguousarray(x).reshape(-1, w.size)
    run_rows(_rows, len(rows), rows, _repeated(w), y.reshape(rows.shape), work=x.size)
    return y


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, w: np.ndarray, *,
            needs: tuple[bool, bool]) -> tuple[np.ndarray | None, ...]:
    """dx = dy if x > 0 else w dy;  dw[c] = sum of x dy where x <= 0."""
    dx, slopes = empty(x.shape, x.dtype), _repeated(w)
    given, seen, to = (np.ascontiguousarray(part).reshape(-1, w.size) for part in (dy, x, dx))
    sums = np.zeros((max(1, min(_CHUNKS, len(seen))), slopes.size), x.dtype)
    run_rows(_adjoint_chunks, len(sums), given, seen, slopes, to, sums, work=x.size)
    dw = sums.reshape(-1, w.size).sum(0, dtype=np.float64).astype(w.dtype)
    return dx if needs[0] else None, dw if needs[1] else None


_prelu = Operation("prelu", plain, fast=fast, adjoint=adjoint, shape=same_shape, rows=each_row)


def prelu(x: Array, w: Array) -> Array:
    """x where x > 0, else w[c] * x; x (..., c), w (c,)."""
    check(w, "c", who="prelu w", c=check(x, "... c", who="prelu x")[-1])
    return _prelu(x, w)

"""PReLU: a leaky relu whose slope is learnt, one per channel.

    y[..., c] = x[..., c]           if x[..., c] > 0
                w[c] * x[..., c]    otherwise

x  (..., c), any axes before the channels       w  (c,)
At 0 both gradients take the lower branch: dx = w dy, dw gets x dy = 0 (PyTorch's choice).
Source: He et al., "Delving deep into rectifiers", 2015, equation 1.
"""
from __future__ import annotations

import numpy as np

from refvr.ops.core.bands import each_row, same_shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.kernels.channel_rows import by_chunks, by_rows
from refvr.shapes import check
from refvr.types import Array


def plain(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The definition."""
    return np.where(x > 0, x, w * x)


@kernel
def _rows(start: int, stop: int, x: np.ndarray, c: int, w: np.ndarray, y: np.ndarray) -> None:
    """Pixels start to stop; see kernels/channel_rows.py."""
    for first in range(start * c, stop * c, w.size):
        count = min(w.size, stop * c - first)
        seen, to = x[first:first + count], y[first:first + count]
        for k in range(count):
            to[k] = seen[k] if seen[k] > 0 else w[k] * seen[k]


@kernel
def _adjoint_chunks(start: int, stop: int, dy: np.ndarray, x: np.ndarray, pixels: int, c: int, w: np.ndarray,
                    dx: np.ndarray, sums: np.ndarray) -> None:
    """Chunks start to stop; see kernels/channel_rows.py."""
    for chunk in range(start, stop):
        total, end = sums[chunk], pixels * (chunk + 1) // len(sums) * c
        for first in range(pixels * chunk // len(sums) * c, end, w.size):
            count = min(w.size, end - first)
            seen, given, to = x[first:first + count], dy[first:first + count], dx[first:first + count]
            for k in range(count):
                to[k] = given[k] if seen[k] > 0 else w[k] * given[k]
            for k in range(count):
                total[k] += given[k] * (x.dtype.type(0) if seen[k] > 0 else seen[k])


def fast(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """One pass, no temporary arrays."""
    return by_rows(_rows, x, w)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, w: np.ndarray, *,
            needs: tuple[bool, bool]) -> tuple[np.ndarray | None, ...]:
    """dx = dy if x > 0 else w dy;  dw[c] = sum of x dy where x <= 0; one pass for both."""
    return by_chunks(_adjoint_chunks, dy, x, w)


_prelu = Operation("prelu", plain, fast=fast, adjoint=adjoint, shape=same_shape, rows=each_row)


def prelu(x: Array, w: Array) -> Array:
    """x where x > 0, else w[c] * x; x (..., c), w (c,)."""
    check(w, "c", who="prelu w", c=check(x, "... c", who="prelu x")[-1])
    return _prelu(x, w)

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
from refvr.ops.reduce import channel_sum
from refvr.shapes import check
from refvr.types import Array


def plain(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The definition."""
    return np.where(x > 0, x, w * x)


@kernel
def _rows(start: int, stop: int, x: np.ndarray, w: np.ndarray, v: np.ndarray, y: np.ndarray) -> None:
    """y = v where x > 0, else w v: the function itself with v = x, its adjoint with v = dy. All (m, c)."""
    for m in range(start, stop):
        x_m, v_m, y_m = x[m], v[m], y[m]
        for c in range(w.size):
            y_m[c] = v_m[c] if x_m[c] > 0 else w[c] * v_m[c]


def _select(x: np.ndarray, w: np.ndarray, v: np.ndarray) -> np.ndarray:
    """One pass, no temporary arrays; channels innermost, where they fill vectors."""
    y = empty(x.shape, x.dtype)
    flat = [np.ascontiguousarray(part).reshape(-1, w.size) for part in (x, v, y)]
    run_rows(_rows, len(flat[0]), flat[0], w, *flat[1:], work=x.size)
    return y


def fast(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The kernel with v = x."""
    return _select(x, w, x)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, w: np.ndarray, *,
            needs: tuple[bool, bool]) -> tuple[np.ndarray | None, ...]:
    """dx = dy if x > 0 else w dy;  dw[c] = sum of x dy where x <= 0."""
    dx = _select(x, w, dy) if needs[0] else None
    dw = channel_sum(np.minimum(x, 0) * dy).astype(w.dtype) if needs[1] else None
    return dx, dw


_prelu = Operation("prelu", plain, fast=fast, adjoint=adjoint, shape=same_shape, rows=each_row)


def prelu(x: Array, w: Array) -> Array:
    """x where x > 0, else w[c] * x; x (..., c), w (c,)."""
    check(w, "c", who="prelu w", c=check(x, "... c", who="prelu x")[-1])
    return _prelu(x, w)

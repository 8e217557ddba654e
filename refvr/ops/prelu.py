"""PReLU: a leaky relu whose slope is learnt, one per channel.

    y[..., c] = x[..., c]           if x[..., c] > 0
                w[c] * x[..., c]    otherwise

x  (..., c), any axes before the channels       w  (c,)
At 0 both gradients take the lower branch: dx = w dy, dw gets x dy = 0 (PyTorch's choice).
Source: He et al., "Delving deep into rectifiers", 2015, equation 1.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.ops._operation import Operation
from refvr.ops.arithmetic import unbroadcast
from refvr.shapes import check


def plain(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The definition."""
    return np.where(x > 0, x, w * x)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, w: np.ndarray, *,
            needs: tuple[bool, bool]) -> tuple[np.ndarray | None, ...]:
    """dx = dy if x > 0 else w dy;  dw[c] = sum of x dy where x <= 0."""
    dx = np.where(x > 0, dy, w * dy) if needs[0] else None
    dw = unbroadcast(np.where(x > 0, x.dtype.type(0), x * dy), w.shape) if needs[1] else None
    return dx, dw


_prelu = Operation("prelu", plain, adjoint=adjoint)


def prelu(x: Any, w: Any) -> Any:
    """x where x > 0, else w[c] * x; x (..., c), w (c,)."""
    check(w, "c", who="prelu w", c=check(x, "... c", who="prelu x")[-1])
    return _prelu(x, w)

"""Between the layout of a case (channels first, as in PyTorch) and ours (channels last); samples of large arrays."""
from __future__ import annotations

from typing import Any

import numpy as np


def channels_last(x: np.ndarray, dtype: Any) -> np.ndarray:
    """(..., c, h, w) -> (..., h, w, c), contiguous, of type `dtype`."""
    return np.ascontiguousarray(np.moveaxis(x, -3, -1), dtype)


def channels_first(x: np.ndarray) -> np.ndarray:
    """(..., h, w, c) -> (..., c, h, w)."""
    return np.moveaxis(x, -1, -3)


def sample(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """Every s-th element along each axis, with the smallest s >= 1 that gives `shape`; None where there is none.

    Cases keep large values thinned out, x[:, ::4, ::2, ::2], and say so in their notes. The strides follow from the
    sizes: a wrong one would pick other values, and show.
    """
    if x.ndim != len(shape):
        return None
    steps = [next((s for s in range(1, size + 1) if -(-size // s) == wanted), 0 if size or wanted else 1)
             for size, wanted in zip(x.shape, shape)]
    return x[tuple(slice(None, None, s) for s in steps)] if all(steps) else None

"""Between the layout of a case (channels first, as in PyTorch) and ours (channels last); samples of large arrays."""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.errors import InputError


def channels_last(x: np.ndarray, dtype: Any) -> np.ndarray:
    """(..., c, h, w) -> (..., h, w, c), contiguous, of type `dtype`."""
    return np.ascontiguousarray(np.moveaxis(x, -3, -1), dtype)


def channels_first(x: np.ndarray) -> np.ndarray:
    """(..., h, w, c) -> (..., c, h, w)."""
    return np.moveaxis(x, -1, -3)


def sample(x: np.ndarray, shape: tuple[int, ...], name: str = "") -> np.ndarray:
    """Every s-th element along each axis, with the s >= 1 that gives `shape`.

    Cases keep large intermediate values and gradients thinned out: x[:, ::4, ::2, ::2]. The stride follows from the
    sizes, since ceil(size / s) falls as s grows; the smallest that fits is the one that was used.
    """
    if x.ndim != len(shape):
        raise InputError(f"{name}: got shape {shape} in the case, expected {x.ndim} axes like {x.shape}")
    steps = []
    for size, wanted in zip(x.shape, shape):
        fitting = (s for s in range(1, size + 1) if -(-size // s) == wanted)
        steps.append(next(fitting, 0))
    if 0 in steps:
        raise InputError(f"{name}: got shape {shape} in the case, expected every s-th element of {x.shape}")
    return x[tuple(slice(None, None, s) for s in steps)]

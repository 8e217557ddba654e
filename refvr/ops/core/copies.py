"""Copies of large arrays on all threads: one thread alone does not use all that memory can move."""
from __future__ import annotations

import numpy as np

from refvr.ops.core.threads import run_rows


def copy_to(y: np.ndarray, x: np.ndarray) -> None:
    """y[...] = x, of equal shapes, by blocks along the first axis that has several elements."""
    axis = next((k for k, size in enumerate(y.shape) if size > 1), 0)
    if y.ndim:
        run_rows(_rows, y.shape[axis], np.moveaxis(y, axis, 0), np.moveaxis(x, axis, 0), work=y.size)
    else:
        y[...] = x


def _rows(start: int, stop: int, y: np.ndarray, x: np.ndarray) -> None:
    y[start:stop] = x[start:stop]

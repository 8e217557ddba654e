"""Bring frames to the multiple that a network needs, and back. Pads at the bottom and right, as the originals do."""
from __future__ import annotations

import numpy as np


def reflect_index(i: np.ndarray, n: int) -> np.ndarray:
    """Whole-sample reflection, d c b | a b c d | c b a, repeated for indices far outside; all 0 where n = 1."""
    if n == 1:
        return np.zeros_like(i)
    period = 2 * (n - 1)
    i = i % period
    return np.minimum(i, period - i)


def pad_to_multiple(frame: np.ndarray, multiple: int) -> np.ndarray:
    """(..., h, w, c) -> the same with h and w grown to multiples, reflecting (the border itself is not repeated).

    Any size >= 1 pixel works: where the originals fail (a padding as large as the image), the reflection goes on.
    """
    h, w = frame.shape[-3:-1]
    rows = reflect_index(np.arange(h + -h % multiple), h)
    columns = reflect_index(np.arange(w + -w % multiple), w)
    if len(rows) == h and len(columns) == w:
        return frame
    return frame[..., rows[:, None], columns, :]   # (..., h', w', c)


def crop(frame: np.ndarray, h: int, w: int) -> np.ndarray:
    """The top left h x w pixels of (..., h', w', c)."""
    return frame[..., :h, :w, :]

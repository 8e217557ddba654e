"""Axes by letters, the one way in which layouts are named: "n h w c" is ours; `compare` searches among others."""
from __future__ import annotations

import numpy as np


def reordered(x: np.ndarray, have: str, want: str) -> np.ndarray:
    """A view of `x`, whose axes are `have`, with the axes `want`: the same letters, apart by blanks."""
    axes = have.split()
    return x.transpose([axes.index(axis) for axis in want.split()])

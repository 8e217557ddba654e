"""Mistakes in convolutions over frames: conv3d alone."""
from __future__ import annotations

import numpy as np

from refvr.verify.mistakes._catalogue import Given, Op, mistake, unless


@mistake("order", "conv3d")
def kernel_reversed_in_time(op: Op, a: Given) -> np.ndarray:
    """the kernel reversed in time."""
    unless(a.weight.shape[0] == 1)
    return op(a.but(weight=a.weight[::-1]))


@mistake("border", "conv3d")
def time_padded_by_its_ends(op: Op, a: Given) -> np.ndarray:
    """the first and last frame repeated where zeros belong."""
    t, h, w = (a.padding,) * 3 if isinstance(a.padding, int) else a.padding
    unless(t == 0)
    return op(a.but(x=np.pad(a.x, ((0, 0), (t, t), (0, 0), (0, 0), (0, 0)), "edge"), padding=(0, h, w)))


@mistake("border", "conv3d")
def sides_padded_by_the_edge(op: Op, a: Given) -> np.ndarray:
    """rows and columns repeated at the border where zeros belong."""
    t, h, w = (a.padding,) * 3 if isinstance(a.padding, int) else a.padding
    unless(h == w == 0)
    return op(a.but(x=np.pad(a.x, ((0, 0), (0, 0), (h, h), (w, w), (0, 0)), "edge"), padding=(t, 0, 0)))

"""Axes by letters."""
import numpy as np

from refvr.verify.runs.axes import reordered


def test_a_view_with_other_axes():
    x = np.arange(24).reshape(2, 3, 4)
    y = reordered(x, "a b c", "c a b")
    assert y.shape == (4, 2, 3) and y[3, 1, 2] == x[1, 2, 3] and np.shares_memory(x, y)

"""Figures of a difference."""
import numpy as np

from refvr.verify.compare.figures import figures


def test_figures_of_nonsense():
    ours = np.array([1.0, np.nan, 3.0, 4.0], np.float32)
    found, _ = figures(np.array([1.0, np.nan, np.inf, 4.0], np.float32), ours)
    assert (found.nan, found.inf, found.max_abs) == (1, 1, np.inf)
    same, _ = figures(ours, ours)
    assert same.max_abs == 0 and same.cosine == 1

"""Rims: how far a restored clip goes beyond both sides of its edges, as sharpening does, in shares of their steps.

    step(p)      = max x - min x                                                  in 7x7 pixels around p
    overshoot(p) = max(max y - max x, min x - min y, 0) / step(p)                 in the same pixels

The mean over all edge pixels of all frames: those where the step is at least 0.2 and the clean picture rises by a third
of it in a pixel. An ideal step that is sharpened by amount (x - Gaussian of x) has the overshoot amount * Phi(-1 /
(2 sigma)), 0.185 for amount 0.6 and sigma 1; a step that is blurred has none. y and x are luma, Y of BT.601 over its
whole range.
"""
from __future__ import annotations

import numpy as np

SIDE = 7  # pixels each way, around an edge
LEAST = 0.2  # of white: a lower step is texture
STEEP = 1 / 3  # of the step, in a pixel

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def overshoot(y: np.ndarray, x: np.ndarray) -> float:
    """The mean overshoot at the edges of the clean clip, a share of their steps; 0 where it has no edges.

    y, x  restored and clean frames (t, h, w, 3) in [0, 1]
    """
    found = [_of_frame(np.asarray(ours, np.float32) @ _LUMA, np.asarray(theirs, np.float32) @ _LUMA)
             for ours, theirs in zip(y, x)]
    shares = np.concatenate(found) if found else np.zeros(0)
    return float(shares.mean(dtype=np.float64)) if shares.size else 0.0


def _of_frame(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One value for each edge pixel."""
    from scipy.ndimage import maximum_filter, minimum_filter

    high, low = maximum_filter(x, SIDE), minimum_filter(x, SIDE)
    step, slope = high - low, np.hypot(*np.gradient(x))
    edges = (step >= LEAST) & (slope >= STEEP * step)
    beyond = np.maximum(maximum_filter(y, SIDE) - high, low - minimum_filter(y, SIDE))
    return np.maximum(beyond[edges], 0) / step[edges]

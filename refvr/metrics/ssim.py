"""Structural similarity (Wang et al., IEEE Transactions on Image Processing 13(4), 2004), the variant of video papers.

With means m, variances v and the covariance c of two pictures under an 11x11 Gaussian window of deviation 1.5, at
every position where the window lies inside the picture:

    ssim = (2 m_a m_b + C1) (2 c + C2) / ((m_a^2 + m_b^2 + C1) (v_a + v_b + C2))
    C1 = (0.01 peak)^2,   C2 = (0.03 peak)^2,   v = E[x^2] - m^2 (not the unbiased one)

The result is the mean over positions and channels.
"""
from __future__ import annotations

import numpy as np

from refvr.errors import ShapeError

TAPS, DEVIATION = 11, 1.5


def ssim(a: np.ndarray, b: np.ndarray, *, peak: float = 1.0) -> float:
    """SSIM of two pictures (h, w) or (h, w, c), both sides at least 11, computed in float64."""
    if a.shape != b.shape or a.ndim not in (2, 3) or min(a.shape[:2]) < TAPS:
        raise ShapeError(f"ssim: got shapes {a.shape} and {b.shape}, expected two equal ones, (h, w) or (h, w, c), "
                         f"sides at least {TAPS}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    mean_a, mean_b = _blur(a), _blur(b)
    var_a, var_b = _blur(a * a) - mean_a ** 2, _blur(b * b) - mean_b ** 2
    covariance = _blur(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    return float(np.mean((2 * mean_a * mean_b + c1) * (2 * covariance + c2)
                         / ((mean_a ** 2 + mean_b ** 2 + c1) * (var_a + var_b + c2))))


def _blur(x: np.ndarray) -> np.ndarray:
    """The window's mean at every valid position, (h, w, ...) -> (h - 10, w - 10, ...)."""
    window = np.exp(-0.5 * ((np.arange(TAPS) - TAPS // 2) / DEVIATION) ** 2)
    window /= window.sum()
    rows = sum(weight * x[k:x.shape[0] - TAPS + 1 + k] for k, weight in enumerate(window))
    return sum(weight * rows[:, k:x.shape[1] - TAPS + 1 + k] for k, weight in enumerate(window))

"""Peak signal-to-noise ratio.

    psnr = 10 log10(peak^2 / mean((a - b)^2))

In dB; infinite for equal arrays.
"""
from __future__ import annotations

import math

import numpy as np

from refvr.errors import ShapeError


def psnr(a: np.ndarray, b: np.ndarray, *, peak: float = 1.0) -> float:
    """PSNR over all values of two arrays of one shape; differences and mean in float64.

    Nothing is clipped, rounded or cropped: what a published figure did before is in `protocols.py`.
    """
    if a.shape != b.shape:
        raise ShapeError(f"psnr: got shapes {a.shape} and {b.shape}, expected equal ones")
    error = np.mean(np.square(a.astype(np.float64) - b))
    return 10 * math.log10(peak ** 2 / error) if error > 0 else math.inf

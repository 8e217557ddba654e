"""Pictures as the scores of published results see them: 8 bits, and YCbCr of BT.601 in its limited range.

    Y  = 16 + 65.481 R + 128.553 G + 24.966 B                 R, G, B in [0, 1]; Y in 16..235
    Cb = 128 - 37.797 R - 74.203 G + 112 B
    Cr = 128 + 112 R - 93.786 G - 18.214 B

Source: MATLAB's rgb2ycbcr; XPixelGroup/BasicSR, basicsr/utils/color_util.py and img_util.py (there in the order B G R).
"""
from __future__ import annotations

import numpy as np

_YCBCR = np.array([[65.481, -37.797, 112.0], [128.553, -74.203, -93.786], [24.966, 112.0, -18.214]])  # R G B by Y Cb Cr
_ZERO = np.array([16.0, 128.0, 128.0])


def to_8bit(rgb: np.ndarray) -> np.ndarray:
    """Floats in [0, 1], limited to it, times 255 in their own type, rounded (halves to even): uint8."""
    return np.rint(np.clip(rgb, 0, 1) * rgb.dtype.type(255)).astype(np.uint8)


def ycbcr(rgb: np.ndarray) -> np.ndarray:
    """(..., 3) -> (..., 3): uint8 to rounded uint8, floats in [0, 1] to floats of their type over 255."""
    return _converted(rgb, _YCBCR, _ZERO)


def luma(rgb: np.ndarray) -> np.ndarray:
    """(..., 3) -> (...): Y alone, as `ycbcr` has it."""
    return _converted(rgb, _YCBCR[:, 0], _ZERO[0])


def _converted(rgb: np.ndarray, matrix: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """The products in float64, of shares that uint8 pictures get as float32: published scores depend on that."""
    whole = rgb.dtype == np.uint8
    share = rgb.astype(np.float32) / np.float32(255) if whole else rgb
    levels = share.astype(np.float64) @ matrix + zero
    return np.rint(levels).astype(np.uint8) if whole else (levels / 255).astype(rgb.dtype)

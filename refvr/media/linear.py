"""Linear light <-> display values, for OpenEXR, whose samples are proportional to light and may exceed 1.

Networks are trained on display values in [0, 1]. So of a linear picture x they see the curve of sRGB over what lies in
[0, 1], and the rest passes by their side, untouched, as alpha does:

    rgb = encode(clip(x, 0, 1))        beyond = x - clip(x, 0, 1)        x = decode(rgb) + beyond

    encode  12.92 x up to 0.0031308, then 1.055 x^(1/2.4) - 0.055; straight on below 0
Source: IEC 61966-2-1.
"""
from __future__ import annotations

import numpy as np


def encode(x: np.ndarray) -> np.ndarray:
    """Linear light -> display values, float32."""
    x = np.asarray(x, np.float32)
    curve = np.float32(1.055) * np.maximum(x, np.float32(0.0031308)) ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.where(x <= np.float32(0.0031308), np.float32(12.92) * x, curve)


def decode(v: np.ndarray) -> np.ndarray:
    """Display values -> linear light, float32."""
    v = np.asarray(v, np.float32)
    curve = ((np.maximum(v, np.float32(0.04045)) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(v <= np.float32(0.04045), v / np.float32(12.92), curve)


def split(x: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Linear light -> (display values in [0, 1], what lies beyond in linear light, or None where nothing does)."""
    inside = np.clip(x, 0, 1)
    beyond = x - inside
    return encode(inside), beyond if beyond.any() else None


def join(rgb: np.ndarray, beyond: np.ndarray | None) -> np.ndarray:
    """The inverse of `split`."""
    return decode(rgb) if beyond is None else decode(rgb) + beyond

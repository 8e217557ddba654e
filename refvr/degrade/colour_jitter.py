"""Colours changed as STFAN changes them for training: brightness, contrast, saturation, hue, in this order, on 8 bits.

    blend(d, im, f) = d + f (im - d)       cut off to 8 bits; beyond 0 <= f <= 1 clamped before that
    brightness      blend(0, im, f)
    contrast        blend(mean, im, f)     mean of the picture's luma, rounded
    saturation      blend(luma, im, f)     of each pixel;  luma = (19595 c0 + 38470 c1 + 7471 c2 + 32768) >> 16
    hue             to HSV of 8 bits each, H + trunc(255 f) modulo 256, back

The same integers as Pillow gives, by way of torchvision; every stage is rounded to 8 bits. The authors' frames are BGR
and their code takes channel 0 for red: luma and hue are those of the picture with red and blue exchanged. To do the
same, give BGR. Source: sczhou/STFAN, utils/data_transforms.py; libImaging/Blend.c and ConvertHSV of Pillow.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refvr.errors import ShapeError


class Factors(NamedTuple):
    """One draw; 1, 1, 1, 0 change nothing (hue all but nothing: HSV has 8 bits)."""

    brightness: float
    contrast: float
    saturation: float
    hue: float


RANGES = Factors(0.2, 0.15, 0.3, 0.1)  # of the official code; the paper has only the first two, 0.2 each


def draw(rng: np.random.Generator, ranges: Factors = RANGES) -> Factors:
    """Factors 1 - range .. 1 + range, the hue -range .. range, each uniform."""
    return Factors(*(float(rng.uniform(centre - r, centre + r)) for centre, r in zip((1, 1, 1, 0), ranges)))


def jitter(frames: np.ndarray, factors: Factors) -> np.ndarray:
    """(t, h, w, 3) uint8 -> the same, all frames with the same factors."""
    return stages(frames, factors)["hue"]


def stages(frames: np.ndarray, factors: Factors) -> dict[str, np.ndarray]:
    """The frames after each of the four stages, by its name."""
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ShapeError(f"colour jitter: got {frames.dtype} of shape {frames.shape}, expected uint8 (t, h, w, 3)")
    found = {"brightness": _blend(np.zeros((), np.uint8), frames, factors.brightness)}
    means = luma(found["brightness"]).mean((1, 2), dtype=np.float64)
    found["contrast"] = _blend(np.floor(means + 0.5)[:, None, None, None], found["brightness"], factors.contrast)
    found["saturation"] = _blend(luma(found["contrast"])[..., None], found["contrast"], factors.saturation)
    found["hue"] = _hue_moved(found["saturation"], factors.hue)
    return found


def luma(x: np.ndarray) -> np.ndarray:
    """(..., 3) uint8 -> (...) integers 0 .. 255."""
    c = x.astype(np.int64)
    return (19595 * c[..., 0] + 38470 * c[..., 1] + 7471 * c[..., 2] + 32768) >> 16


def _blend(d: np.ndarray, x: np.ndarray, factor: float) -> np.ndarray:
    """d + factor (x - d), in float32 as Pillow has it."""
    d, x = d.astype(np.float32), x.astype(np.float32)
    return np.clip(d + np.float32(factor) * (x - d), 0, 255).astype(np.uint8)


def _hue_moved(x: np.ndarray, hue: float) -> np.ndarray:
    """The hue moved by trunc(255 hue)."""
    h, s, v = _to_hsv(x)
    return _to_rgb((h + int(hue * 255)) % 256, s, v)


def _to_hsv(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """H, S, V as integers 0 .. 255. Pillow keeps quotients in float32 and computes with constants in float64."""
    r, g, b = np.moveaxis(x.astype(np.float32), -1, 0)
    top, bottom = x.max(-1).astype(np.float32), x.min(-1).astype(np.float32)
    grey, spread = top == bottom, np.where(top == bottom, np.float32(1), top - bottom)
    rc, gc, bc = ((top - colour) / spread for colour in (r, g, b))
    sector = np.select([r == top, g == top], [(bc - gc).astype(np.float64), 2.0 + rc.astype(np.float64) - bc],
                       4.0 + gc.astype(np.float64) - rc).astype(np.float32)
    h = np.fmod(sector.astype(np.float64) / 6 + 1, 1).astype(np.float32)
    s = spread / np.where(grey, np.float32(1), top)
    return (np.where(grey, 0, (h.astype(np.float64) * 255).astype(np.int64)),
            np.where(grey, 0, (s.astype(np.float64) * 255).astype(np.int64)), top.astype(np.int64))


def _to_rgb(h: np.ndarray, s: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The inverse, rounded half up; (..., 3) uint8."""
    place = h * 6.0 / 255.0
    sector = np.floor(place).astype(np.int64)
    f, fs = (place - sector).astype(np.float32).astype(np.float64), (s / 255.0).astype(np.float32).astype(np.float64)
    p, q, t = (np.floor(v * (1 - fs * part) + 0.5).astype(np.int64) for part in (1.0, f, 1 - f))
    mixed = np.choose((sector % 6)[..., None], [np.stack(colours, axis=-1) for colours in (
        (v, t, p), (q, v, p), (p, v, t), (p, q, v), (t, p, v), (v, p, q))])
    return np.where((s == 0)[..., None], v[..., None], mixed).astype(np.uint8)

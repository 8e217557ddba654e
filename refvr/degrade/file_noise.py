"""Noise as clips on people's disks have it, for training: it depends on brightness, is blurred, clipped, rounded.

    noisy = round(clip(clean + S(clean) n)),   S(x)^2 = S^2 (1 - k + 2 k x)

S is the level at middle grey and k how much it depends on brightness (0: not at all, 1: a sensor without read noise).
n is white and normal, or blurred (demosaicked, enlarged), or the same in all colours (grain), or without fine detail in
its colour differences (4:2:0); its deviation is 1, but for the last, where that of its luma is what remains.
`real_noise` goes further: a sensor that sees through a mosaic, or such noise through an encoder.
"""
from __future__ import annotations

import numpy as np

from refvr.degrade.camera import camera_noise
from refvr.degrade.codec import through_h264
from refvr.metrics.noise import NoiseLevel, clip_noise, field_noise

SLOPED, BLURRED, GREY, HALVED, IN_FILE = 0.3, 0.15, 0.1, 0.2, 0.75  # shares of the samples
UNSURE = 0.1  # levels are told with errors of about this share, as measured ones have
SENSOR, ENCODED, CRF = 0.3, 0.8, (14, 32)  # of real noise: a sensor's; of the rest: through H.264, of this CRF


def noisy(clean: np.ndarray, sigma: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A clean window (t, h, w, 3) in [0, 1] -> noisy one, and the map of its level (t, h, w, 1), as it is measured.

    sigma  level at middle grey, on the scale 0 .. 255
    """
    slope = rng.uniform(-0.5, 1) if rng.random() < SLOPED else 0.0
    n = field(clean.shape, rng)
    result = clean + NoiseLevel(sigma, slope).map(clean) * n
    if rng.random() < IN_FILE:
        result = in_file(result)
    told = sigma * field_noise(n) * np.exp(rng.uniform(-UNSURE, UNSURE))
    result = result.astype(np.float32, copy=False)
    return result, NoiseLevel(told, slope).map(result)


def in_file(frames: np.ndarray) -> np.ndarray:
    """Clipped and rounded to 8 bits."""
    return np.rint(np.clip(frames, 0, 1) * 255).astype(np.float32) / np.float32(255)


def field(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """The noise n of the module, (t, h, w, 3) with even sides."""
    n = rng.standard_normal(shape, np.float32)
    if rng.random() < GREY:
        grey = rng.uniform(0.5, 1)
        n = np.float32(grey) * n[..., :1] + np.float32((1 - grey ** 2) ** 0.5) * n
        n /= n.std()
    if rng.random() < BLURRED:
        return _blurred(n, rng.uniform(0.2, 0.9))
    return _halved(n) if rng.random() < HALVED else n


def real_noise(clean: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, NoiseLevel]:
    """A clean window (t, h, w, 3) with even sides -> what a camera or an encoder left of it, clean, the measured level.

    The sensor's clean window went through its mosaic too. Where no noise can be measured the level is 0.
    """
    if rng.random() < SENSOR:
        k, sigma = rng.uniform(0.002, 0.02), rng.uniform(0.002, 0.03)
        pairs = [camera_noise(np.rint(frame * 255).astype(np.uint8), k, sigma, rng=rng) for frame in clean]
        left, clean = np.stack([noisy[0] for noisy, _ in pairs]), np.stack([each for _, each in pairs])
    else:
        left = clean + np.float32((2 + 38 * rng.random() ** 2) / 255) * field(clean.shape, rng)
        if rng.random() < ENCODED:
            left = through_h264(left, crf=int(rng.integers(CRF[0], CRF[1] + 1)))
    left = in_file(left)
    return left, clean, clip_noise(zip(left, left[1:]))


def _blurred(n: np.ndarray, side: float) -> np.ndarray:
    """Taps (side, 1, side) along both axes of a picture, brought back to deviation 1."""
    for axis in (-3, -2):
        n = n + np.float32(side) * (np.roll(n, 1, axis) + np.roll(n, -1, axis))
    return n / np.float32(1 + 2 * side ** 2)


def _halved(n: np.ndarray) -> np.ndarray:
    """Colour differences become means over 2x2 pixels; luma stays."""
    luma = n @ np.array([[0.299], [0.587], [0.114]], np.float32)
    t, h, w, c = n.shape
    means = (n - luma).reshape(t, h // 2, 2, w // 2, 2, c).mean((2, 4))
    return luma + means.repeat(2, 1).repeat(2, 2)

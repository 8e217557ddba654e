"""Small frames as real footage has them, for training: blurred, shrunk, noisy, through an encoder, resized twice.

    small = in_file(H.264(resized(shrink(blur(large)) + noise)))          each step for a share of the windows

The order is that of the mixes the field trains on for real footage (RealBasicVSR, Chan et al., CVPR 2022), gentler: one
pass, and CRF 18 to 32 as people's files have. A share of the windows stays what MATLAB's bicubic makes, so that clean
input is not forgotten.
"""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.degrade.codec import through_h264
from refvr.degrade.file_noise import in_file
from refvr.degrade.safa import quarter

CLEAN, BLURRED, NOISY, ENCODED, RESIZED = 0.25, 0.5, 0.6, 0.7, 0.25  # shares; the last three of those not clean
BLUR_PX, SIGMA, CRF, AGAIN = (0.4, 2.4), (0.5, 6.0), (18, 32), (0.6, 0.95)  # large pixels; of 255; ; of a side


def small_footage(window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A clean window (t, h, w, 3) in [0, 1] -> (t, h/4, w/4, 3) float32, sides multiples of 8 for the encoder."""
    if rng.random() < CLEAN:
        return quarter(window)
    small = quarter(_blurred(window, rng) if rng.random() < BLURRED else window)
    if rng.random() < NOISY:
        small = small + _noise(small.shape, rng)
    if rng.random() < RESIZED:
        small = _resized_twice(small, rng.uniform(*AGAIN))
    if rng.random() < ENCODED:
        small = through_h264(small, crf=rng.uniform(*CRF))
    return in_file(small)


def _blurred(window: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """By a Gaussian, half of the time another along rows than along columns."""
    from scipy.ndimage import gaussian_filter

    down, right = rng.uniform(*BLUR_PX, 2)
    right = down if rng.random() < 0.5 else right
    return gaussian_filter(window, (0, down, right, 0), mode="nearest")


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """White, of one level for the window, mostly low; a third of it grey."""
    low, high = SIGMA
    level = (low + (high - low) * rng.random() ** 2) / 255
    grey = rng.random() < 1 / 3
    return np.float32(level) * rng.standard_normal((*shape[:3], 1) if grey else shape, np.float32)


def _resized_twice(small: np.ndarray, factor: float) -> np.ndarray:
    """Shrunk by `factor` and enlarged again, bilinearly, as a player or a site has done before."""
    h, w = small.shape[1:3]
    less = max(2, round(h * factor)), max(2, round(w * factor))
    return array_of(ops.resize_bilinear(ops.resize_bilinear(small, less), (h, w)))

"""Noise whose statistics are known, for tests, scores and demonstrations."""
from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np


def gaussian(frames: Iterable[np.ndarray], sigma: float, seed: int | list[int]) -> Iterator[np.ndarray]:
    """Add white Gaussian noise to a stream of float32 frames; not clipped.

    sigma  standard deviation on the scale 0..255
    seed   of one NumPy generator that fills the frames one after the other, so that the noise of a frame does not
           depend on how many follow: the values of `default_rng(seed).standard_normal((t, h, w, 3))`, cast to float32
    """
    rng = np.random.default_rng(seed)
    for frame in frames:
        yield frame + rng.standard_normal(frame.shape).astype(np.float32) * np.float32(sigma / 255)

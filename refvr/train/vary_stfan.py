"""How STFAN's authors vary a clip before they train on it.

Source: sczhou/STFAN, utils/data_loaders.py and data_transforms.py; the pairs are DeepVideoDeblurring's.
"""
from __future__ import annotations

import numpy as np

from refvr.degrade import colour_jitter
from refvr.errors import ShapeError

CROP = (320, 448)
NOISE = 1e-4  # the config calls it a variance, the code takes it for a deviation; the paper's is a hundred times that


def varied(blurred: np.ndarray, sharp: np.ndarray, rng: np.random.Generator, *, crop: tuple[int, int] = CROP,
           noise: float = NOISE) -> tuple[np.ndarray, np.ndarray]:
    """A pair of clips (t, h, w, 3), uint8, BGR -> the pair to train on, float32 in [0, 1], t frames of `crop` pixels.

    In the authors' order, each drawn once for the clip: time reversed or not, colours, /255, crop, flips, channels in
    any order, and on the blurred frames one field of noise for all, clipped.
    Raises ShapeError when the clips differ in shape or are smaller than `crop`.
    """
    if blurred.shape != sharp.shape or blurred.ndim != 4 or blurred.shape[1] < crop[0] or blurred.shape[2] < crop[1]:
        raise ShapeError(f"STFAN clip: got shapes {blurred.shape} and {sharp.shape}, expected equal (t, h, w, 3) of at "
                         f"least {crop[0]}x{crop[1]} pixels", fix="use larger clips or a smaller crop")
    clips = np.stack([blurred, sharp])                                              # (2, t, h, w, 3)
    clips = clips[:, ::-1] if rng.random() < 0.5 else clips
    factors = colour_jitter.draw(rng)
    clips = np.stack([colour_jitter.jitter(clip, factors) for clip in clips]).astype(np.float32) / np.float32(255)
    top, left = (int(rng.integers(size - wanted + 1)) for size, wanted in zip(blurred.shape[1:3], crop))
    clips = clips[:, :, top:top + crop[0], left:left + crop[1]]
    for axis in (2, 3):
        clips = np.flip(clips, axis) if rng.random() < 0.5 else clips
    clips = np.ascontiguousarray(clips[..., rng.permutation(3)])
    field = noise * rng.standard_normal(clips.shape[2:])
    return np.clip(clips[0] + field.astype(np.float32), 0, 1), clips[1]

"""How good a network is on clips that it was not trained on: mean PSNR at given noise levels, always the same noise."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from refvr.metrics import psnr
from refvr.pipeline.denoise import denoise_remonet
from refvr.train.clips import Clip
from refvr.train.streams import VALIDATION, stream

SEED = 2026  # of the validation noise, whatever the seed of the run


def validate(network: Any, clips: Sequence[Clip], sigmas: Iterable[float], *, frames: int | None = None
             ) -> dict[float, float]:
    """Mean over clips of the mean PSNR over frames, for each sigma (scale 0 .. 255).

    frames  use the first so many frames of each clip
    """
    return {sigma: float(np.mean([_clip_psnr(network, clip, number, sigma, frames)
                                  for number, clip in enumerate(clips)])) for sigma in sigmas}


def _clip_psnr(network: Any, clip: Clip, number: int, sigma: float, frames: int | None) -> float:
    rng = stream(SEED, VALIDATION, number, round(sigma * 1000))
    count = len(clip.frames[:frames])

    def clean(k: int) -> np.ndarray:
        return clip.frames[k].astype(np.float32) / np.float32(255)

    noisy = (clean(k) + np.float32(sigma / 255) * rng.standard_normal(clip.frames.shape[1:], np.float32)
             for k in range(count))
    return float(np.mean([psnr(y, clean(k)) for k, y in enumerate(denoise_remonet(network, noisy))]))

"""How good a denoiser is: PSNR on clean clips with added noise, beside the noisy input and non-local means.

The protocol: RGB, unquantised; one PSNR over all pixels of all frames of a clip, mean over clips. (Papers on denoising
take the mean over frames instead, row "denoise" of metrics/protocols.py: equal or a little higher.) Noise: one
generator `default_rng([sigma, 20])` per clip fills its frames in order; it is not clipped for the network. The noisy
input is clipped for its own score only, outputs are clipped.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from refvr.degrade.noise import gaussian
from refvr.errors import InputError
from refvr.media import open_reader
from refvr.media.find import find_clips
from refvr.metrics import psnr
from refvr.pipeline.drivers import needs_sigma, restore_frames

SEED = 20


@dataclass(frozen=True)
class Row:
    """PSNR in dB of one clip at one noise level; `nlm` is None where it was not asked for."""

    clip: str
    sigma: float
    noisy: float
    nlm: float | None
    restored: float


def score_denoiser(net: Any, data: str | Path, sigmas: Sequence[float], *, frames: Sequence[int] | None = None,
                   nlm: bool = False, progress: Callable[[int, int], None] = lambda done, total: None) -> Iterator[Row]:
    """Yield one row per clip of `data` (a clip or a folder of clips) and noise level (0..255).

    frames  the frames that count; None: all. The network sees whole clips in any case
    nlm     also run non-local means (scikit-image), told the true sigma
    """
    clips = find_clips(data)
    for at, path in enumerate(clips):
        with open_reader(path) as reader:
            clean = [frame.rgb for frame in reader]
        chosen = [k for k in (range(len(clean)) if frames is None else frames) if k < len(clean)]
        if not chosen:
            raise InputError(f"{path.name} has {len(clean)} frames; none of the frames asked for is among them")
        for turn, sigma in enumerate(sigmas):
            yield _row(net, path.stem, clean, sigma, chosen, nlm)
            progress(at * len(sigmas) + turn + 1, len(clips) * len(sigmas))


def means(rows: Sequence[Row]) -> list[Row]:
    """One row per noise level: the mean over clips."""
    result = []
    for sigma in dict.fromkeys(row.sigma for row in rows):
        of = [row for row in rows if row.sigma == sigma]
        noisy, restored = (float(np.mean([getattr(row, name) for row in of])) for name in ("noisy", "restored"))
        nlm = [row.nlm for row in of if row.nlm is not None]
        result.append(Row("mean", sigma, noisy, float(np.mean(nlm)) if nlm else None, restored))
    return result


def non_local_means(noisy: np.ndarray, sigma: float) -> np.ndarray:
    """scikit-image's fast non-local means of one frame, told the true sigma (0..1): a strong classical opponent."""
    try:
        from skimage.restoration import denoise_nl_means
    except ImportError:
        raise InputError("non-local means needs scikit-image, which is not installed",
                         fix="install it (it is in the extra `test`), or leave --nlm out") from None
    return denoise_nl_means(noisy, h=0.8 * sigma, sigma=sigma, fast_mode=True, patch_size=5, patch_distance=6,
                            channel_axis=-1)


def _row(net: Any, clip: str, clean: list[np.ndarray], sigma: float, chosen: list[int], nlm: bool) -> Row:
    noisy = list(gaussian(clean, sigma, [round(sigma), SEED]))
    restored = list(restore_frames(noisy, net, sigma=sigma if needs_sigma(net) else None))
    classical = [non_local_means(noisy[k], sigma / 255) for k in chosen] if nlm else None
    truth = np.stack([clean[k] for k in chosen])

    def of_all(pictures: Sequence[np.ndarray]) -> float:
        return psnr(np.clip(np.stack(pictures), 0, 1), truth)

    return Row(clip, sigma, of_all([noisy[k] for k in chosen]), of_all(classical) if classical else None,
               of_all([restored[k] for k in chosen]))

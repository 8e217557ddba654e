"""What a user would have without a network: classical answers to stand beside the networks'.

All take and return lists of frames (h, w, 3), float RGB nominally in [0, 1].
"""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Frames = list[np.ndarray]
BLUR_PX, AMOUNT, ITERATIONS = 1.5, 1.0, 10  # of unsharp mask and Richardson-Lucy, which are told no motion


def enlarged(frames: Sequence[np.ndarray], scale: int, kernel: str, *, centred: bool = True) -> Frames:
    """Each frame `scale` times larger by a separable interpolation, edge pixels repeated.

    kernel   "bicubic" (Keys, a = -1/2) or "lanczos" (three lobes)
    centred  small pixels cover scale x scale large ones; False: small pixel i lies on large pixel scale * i (DUF's
             small frames), which a centred enlargement would shift by (scale - 1) / 2 pixels
    """
    shape, reach = KERNELS[kernel]
    h, w, _ = frames[0].shape
    rows, columns = (_weights(size, scale, shape, reach, centred).astype(frames[0].dtype) for size in (h, w))
    return [np.einsum("yh,hwc,xw->yxc", rows, frame, columns, optimize=True) for frame in frames]


def _weights(size: int, scale: int, shape: Callable[[np.ndarray], np.ndarray], reach: int, centred: bool) -> np.ndarray:
    """(size * scale, size): what each large pixel takes of each small one; rows add up to 1."""
    place = np.arange(size * scale) / scale + ((0.5 / scale - 0.5) if centred else 0.0)
    near = np.floor(place)[:, None].astype(int) + np.arange(1 - reach, reach + 1)
    share = shape(place[:, None] - near)
    weights = np.zeros((size * scale, size))
    np.add.at(weights, (np.arange(size * scale)[:, None], near.clip(0, size - 1)), share)
    return weights / weights.sum(1, keepdims=True)


def _keys(t: np.ndarray) -> np.ndarray:
    t = np.abs(t)
    return np.where(t <= 1, (1.5 * t - 2.5) * t * t + 1, np.where(t < 2, ((-0.5 * t + 2.5) * t - 4) * t + 2, 0))


def _lanczos(t: np.ndarray) -> np.ndarray:
    return np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0)


KERNELS = {"bicubic": (_keys, 2), "lanczos": (_lanczos, 3)}


def unsharp_mask(frames: Sequence[np.ndarray]) -> Frames:
    """x + AMOUNT (x - Gaussian of BLUR_PX over x)."""
    return [frame + np.float32(AMOUNT) * (frame - _gaussian(frame)) for frame in frames]


def richardson_lucy(frames: Sequence[np.ndarray]) -> Frames:
    """ITERATIONS of x <- x G(y / G x) with G a Gaussian of BLUR_PX, which is its own adjoint."""
    results = []
    for frame in frames:
        y = np.maximum(frame, np.float32(1e-4))
        x = y
        for _ in range(ITERATIONS):
            x = x * _gaussian(y / np.maximum(_gaussian(x), np.float32(1e-4)))
        results.append(x)
    return results


def _gaussian(frame: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(frame, (BLUR_PX, BLUR_PX, 0), mode="nearest")


def non_local_means(frames: Sequence[np.ndarray], sigma: float) -> Frames:
    """scikit-image's fast non-local means, told the true sigma (0..1): a strong classical opponent."""
    from skimage.restoration import denoise_nl_means

    return [denoise_nl_means(frame, h=0.8 * sigma, sigma=sigma, fast_mode=True, patch_size=5, patch_distance=6,
                             channel_axis=-1) for frame in frames]


def repeated(frames: Sequence[np.ndarray]) -> Frames:
    """Twice as many frames less one: each stands until the next."""
    return [frames[k // 2] for k in range(2 * len(frames) - 1)]


def blended(frames: Sequence[np.ndarray]) -> Frames:
    """Twice as many frames less one: the mean of both neighbours between them."""
    return [frames[k // 2] if k % 2 == 0 else (frames[k // 2] + frames[k // 2 + 1]) / 2
            for k in range(2 * len(frames) - 1)]

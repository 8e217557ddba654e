"""What a user would have without a network: classical answers to stand beside the networks'.

All take and return lists of frames (h, w, 3), float RGB nominally in [0, 1].
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Frames = list[np.ndarray]
TAPS = 7  # of the best linear filter, each way


def unsharp_mask(frames: Sequence[np.ndarray], amount: float) -> Frames:
    """x + amount (x - Gaussian of one pixel over x): mild, because a strong one loses to doing nothing."""
    from scipy.ndimage import gaussian_filter

    return [x + np.float32(amount) * (x - gaussian_filter(x, (1, 1, 0), mode="nearest")) for x in frames]


def best_filter(frames: Sequence[np.ndarray], clean: Sequence[np.ndarray]) -> Frames:
    """The linear filter of TAPS x TAPS that comes nearest to the clean frames in the mean square, which it is told.

    No fixed sharpening of the clip, a Wiener filter of whatever kernel among them, can do better than this.
    """
    a, b = np.zeros((TAPS ** 2, TAPS ** 2)), np.zeros(TAPS ** 2)
    for x, y in zip(frames, clean):
        near = _neighbourhoods(x).reshape(-1, TAPS ** 2).astype(np.float64)          # (h * w * 3, taps)
        a += near.T @ near
        b += near.T @ y.reshape(-1)
    taps = np.linalg.lstsq(a, b, rcond=None)[0].astype(frames[0].dtype)
    return [_neighbourhoods(x) @ taps for x in frames]


def _neighbourhoods(x: np.ndarray) -> np.ndarray:
    """(h, w, c) -> (h, w, c, TAPS * TAPS), the border repeated."""
    near = np.pad(x, ((TAPS // 2,) * 2, (TAPS // 2,) * 2, (0, 0)), "edge")
    return np.lib.stride_tricks.sliding_window_view(near, (TAPS, TAPS), (0, 1)).reshape(*x.shape, -1)


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


def flowed(frames: Sequence[np.ndarray]) -> Frames:
    """Twice as many frames less one: between two, the mean of both, carried half way along OpenCV's DIS flow."""
    import cv2

    dis: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY) for x in frames]
    results = [frames[0]]
    for k in range(len(frames) - 1):
        there, back = dis.calc(grey[k], grey[k + 1], None), dis.calc(grey[k + 1], grey[k], None)
        results += [(_carried(frames[k], back / 2) + _carried(frames[k + 1], there / 2)) / 2, frames[k + 1]]
    return results


def _carried(x: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """y[p] = x[p + flow[p]]."""
    import cv2

    rows, columns = np.mgrid[:x.shape[0], :x.shape[1]].astype(np.float32)
    return cv2.remap(x, columns + flow[..., 0], rows + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

"""Frames enlarged by a separable interpolation: bicubic (Keys, a = -1/2) or Lanczos (three lobes)."""
from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np


def enlarged(frames: Sequence[np.ndarray], scale: int, kernel: str, *, centred: bool = True) -> list[np.ndarray]:
    """Each frame `scale` times larger by a separable interpolation, edge pixels repeated.

    kernel   "bicubic" (Keys, a = -1/2) or "lanczos" (three lobes)
    centred  small pixels cover scale x scale large ones; False: small pixel i lies on large pixel scale * i (DUF's
             small frames), which a centred enlargement would shift by (scale - 1) / 2 pixels
    """
    shape, reach = KERNELS[kernel]
    h, w, _ = frames[0].shape
    rows, columns = (_weights(size, scale, shape, reach, centred).astype(frames[0].dtype) for size in (h, w))
    return [np.einsum("yh,hwc,xw->yxc", rows, frame, columns, optimize=True) for frame in frames]


def shifted(frames: Sequence[np.ndarray], by: float) -> list[np.ndarray]:
    """y[p] = x[p + by], rows and columns alike, by Lanczos interpolation; edge pixels repeated."""
    h, w, _ = frames[0].shape
    rows, columns = (_taken(np.arange(size) + by, size, *KERNELS["lanczos"]).astype(frames[0].dtype)
                     for size in (h, w))
    return [np.einsum("yh,hwc,xw->yxc", rows, frame, columns, optimize=True) for frame in frames]


def _weights(size: int, scale: int, shape: Callable[[np.ndarray], np.ndarray], reach: int, centred: bool) -> np.ndarray:
    """(size * scale, size): what each large pixel takes of each small one; rows add up to 1."""
    return _taken(np.arange(size * scale) / scale + ((0.5 / scale - 0.5) if centred else 0.0), size, shape, reach)


def _taken(place: np.ndarray, size: int, shape: Callable[[np.ndarray], np.ndarray], reach: int) -> np.ndarray:
    """(n, size): what the values at n places take of each of `size` pixels; rows add up to 1."""
    near = np.floor(place)[:, None].astype(int) + np.arange(1 - reach, reach + 1)
    share = shape(place[:, None] - near)
    weights = np.zeros((len(place), size))
    np.add.at(weights, (np.arange(len(place))[:, None], near.clip(0, size - 1)), share)
    return weights / weights.sum(1, keepdims=True)


def _keys(t: np.ndarray) -> np.ndarray:
    t = np.abs(t)
    return np.where(t <= 1, (1.5 * t - 2.5) * t * t + 1, np.where(t < 2, ((-0.5 * t + 2.5) * t - 4) * t + 2, 0))


def _lanczos(t: np.ndarray) -> np.ndarray:
    return np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0)


KERNELS = {"bicubic": (_keys, 2), "lanczos": (_lanczos, 3)}

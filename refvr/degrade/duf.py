"""How DUF's small frames are made: a Gaussian of 13x13 taps, then every s-th pixel.

    y[i,j,c] = sum_{a,b=0..12} g[a] g[b] x[s i + a - 6, s j + b - 6, c]      ceil(h / s) x ceil(w / s) pixels

    g[k] proportional to e^(-k^2 / 2 d^2) for |k| <= int(4 d + 0.5), with sum 1; d = 0.4 s pixels; 0 beyond

Outside of the frame its pixels are mirrored, the outermost not repeated. Small pixel i lies on large pixel s i, not in
the middle of its cell: (s - 1) / 2 large pixels up and left of it (`offset_px`), so what DUF answers to a picture that
any other program made small lies so much too far up and left. pipeline/duf.py puts it where it belongs.
The kernel is rounded to float32, the small frames are not rounded to 8 bits.
Source: yhjo09/VSR-DUF, utils.py (gkern, DownSample) and test.py, mode G; its demo frames were made otherwise.
"""
from __future__ import annotations

from fractions import Fraction

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.errors import InputError
from refvr.shapes import check

TAPS = 13


def gaussian_kernel(deviation: float, taps: int = TAPS) -> np.ndarray:
    """The kernel (taps, taps): zero beyond 4 deviations, sum 1."""
    k = np.arange(taps) - taps // 2
    g = np.where(np.abs(k) <= int(4 * deviation + 0.5), np.exp(-0.5 * (k / deviation) ** 2), 0)
    g /= g.sum()
    return np.outer(g, g)


def duf_kernel(scale: int) -> np.ndarray:
    """The kernel (13, 13) of a scale, float32 as the authors' graph holds it."""
    return gaussian_kernel(0.4 * scale).astype(np.float32)


def offset_px(scale: int) -> Fraction:
    """How far small pixels lie up and left of the middle of the s x s large ones that they stand for, in large pixels.

    The middle of large pixels s i .. s i + s - 1 is s i + (s - 1) / 2; the formula above samples at s i.
    """
    return Fraction(scale - 1, 2)


def downsample(frames: np.ndarray, scale: int) -> np.ndarray:
    """(t, h, w, 3) -> (t, ceil(h / s), ceil(w / s), 3); the formula above."""
    _check_scale(scale)
    check(frames, "t h w 3", who="downsample")
    return _every(scale, array_of(ops.pad(frames, ((6, 6), (6, 6)), "reflect")), duf_kernel(scale))


def low_resolution(frames: np.ndarray, scale: int) -> np.ndarray:
    """The small frames (t, y, x, 3) that the authors' test gives the network for large ones (t, h, w, 3).

    The large frames are mirrored by 2 s pixels first, and as many small ones cut off again, so the kernel sees them
    mirrored once. For s = 3 they grow at the bottom and right to the next multiple of 3, by 3 if they are one already:
    `crop_enlarged` takes that off the result. For s = 2 and 4, ceil(h / s) x ceil(w / s) pixels.
    """
    _check_scale(scale)
    bottom, right = _grown(frames.shape[1:3], scale)
    border = 2 * scale
    padded = array_of(ops.pad(frames, ((border, border + bottom), (border, border + right)), "reflect"))
    return downsample(padded, scale)[:, 2:-2, 2:-2]


def crop_enlarged(frames: np.ndarray, h: int, w: int) -> np.ndarray:
    """The first h rows and w columns of enlarged frames (..., y, x, 3): the size of the originals, whatever it was."""
    return frames[..., :h, :w, :]


def demo_low_resolution(frames: np.ndarray) -> np.ndarray:
    """x4 as the authors' demo frames were made, (t, h, w, 3) in [0, 1] -> uint8, 9x9 taps, edge pixels repeated.

    Levels are cut off, not rounded. Found by comparison with the published frames: 99.995 % of the values are equal.
    """
    check(frames, "t h w 3", who="demo_low_resolution")
    padded = array_of(ops.pad(frames.astype(np.float64), ((4, 4), (4, 4)), "edge"))
    return np.floor(_every(4, padded, gaussian_kernel(1.6, 9)) * 255).astype(np.uint8)


def _every(scale: int, padded: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Each colour with the kernel, at every s-th position; the convolution is a depthwise one of stride s."""
    weight = np.repeat(kernel.astype(padded.dtype)[:, :, None, None], 3, axis=3)        # (13, 13, 1, 3)
    return array_of(ops.conv2d(padded, weight, stride=scale, groups=3, padding=0))


def _grown(size: tuple[int, int], scale: int) -> tuple[int, int]:
    """Rows and columns that are added at the bottom and right."""
    return (3 - size[0] % 3, 3 - size[1] % 3) if scale == 3 else (0, 0)


def _check_scale(scale: int) -> None:
    if scale not in (2, 3, 4):
        raise InputError(f"DUF: got scale {scale}, expected 2, 3 or 4")

"""Motion between two frames, estimated without a network: where the small SAFA may begin.

    motion[..., 0:2]   right and down: what is at p in frame 1 was at p + motion in frame 0
    motion[..., 2:4]   the same the other way round: what is at p in frame 0 will be at p + motion in frame 1

An iterative Lucas-Kanade over a pyramid (scikit-image's optical_flow_ilk; Le Besnerais and Champagnat, ICIP 2005) on
the luma of the small frames. A radius of 7 pixels, with which the network was trained, loses 0.4 dB more on the one
fast clip of five than 11; both were tried on these clips (docs/weights.md). It is a constant for training. Its bits are
those of scikit-image and SciPy: the same for any number of threads, not for any version of these.
"""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.media.heap import give_back

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
RADIUS = 11  # pixels of a small frame around each that are taken to move alike


def estimated(frame0: np.ndarray, frame1: np.ndarray, scale: int) -> np.ndarray:
    """Frames (h, w, 3) -> (scale h, scale w, 4) float32, in pixels of frames that are `scale` times as large."""
    return ops.resize_bilinear(between(frame0, frame1, scale)[None], scale=float(scale))[0]


def between(frame0: np.ndarray, frame1: np.ndarray, scale: int) -> np.ndarray:
    """The estimated motion before it is enlarged, (h, w, 4)."""
    grey = [np.ascontiguousarray(np.clip(frame, 0, 1).astype(np.float32) @ LUMA) for frame in (frame0, frame1)]
    motion = np.concatenate([_flow(grey[1], grey[0]), _flow(grey[0], grey[1])], -1)   # (h, w, 4)
    motion *= np.float32(scale)
    give_back(motion.nbytes)
    return motion


def estimate_of_noise(h: int, w: int) -> np.ndarray:
    """`between` two frames of (h, w) that say nothing: how long it takes does not depend on them."""
    frames = np.random.default_rng(0).random((2, h, w, 3), np.float32)
    return between(frames[0], frames[1], 1)


def _flow(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(h, w, 2), right and down: a at p is b at p + flow. A frame that is too small to say is taken to be still."""
    from skimage.registration import optical_flow_ilk

    if min(a.shape) < 2:
        return np.zeros((*a.shape, 2), np.float32)
    rows, columns = optical_flow_ilk(a, b, radius=RADIUS, prefilter=True, dtype=np.float32)
    return np.nan_to_num(np.stack([columns, rows], -1), posinf=0, neginf=0)

"""What of a frame is compared with others: a small picture, and how often each brightness of each colour occurs."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GRID = 32     # blocks each way of the small picture
LEVELS = 16   # of a histogram


@dataclass(frozen=True)
class Signature:
    """A frame in small.

    picture    (rows, columns, 3) means of blocks
    histogram  (3, LEVELS) shares of the blocks, smoothed so that a slight change of brightness is a slight change
    """

    picture: np.ndarray
    histogram: np.ndarray


def signature(rgb: np.ndarray) -> Signature:
    """That of a frame (h, w, 3) in [0, 1]."""
    small = rgb
    for axis in (0, 1):
        size = small.shape[axis]
        edges = np.arange(min(GRID, size)) * size // min(GRID, size)
        counts = np.diff([*edges, size]).astype(np.float32)
        counts = counts[:, None, None] if axis == 0 else counts[None, :, None]
        small = np.add.reduceat(small, edges, axis, dtype=np.float32) / counts
    levels = np.clip(small * LEVELS, 0, LEVELS - 1).astype(int)
    shares = np.stack([np.bincount(levels[..., c].ravel(), minlength=LEVELS) for c in range(3)]) / levels[..., 0].size
    wide = np.pad(shares, ((0, 0), (1, 1)), "edge")
    return Signature(small, (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4)


def distance(a: Signature, b: Signature) -> float:
    """How different two frames are, from 0 to about 1: half the mean difference of pictures, half that of histograms.

    Motion moves the picture and leaves the histogram, another view of the same room does the opposite.
    """
    picture = np.abs(a.picture - b.picture).mean()
    return float((min(1.0, 2 * picture) + np.abs(a.histogram - b.histogram).sum() / 6) / 2)

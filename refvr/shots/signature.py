"""What of a frame is compared with others: a small picture, from which two frames tell how different they are."""
from __future__ import annotations

import numpy as np

GRID = 32     # blocks each way of the small picture
LEVELS = 16   # of a histogram
USUAL = 0.4   # mean brightness that frames are brought to: a cut at night is a cut
DARKEST = 0.02  # what is darker in the mean counts as if it were so bright: black and nearly black are alike

Signature = np.ndarray  # (rows, columns, 3), means of blocks


def signature(rgb: np.ndarray) -> Signature:
    """That of a frame (h, w, 3) in [0, 1]."""
    small = rgb
    for axis in (0, 1):
        size = small.shape[axis]
        edges = np.arange(min(GRID, size)) * size // min(GRID, size)
        counts = np.diff([*edges, size]).astype(np.float32)
        counts = counts[:, None, None] if axis == 0 else counts[None, :, None]
        small = np.add.reduceat(small, edges, axis, dtype=np.float32) / counts
    return small


def distance(a: Signature, b: Signature) -> float:
    """How different two frames are, from 0 to about 1: half the mean difference of pictures, half that of histograms.

    Motion moves the picture and leaves the histogram, another view of the same room does the opposite. Both frames are
    made brighter or darker alike, so that the brighter one is as bright as usual.
    """
    scale = USUAL / max(DARKEST, float(a.mean()), float(b.mean()))
    a, b = a * scale, b * scale
    return float((min(1.0, 2 * np.abs(a - b).mean()) + np.abs(_histogram(a) - _histogram(b)).sum() / 6) / 2)


def _histogram(picture: np.ndarray) -> np.ndarray:
    """(3, LEVELS) shares of the blocks, smoothed so that a slight change of brightness is a slight change."""
    levels = np.clip(picture * LEVELS, 0, LEVELS - 1).astype(int)
    shares = np.stack([np.bincount(levels[..., c].ravel(), minlength=LEVELS) for c in range(3)]) / levels[..., 0].size
    wide = np.pad(shares, ((0, 0), (1, 1)), "edge")
    return (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4

"""What PSNR does not tell of a restored clip: whether it flickers, and whether its colours kept their strength.

y, x  restored and clean frames (t, h, w, 3) in [0, 1]
"""
from __future__ import annotations

import numpy as np

# colour differences of BT.601, from R, G, B
_CHROMA = np.array([[-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32).T


def flicker(y: np.ndarray, x: np.ndarray) -> float:
    """Standard deviation over time of the error of a value, mean over all of them, on the scale 0 .. 255.

    An error that stays where it is, is blur; one that changes is seen as unrest.
    """
    return float(np.std(y.astype(np.float32) - x.astype(np.float32), axis=0).mean(dtype=np.float64) * 255)


def chroma_gain(y: np.ndarray, x: np.ndarray) -> float:
    """The factor g for which g times the clean colour differences comes nearest to the restored ones; 1 where grey."""
    ours, theirs = (np.tensordot(frames.astype(np.float32), _CHROMA, 1) for frames in (y, x))
    power = np.square(theirs).sum(dtype=np.float64)
    return float((ours * theirs).sum(dtype=np.float64) / power) if power > 1e-9 * theirs.size else 1.0

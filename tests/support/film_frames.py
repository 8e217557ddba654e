"""Frames of a film."""
import numpy as np

from refvr.media.clip import Frame


def frame(alpha=None, beyond=None, **more):
    return Frame(np.random.default_rng(1).random((5, 7, 3), np.float32), alpha=alpha, beyond=beyond, **more)

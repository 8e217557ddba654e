"""Clips whose pixels say where they are."""
import numpy as np

from refvr.train.clips import Clip


def coordinates(t=11, h=17, w=23):
    """A clip whose values are its coordinates: 20 times the frame, row, column."""
    frames = np.zeros((t, h, w, 3), np.uint8)
    frames[..., 0] = 20 * np.arange(t)[:, None, None]
    frames[..., 1], frames[..., 2] = np.arange(h)[:, None], np.arange(w)
    return Clip("coordinates", frames)

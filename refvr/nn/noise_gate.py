"""How a denoiser that is told the noise level comes back to the frame itself where there is none.

    y = frame + g (guess - frame) + S correction,   g = S^2 / (S^2 + SOFT^2)       S: level, on the scale of the frames

Without the gate g a network has to learn that nothing is to be done where there is no noise, which it never quite does.
The last term, in units of the noise, does most of the work at low levels, where g is small. At S = 0, y is the frame.
S and g come as two channels of a map, so that the network divides nothing.
"""
from __future__ import annotations

import numpy as np

from refvr.types import Array

SOFT = 6 / 255  # level at which half of a guess is taken
LOUD = 255 / 25  # levels go into a network in units of sigma 25, where they are about as large as features


def gate_map(level: np.ndarray) -> np.ndarray:
    """Levels S (..., 1) -> S and g (..., 2)."""
    power = level * level
    return np.concatenate([level, power / (power + level.dtype.type(SOFT ** 2))], -1)


def gated(frame: Array, level: Array, guess: Array, correction: Array) -> Array:
    """Frames (n, h, w, 3) and the two maps of their levels (n, h, w, 2) -> y (n, h, w, 3)."""
    return frame + (guess - frame) * level[..., 1:] + correction * level[..., :1]

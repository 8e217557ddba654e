"""Clips for short runs, and reports that stop one."""
import signal

import numpy as np

from refvr.train.fit import Report


def moving_pattern(t=7, h=24, w=29):
    """Stripes that move: something that a network can learn within seconds."""
    k, y, x = np.ogrid[:t, :h, :w]
    wave = 0.5 + 0.4 * np.sin((x + 2 * k) / 3) * np.cos(y / 4)
    return np.rint(255 * np.stack([wave, wave ** 2, 1 - wave], -1)).astype(np.uint8)


class StopAt(Report):
    """Presses Ctrl-C after so many steps."""

    def __init__(self, steps):
        self.steps = steps

    def step(self, done, total, text):
        if done == self.steps:
            signal.raise_signal(signal.SIGINT)

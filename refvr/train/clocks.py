"""Clocks of a training run: what is done every few minutes, and how long a step takes."""
from __future__ import annotations

import time
from collections import deque


class Every:
    """Something that is due every so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._last = seconds, time.monotonic()

    def due(self) -> bool:
        """Whether the pause is over; the next one then begins."""
        if time.monotonic() - self._last < self._seconds:
            return False
        self._last = time.monotonic()
        return True


class Speed:
    """Mean time per step over the last hundred, and the time since it was last asked for."""

    def __init__(self) -> None:
        self._times = deque([time.monotonic()], maxlen=101)
        self._asked = time.monotonic()

    def tick(self) -> None:
        """To be called after each step."""
        self._times.append(time.monotonic())

    def measured_for(self) -> float:
        """Seconds since the mean was last asked for."""
        return time.monotonic() - self._asked

    def seconds_per_step(self) -> float:
        """The mean over the last hundred steps; 0 < it."""
        self._asked = time.monotonic()
        return max(1e-6, (self._times[-1] - self._times[0]) / (len(self._times) - 1))

"""A time after which a search ends: one for everything that is tried, asked between runs and within long ones."""
from __future__ import annotations

import time


class LateError(Exception):
    """The time is over; what was found so far stands."""


class Deadline:
    """`seconds` of processor time from now, of all threads: what is found does not depend on what else runs."""

    def __init__(self, seconds: float) -> None:
        self._until = time.process_time() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return time.process_time() > self._until

    def check(self) -> None:
        """Raise LateError if it is."""
        if self.passed:
            raise LateError

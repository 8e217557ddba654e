"""One mistake of structure, and what is needed of the span that it is tried in."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np

from refvr.verify.diagnose.targets import Candidate
from refvr.verify.runs.network_call import Subject


class Structural:
    """One candidate; `planted` makes it inside."""

    def __init__(self, kind: str, name: str, says: str, planted: Callable[[], AbstractContextManager[object]],
                 reaches_back: bool = False) -> None:
        self.kind, self.name, self.says, self.planted = kind, name, says, planted
        self.reaches_back = reaches_back


class Span(Protocol):
    """What is needed of a SpanTarget."""

    name: str
    subject: Subject
    names: list[str]   # of all our values
    on_value: Callable[[str, np.ndarray], None] | None

    def run(self, *variants: Candidate) -> np.ndarray:
        """Our value at the end of the span."""

    def values(self, *variants: Candidate, ours: str | None = None) -> dict[str, np.ndarray]:
        """Named values of the whole run, also after the span."""

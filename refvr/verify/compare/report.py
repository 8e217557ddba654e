"""What `compare` answers: what was found (found.py), and that in words (text.py)."""
from __future__ import annotations

from dataclasses import dataclass

from refvr.verify.compare.found import Found
from refvr.verify.compare.text import findings, heading


@dataclass
class CompareReport(Found):
    """What was found; as text, in words."""

    def __str__(self) -> str:
        return "\n".join([*heading(self), *findings(self)])

    def assert_healthy(self) -> None:
        """Raise AssertionError, with what was found, unless the output and all other values given are right."""
        if not self.healthy:
            raise AssertionError(str(self))

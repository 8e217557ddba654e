"""What verifying a case found, as plain data."""
from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from refvr.verify.cases.checked import Checked


@dataclass(frozen=True)
class OutputReport:
    """One output or intermediate value.

    group       "outputs" or "trace"
    run         of a network "silent", as `refvr restore` runs it, or "traced"; "" for everything else
    tolerance   allowed difference at the worst element; origin: where it comes from
    problem     why there is nothing to compare: not computed, or another shape
    """

    name: str
    group: str
    shape: tuple[int, ...]
    tolerance: float = 0.0
    origin: str = ""
    difference: Checked | None = None
    problem: str = ""
    run: str = ""

    @property
    def passed(self) -> bool:
        """Whether it was computed and lies within the tolerance."""
        return not self.problem and self.difference is not None and self.difference.used <= 1

    @property
    def used(self) -> float:
        """Share of the tolerance that the worst element uses up; infinite if nothing could be compared."""
        return math.inf if self.difference is None else self.difference.used


@dataclass(frozen=True)
class CaseReport:
    """One case on one backend in one precision. `error`: why it could not be run at all."""

    path: str
    family: str
    backend: str
    dtype: str
    precision: str  # "winograd" or "direct", which alone float64 and plain definitions have
    seconds: float = 0.0
    outputs: list[OutputReport] = field(default_factory=list)
    error: str = ""

    @property
    def passed(self) -> bool:
        """Whether it ran and every output of the file was checked and lies within its tolerance."""
        return not self.error and bool(self.outputs) and all(output.passed for output in self.outputs)

    @property
    def worst(self) -> OutputReport | None:
        """The output that uses up most of its tolerance."""
        compared = [output for output in self.outputs if output.difference is not None]
        return max(compared, key=lambda output: output.used, default=None)

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON; numbers that JSON has not (infinity, NaN) are text."""
        data = asdict(self) | {"passed": self.passed}
        for row, output in zip(data["outputs"], self.outputs):
            row["difference"] = output.difference.as_dict() if output.difference else None
            row["passed"] = output.passed
        return _plain(data)


def _plain(value: object) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value

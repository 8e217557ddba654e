"""How long a run is, and how far a step is along it: the schedule's progress.

`steps` gives a fixed number of steps and with it exact repeatability. A budget in hours gives a plan that is measured:
the number of steps is estimated before the first one and again now and then, because other work on the machine changes
the speed. Every estimate is noted as (step, total) from which on it holds; the progress between is a straight line:

    p(s) = p(s_i) + (1 - p(s_i)) (s - s_i) / (total_i - s_i)        for s_i <= s <= s_{i+1},   p(0) = 0

So progress never jumps, ends at 1 exactly with the last step, and the notes, given as `--steps 0:9000,3000:8400`,
repeat the run to the bit.
"""
from __future__ import annotations

from collections.abc import Sequence

from refvr.errors import InputError


class Plan:
    """`notes` are pairs (step, total steps of the run from there on), the first at step 0."""

    def __init__(self, notes: Sequence[Sequence[int]]) -> None:
        self.notes = [(int(step), int(total)) for step, total in notes]
        starts = [step for step, _ in self.notes]
        if not starts or starts[0] != 0 or sorted(set(starts)) != starts or any(t <= s for s, t in self.notes):
            raise InputError(f"steps: got {self}, expected a number above 0, or step:total pairs from 0:total on",
                             fix="for example --steps 9000 or --steps 0:9000,3000:8400")

    @classmethod
    def parse(cls, text: str) -> Plan:
        """From "9000" or "0:9000,3000:8400"."""
        try:
            pairs = [part.split(":") if ":" in part else ("0", part) for part in text.split(",")]
            return cls([(int(step), int(total)) for step, total in pairs])
        except ValueError:
            raise InputError(f"steps: got {text!r}, expected a number of steps or step:total pairs",
                             fix="for example --steps 9000") from None

    def __str__(self) -> str:
        if len(self.notes) == 1 and self.notes[0][0] == 0:
            return str(self.notes[0][1])
        return ",".join(f"{step}:{total}" for step, total in self.notes)

    @property
    def total(self) -> int:
        """Steps of the run, as far as known."""
        return self.notes[-1][1]

    def progress(self, step: int) -> float:
        """Share of the run that is done when step `step` (from 0) begins, 0 .. 1."""
        done = 0.0
        for k, (start, total) in enumerate(self.notes):
            until = min(step, self.notes[k + 1][0]) if k + 1 < len(self.notes) else step
            if until > start:
                done += (1 - done) * (until - start) / (total - start)
        return min(1.0, done)

    def revise(self, step: int, total: int) -> None:
        """From `step` on the run is planned to have `total` steps, at least one more."""
        self.notes = [note for note in self.notes if note[0] < step] + [(step, max(total, step + 1))]

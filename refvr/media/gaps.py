"""Where frames are missing, told by the times of those that are there. Numbers only: nothing here reads a file.

A clip of one rate has steps of one length, and where frames are lost a step is a multiple of it. A variable rate has
steps of any length, also shorter ones: nothing is missing there. A camera that was too slow leaves out single frames
too, so a few without other signs of damage are worth a line, and no more.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

MOST, MOST_IF_DAMAGED = 0.05, 0.3   # of the steps may be longer than usual
A_FEW = Fraction(1, 2)   # seconds that a camera may have left out in all
AT_ONCE = 4              # frames that it may have left out at one place


@dataclass(frozen=True)
class Gap:
    """`missing` frames after the first `after` ones, from `seconds` on."""

    after: int
    missing: int
    seconds: Fraction

    def __str__(self) -> str:
        return f"{self.missing} after frame {self.after} ({float(self.seconds):.2f} s)"


def find(times: Sequence[int], unit: Fraction, *, lasts: Sequence[int] = (), damaged: bool = False) -> list[Gap]:
    """The gaps between frames at `times`, in units of `unit` seconds; none where the rate varies.

    lasts    how long each frame is shown according to the file, 0 if it does not say: one that is shown until the next
             comes has no gap after it (a recording that was paused, a screen on which nothing moved)
    damaged  something else says that the file is: then many gaps are likelier than a variable rate
    Times may be rounded: by one unit, or as a container of milliseconds does, whatever is more.
    """
    shown = sorted(zip(times, lasts or [0] * len(times)))   # around a damage decoders give frames in a wrong order
    times = [time for time, _ in shown]
    steps = [b - a for a, b in zip(times, times[1:])]
    if len(steps) < 2:
        return []
    usual = _usual(steps)
    slack = max(Fraction(1), Fraction(1, 1000) / unit, usual / 10) + Fraction(1, 100)
    longer = [(k, step) for k, step in enumerate(steps, 1) if abs(step - usual) > slack
              and not (step > usual and shown[k - 1][1] >= step - slack)]
    on_grid = all(step > usual and abs(step - usual * round(step / usual)) <= slack * 2 for _, step in longer)
    if not on_grid or len(longer) > max(3, (MOST_IF_DAMAGED if damaged else MOST) * len(steps)) or 2 * slack >= usual:
        return []
    return [Gap(k, round(step / usual) - 1, (times[k - 1] - times[0]) * unit) for k, step in longer]


def _usual(steps: Sequence[int]) -> Fraction:
    """The length of most steps: the mean of those near the median, since rounded steps alternate."""
    median = sorted(steps)[len(steps) // 2]
    near = [step for step in steps if abs(step - median) <= max(1, median / 4)]
    return Fraction(sum(near), len(near))


def are_damage(gaps: Sequence[Gap], rate: Fraction) -> bool:
    """Whether so many frames are missing that they were not left out on purpose."""
    return sum(gap.missing for gap in gaps) > A_FEW * rate or any(gap.missing > AT_ONCE for gap in gaps)


def said(gaps: Sequence[Gap]) -> str:
    """One line: how many frames are missing, and where the largest gaps are."""
    total, largest = sum(gap.missing for gap in gaps), sorted(gaps, key=lambda gap: -gap.missing)[:5]
    places = ", ".join(map(str, sorted(largest, key=lambda gap: gap.after)))
    more = f" and {len(gaps) - 5} smaller gaps" if len(gaps) > 5 else ""
    return f"{total} frame{'s are' if total != 1 else ' is'} missing: {places}{more}"

"""Shots as an edit decision list (EDL, CMX 3600), which editing programs read."""
from __future__ import annotations

from fractions import Fraction

from refvr.shots.find import Shots


def edl(shots: Shots, fps: Fraction, title: str) -> str:
    """A CMX 3600 list of the shots, one event each, by time code without drop frames at the nearest whole rate."""
    rate = max(1, round(fps))
    lines = [f"TITLE: {' '.join(title.split())[:70]}", "FCM: NON-DROP FRAME", ""]
    for k, (first, end) in enumerate(shots, 1):
        a, b = _time_code(first, rate), _time_code(end, rate)
        lines.append(f"{k:03d}  AX       V     C        {a} {b} {a} {b}")
    return "\n".join(lines) + "\n"


def _time_code(frame: int, rate: int) -> str:
    seconds, rest = divmod(frame, rate)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"

"""How many frames a clip becomes, and their rate and times: output frames for each input frame, any rational."""
from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from refvr.errors import InputError
from refvr.media.clip import DEFAULT_FPS, ClipInfo

Rate = int | float | str | Fraction
MOST_RATE = 240
FINEST = Fraction(1, 10**9)  # seconds; containers count in 32 bits


def check_rate(rate: Rate) -> Fraction:
    """`rate` as a fraction; InputError unless it is a number above 0, at most 240."""
    try:
        if isinstance(rate, bool):
            raise ValueError
        exact = Fraction(rate).limit_denominator(1001)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        exact = Fraction(0)
    if not 0 < exact <= MOST_RATE:
        raise InputError(f"rate: got {rate}, expected a number above 0, at most {MOST_RATE}: output frames for each "
                         "input frame", fix="2, 4 or 5/2 are usual")
    return exact


def results_of(frames: int, rate: Fraction) -> int:
    """How many frames a clip of so many becomes."""
    return max(0, math.floor(rate * (frames - 1)) + 1)


def retimed(info: ClipInfo, rate: Rate) -> ClipInfo:
    """What is known of a clip with `rate` times as many frames: their times need a finer unit."""
    rate = check_rate(rate)
    count = None if info.frames is None else results_of(info.frames, rate)
    base = None if info.time_base is None else max(info.time_base / rate.numerator, FINEST)
    return replace(info, fps=(info.fps or DEFAULT_FPS) * rate, frames=count, time_base=base)

"""What SAFA shows between two shots: the last frame again until the next one begins, or nothing; how frames count.

    rate 5/2, a cut at frame 2      frame    0          1     |     2          3
    places, counted in frames                0  .4  .8    1.2  1.6  2   2.4  2.8
    "repeat": result number                  0   1   2     3    4   5    6    7
    "nothing": result number                 0   1   2              3    4    5

Results between the last frame of a shot and the first of the next are what is repeated, or left out. Their times stay,
so that with nothing the last frame of a shot is shown for longer.
"""
from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from refvr.errors import InputError
from refvr.pipeline.rate import results_of
from refvr.types import Options

AT_CUTS = ("repeat", "nothing")


def check_at_cuts(how: object) -> str:
    """`how`, if it is one of AT_CUTS. Raises InputError."""
    if how not in AT_CUTS:
        raise InputError(f"at cuts: got {how!r}, expected one of {', '.join(AT_CUTS)}")
    return how


def in_full(number: int, options: Options, cuts: Sequence[int]) -> int:
    """The number that result `number` has where none is left out."""
    for first, count in _left_out(options, cuts):
        if number < first:
            break
        number += count
    return number


def counted(number: int, options: Options, cuts: Sequence[int]) -> int:
    """How many there are of the results before number `number`, as numbers are where none is left out."""
    return number - sum(min(count, max(0, number - first)) for first, count in _left_out(options, cuts))


def results(frames: int, options: Options, cuts: Sequence[int]) -> int:
    """How many frames a clip of so many becomes."""
    return counted(results_of(frames, options["rate"]), options, cuts)


def _left_out(options: Options, cuts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(the first of them, how many) for every cut, numbers as where none is left out."""
    if options.get("at_cuts", "repeat") == "repeat":
        return
    rate = Fraction(options["rate"])
    for at in cuts:
        first = math.floor((at - 1) * rate) + 1
        yield first, math.ceil(at * rate) - first

"""Which frames of a film are restored together: runs that never go across a cut.

A piece is restored by itself: from the clip come the frames that its windows see before and after it, none of another
shot. So every way to divide a film gives the same bits. What costs time is that some frames at its ends are read, and
for some networks computed, twice: a long shot is divided where windows begin (every 5 frames for ReMoNet, 3 where it is
told the noise), and a shot of a recurrent network (STFAN) is one piece, however long.
"""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice, pairwise
from typing import NamedTuple

from refvr.errors import InputError
from refvr.media.clip import Frame
from refvr.nn.module import Module
from refvr.pipeline.at_cuts import counted, results
from refvr.pipeline.by_shots import restore_shots
from refvr.pipeline.drivers import step_of
from refvr.types import Options

LENGTH = 48   # frames; restoring them takes long beside what a task costs, and not so long that much is lost with one


class Piece(NamedTuple):
    """Results number `start` to `stop` - 1 of a film."""

    start: int
    stop: int


def pieces_of(net: Module, options: Options, frames: int, cuts: Sequence[int],
              length: int | None = None) -> list[Piece]:
    """The pieces of a film of so many `frames`, in order.

    cuts    numbers of the frames that begin shots, in order
    length  frames of a piece, at most, or the least that the network allows; None: LENGTH
    """
    length = check_length(LENGTH if length is None else length)
    step, rate = step_of(net, options), Fraction(options["rate"])
    begins = [first for shot, end in pairwise([0, *cuts, frames])
              for first in range(shot, end, end - shot if step is None else max(1, length // step) * step)]
    edges = [*(counted(math.ceil(first * rate), options, cuts) for first in begins), results(frames, options, cuts)]
    return [Piece(start, stop) for start, stop in pairwise(edges) if start < stop]


def check_length(length: int) -> int:
    """`length`, if pieces can have so many frames. Raises InputError."""
    if isinstance(length, bool) or not isinstance(length, int) or length < 1:
        raise InputError(f"pieces: got {length}, expected at least 1 frame")
    return length


def restore_piece(frames: Callable[[int], Iterable[Frame]], net: Module, options: Options,
                  cuts: Sequence[int], piece: Piece) -> Iterator[Frame]:
    """The restored frames of a piece; `frames` gives those of the clip from a number on."""
    restored = restore_shots(frames, net, options, cuts, piece.start)
    return (frame for frame, _ in islice(restored, piece.stop - piece.start))

"""A clip shot by shot: each is a clip of its own to the network, numbers and times are those of the whole.

Windows do not look across a cut, recurrent networks start anew, SAFA makes nothing between the two sides (at_cuts.py).
So the frames of a shot are those of a clip that is this shot, to the bit; seeds and places of SAFA alone count from the
beginning.

    frames, and which of them begin a shot  ->  one stream for each shot  ->  driver of the network  ->  results
"""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from refvr.media.clip import Frame, Reader
from refvr.nn.module import Module
from refvr.pipeline.at_cuts import check_at_cuts, in_full
from refvr.pipeline.carry import Carry
from refvr.pipeline.drivers import first_needed, restore_clip
from refvr.pipeline.resume import States
from refvr.pipeline.safa_pair import named_rule
from refvr.shots.find import marked
from refvr.types import Options

Marked = Iterable[tuple[Frame, bool]]  # frames, and whether each begins a shot


class Shot:
    """Frames of one shot, to be read once. at: number of its first frame that is read here."""

    def __init__(self, at: int, first: Frame, rest: Iterator[tuple[Frame, bool]]) -> None:
        self.at, self._first, self._rest = at, first, rest
        self.read = 0
        self._next: Frame | None = None

    def __iter__(self) -> Iterator[Frame]:
        for frame in chain([self._first], self._to_the_cut()):
            self.read += 1
            yield frame

    def _to_the_cut(self) -> Iterator[Frame]:
        for frame, begins in self._rest:
            if begins:
                self._next = frame
                return
            yield frame

    def follows(self) -> Frame | None:
        """The first frame of the next shot, once all of this one were read; None at the end of the clip."""
        return self._next


def shots_of(frames: Marked, at: int = 0) -> Iterator[Shot]:
    """The shots of a stream whose first frame has number `at`; each must be read to its end before the next one."""
    stream = iter(frames)
    first = next(stream, (None, False))[0]
    while first is not None:
        shot = Shot(at, first, stream)
        yield shot
        at, first = at + shot.read, shot.follows()


def with_cuts(frames: Iterable[Frame], cuts: Sequence[int] | None, at: int = 0) -> Marked:
    """Mark the frames, the first of which has number `at`, that begin a shot; cuts None: those that look so."""
    if cuts is None:
        return marked(frames)
    begins = frozenset(cuts)
    return ((frame, number in begins) for number, frame in enumerate(frames, at))


def shot_at(cuts: Sequence[int], frame: int) -> int:
    """The frame with which the shot begins that `frame` lies in; `cuts` in order."""
    k = bisect_right(cuts, frame)
    return cuts[k - 1] if k else 0


def frames_of(clip: Any) -> Callable[[int], Iterable[Frame]]:
    """The frames of a Reader, or of any other stream, from a number on; once."""
    def frames(first: int) -> Iterable[Frame]:
        if not isinstance(clip, Reader):
            return islice(clip, first, None)
        clip.skip = first   # what is not needed is not made
        return clip
    return frames


def _nothing() -> None:
    """What follows a shot at whose end nothing is repeated."""


def restore_shots(frames: Callable[[int], Iterable[Frame]], net: Module, options: Options,
                  cuts: Sequence[int] | None, start: int, states: States | None = None
                  ) -> Iterator[tuple[Frame, Carry]]:
    """The restored frames from number `start` on, and what the network carries after each.

    frames  gives those of the clip from a number on
    cuts    numbers of the frames that begin shots, in order; None: found while reading (then start is 0)
    states  what was carried earlier, kept on the disk
    """
    start = in_full(start, options, cuts or ())
    repeats = check_at_cuts(options.get("at_cuts", "repeat")) == "repeat"
    options = {name: value for name, value in options.items() if name != "at_cuts"}
    shot = shot_at(cuts or (), int(start / options["rate"]))
    done, carry = states.newest(start) if states else (0, Carry())
    first = done
    if done <= shot:   # of a shot before, or nothing
        first, carry = first_needed(net, start, options, shot), Carry()
    for part in shots_of(with_cuts(frames(first), cuts, first), first):
        rule = named_rule(options["routing"])   # of draws, each shot begins with those that are its own
        results = restore_clip(part, net, start=start, at=part.at, carry=carry,
                               follows=part.follows if repeats else _nothing,
                               **{**options, "routing": rule})
        for frame in results:
            yield frame, carry
            del frame   # before the next one is computed
        carry = Carry()

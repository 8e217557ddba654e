"""Cuts, found while frames go by: a frame begins a shot where all before it look different from all after it.

    D[k] = min over a in k-4 .. k-1, b in k .. k+3 of distance(a, b)        (signature.py)
    frame k begins a shot  <=>  D[k] > LEAST  and  D[k] > RATIO * the larger median of the steps before and after

A step is the distance of two neighbours; six on each side count. The minimum passes by flashes of up to three frames,
after which everything is as it was; the medians make fast motion, rain and noise no cuts: there every step is large. A
dissolve has many small steps and is none either.
Six frames are held. What is decided of a frame depends on twelve around it alone, however a clip is read.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from refvr.errors import InputError
from refvr.media import open_reader
from refvr.media.clip import Frame, Reader
from refvr.media.cut import Place, cut
from refvr.shots.signature import Signature, distance, signature

LEAST, RATIO = 0.15, 3.0  # of 24 real clips one had a step above 0.13 (0.23); joins of any two were 0.24 and more
BESIDE = 4   # frames on each side that must differ: flashes may last one less
AROUND = 6   # steps on each side that show how much moves here


@dataclass(frozen=True)
class Shots:
    """The shots of a clip.

    frames     in all
    cuts       numbers of the frames, from 1 on, that begin a shot; frame 0 begins the first
    truncated  None, or where the clip ended early
    """

    frames: int
    cuts: tuple[int, ...]
    truncated: str | None = None

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(first frame, frame after the last) of each."""
        edges = [0, *self.cuts, self.frames]
        return iter(list(zip(edges, edges[1:])))


def marked(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Each frame, and whether it begins a shot; six frames late."""
    waiting: deque[Frame] = deque()
    seen: deque[Signature] = deque()    # of frames from `first` on
    first = number = 0                  # number: of waiting[0]
    for frame in frames:
        waiting.append(frame)
        seen.append(signature(frame.rgb))
        if len(waiting) > AROUND:
            yield waiting.popleft(), _begins(list(seen), number - first)
            number += 1
            if number - first > AROUND:
                seen.popleft()
                first += 1
    while waiting:
        yield waiting.popleft(), _begins(list(seen), number - first)
        number += 1


def _begins(near: list[Signature], k: int) -> bool:
    """Whether near[k] begins a shot, by AROUND frames on each side as far as the clip goes."""
    if not k or distance(near[k - 1], near[k]) <= LEAST:
        return False
    low = max(0, k - AROUND)
    sides = (range(low + 1, k), range(k + 1, min(len(near), k + AROUND + 1)))
    steps = [[distance(near[j - 1], near[j]) for j in side] for side in sides]
    least = max([LEAST, *(RATIO * median(side) for side in steps if side)])
    return all(distance(a, b) > least for a in near[max(0, k - BESIDE):k] for b in near[k:k + BESIDE])


def find_shots(source: str | Path | Reader, start: Place | None = None, frames: Place | None = None) -> Shots:
    """The shots of a clip, or of the part that `start` and `frames` say; reads it through. Raises InputError."""
    reader = source if isinstance(source, Reader) else open_reader(source)
    with cut(reader, start, frames) as clip:
        begins, count = [], 0
        for count, (_, new) in enumerate(marked(clip), 1):
            if new:
                begins.append(count - 1)
        return _some(source, Shots(count, tuple(begins), clip.truncated))


def _some(source: object, shots: Shots) -> Shots:
    if not shots.frames:
        raise InputError(f"{source} has no frames; expected at least one")
    return shots

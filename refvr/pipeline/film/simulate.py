"""How long a film takes on many workers, from the times of its parts: pieces are dealt out as they become free.

    worker   passes over what lies between its pieces, reads and restores a piece and writes it: of a video encoded,
             otherwise as values; then it takes the next
    joiner   takes piece after piece in the order of the film: reads and encodes values, of a video only the times;
             at most AHEAD pieces for every worker wait for it; at the end it puts the packets of a video together

A worker that is done takes the next piece in film order, as tasks with priorities are dealt out. Nothing dies.
"""
from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from refvr.pipeline.film.cluster import AHEAD
from refvr.pipeline.film.pieces import Piece


@dataclass(frozen=True)
class Times:
    """Seconds that a frame takes, and what is once.

    restore   on one worker, with reading it
    skip      to pass over a frame of the clip
    write     to encode a restored frame on the worker, or to write its values
    join      to read its values and encode them, in the process that joins; next to nothing of a video
    end       to put it into the whole file, when all are there
    start     until the first worker begins
    again     frames around a piece that are read besides
    task      of a piece, beside its frames
    """

    restore: float
    skip: float = 0.0
    write: float = 0.0
    join: float = 0.0
    end: float = 0.0
    start: float = 0.0
    again: int = 0
    task: float = 0.0


def simulated(pieces: Sequence[Piece], workers: int, times: Times, rate: float = 1.0) -> tuple[float, float]:
    """(seconds of the whole, share of it that the joiner is busy)."""
    free = [(times.start, 0.0) for _ in range(workers)]   # when, and at which frame of the clip it stands
    heapq.heapify(free)
    joined: list[float] = []
    ends, most = times.start, AHEAD * workers + 1
    for number, piece in enumerate(pieces):
        at, stands = heapq.heappop(free)
        if number >= most:   # it is given out once there is room for it
            at = max(at, joined[number - most])
        count, first = piece.stop - piece.start, max(0.0, piece.start / rate - times.again)
        passed = first - stands if first >= stands else first   # opened again
        done = at + times.task + passed * times.skip + count * (times.restore + times.write)
        heapq.heappush(free, (done, piece.stop / rate))
        ends = max(ends, done) + count * times.join
        joined.append(ends)
    frames = sum(piece.stop - piece.start for piece in pieces)
    ends += frames * times.end
    return ends, frames * (times.join + times.end) / ends

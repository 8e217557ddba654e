"""What a clip will cost: schedule, memory, multiply-adds, bytes and time of every piece of its driver, before it runs.

Time is measured, not known: each piece runs once on a small frame, after a round that warms up, and its time grows with
the multiply-adds, that of estimating motion with the pixels. It tells minutes from hours; what else the machine does is
in it.
"""
from __future__ import annotations

import time
from dataclasses import dataclass
from math import prod

import numpy as np

from refvr import ops
from refvr.nn.module import Module
from refvr.pipeline.drivers import scale_of
from refvr.pipeline.memory import checked_size, laid_out, parsed
from refvr.pipeline.pieces import Piece, pieces
from refvr.plan.cost import cost
from refvr.plan.folding import folded
from refvr.plan.graph import Like, capture, leaves, mapped
from refvr.plan.rules import simplified
from refvr.plan.run import Order
from refvr.plan.stream import Stream

_NO_LIMIT = 1 << 62
SMALL = (64, 96)  # rows and columns of the frame that is timed


@dataclass(frozen=True)
class Stage:
    """One piece.

    schedule   "all at once" or "bands of 64 rows"; stages: passes over the image
    calls      for one frame of the result
    values     most bytes of values at once; held: of what the driver keeps meanwhile
    gmacs      multiply-adds of a call, 1e9;  moved: bytes of all operands and results of a call
    whole      operations that need all rows at once: (name, how many)
    seconds    of a call, expected
    """

    name: str
    schedule: str
    stages: int
    calls: float
    values: int
    held: int
    gmacs: float
    moved: int
    whole: list[tuple[str, int]]
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """A clip of (height, width) frames by one network.

    memory  the limit;  peak: bytes, written as images of 8 bits;  disk: bytes of files for values meanwhile
    video   bytes more where x264 writes the result
    gmacs, moved, seconds  the sums for a frame
    """

    width: int
    height: int
    memory: int | None
    peak: int
    disk: int
    video: int
    stages: list[Stage]
    gmacs: float
    moved: int
    seconds: float


def forecast(net: Module, h: int, w: int, memory: str | int | None = None, ensemble: bool = False) -> Forecast:
    """For a network and frames of (h, w), as `restore --memory` (`--ensemble`) would run them.

    Raises InputError where they do not fit, with the size that would, or the disk has no room for their files.
    """
    from refvr.media.encoders import HELD
    limit, layout = checked_size(net, h, w, parsed(memory), ensemble=ensemble)
    known = layout is not None   # how much is free
    layout = layout or laid_out(net, h, w, _NO_LIMIT, ensemble=ensemble)
    found = [_stage(net, piece, schedule, k)
             for k, (piece, schedule) in enumerate(zip(layout.pieces, layout.schedules))]
    video = int(HELD["libx264"] * 12 * h * w * scale_of(net) ** 2)
    return Forecast(w, h, limit if known else None, layout.peak, layout.disk, video, found,
                    *(sum(getattr(stage, name) * stage.calls for stage in found)
                      for name in ("gmacs", "moved", "seconds")))


def _stage(net: Module, piece: Piece, schedule: Order | Stream, number: int) -> Stage:
    graph = capture(piece.page, *piece.inputs, **piece.options)
    sums, moved = cost(graph)
    stream = schedule if isinstance(schedule, Stream) else None
    pixels = max(prod(x.shape[1:3]) for x in leaves(piece.inputs) if isinstance(x, Like))
    whole = [node.kind for node in stream.runs_whole] if stream else []
    way = f"bands of {stream.rows} rows" if stream else "all at once"
    seconds = _seconds(net, number, stream is not None, sums, moved, pixels)
    passes = len({*stream.stage.values()} - {-1}) if stream else 1   # numbers may be left out; -1: inputs
    return Stage(piece.name, way, passes, piece.calls,
                 schedule.peak, piece.held, sums / 1e9, moved,
                 [(name, whole.count(name)) for name in dict.fromkeys(whole)], seconds)


def _seconds(net: Module, number: int, streamed: bool, sums: float, moved: int, pixels: int) -> float:
    """Of a call, measured on a small frame: it grows with the multiply-adds, with the bytes where there are none, and
    what makes its inputs with the pixels."""
    piece = pieces(net, *SMALL)[number]
    dtype = next(iter(net.parameters().values())).dtype
    inputs = mapped(piece.inputs, lambda x: np.full(x.shape, 0.5, dtype) if isinstance(x, Like) else x)
    graph = capture(piece.page, *piece.inputs, **piece.options)
    run = Order(simplified(folded(graph))).run
    if streamed:
        run = Stream(simplified(folded(graph)), 32).run
    with ops.precision("winograd"):
        run(*inputs)
        started = time.perf_counter()
        run(*inputs)
    seconds, (small_sums, small_moved) = time.perf_counter() - started, cost(graph)
    seconds *= sums / small_sums if small_sums else moved / small_moved
    if piece.makes:
        piece.makes(*SMALL)
        started = time.perf_counter()
        piece.makes(*SMALL)
        seconds += (time.perf_counter() - started) * pixels / prod(SMALL)
    return seconds

"""How time and memory of one network grow: with the frames of a clip, the pixels of a frame, the threads.

Every point is a process of its own. A power is fitted to the times, time = a * count ** power, by least squares of the
logarithms: 1 is linear, 0 does not grow.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from refvr import zoo
from refvr.bench.process import Worker

FRAMES = (5, 10, 20, 40)
SIZES = ((160, 90), (320, 180), (640, 360), (960, 540), (1280, 720), (1920, 1080))
STEADY = (320, 180)  # size of the clips where frames or threads grow


@dataclass(frozen=True)
class Point:
    """One measurement. axis "frames", "pixels" or "threads"; count along it; seconds per clip ("frames") or frame."""

    network: str
    axis: str
    count: int
    size: str
    threads: int
    seconds: float
    peak_mb: float


def points(network: str, *, threads: int, largest: tuple[int, int] = SIZES[-1], frames: Sequence[int] = FRAMES,
           small: tuple[int, int] = STEADY, repeats: int = 2, precision: str = "winograd") -> list[dict[str, Any]]:
    """What will be measured, as specs for `measure`; sizes that are larger than `largest` are left out."""
    zoo.row_of(network)
    base = {"side": "ours", "model": network, "options": {}, "precision": precision, "repeats": repeats}
    at = {"threads": threads, "size": list(small)}
    found = [base | at | {"axis": "frames", "count": n, "job": "whole", "frames": n} for n in frames]
    sizes = [size for size in SIZES if size[0] * size[1] <= largest[0] * largest[1]] or [largest]
    found += [base | at | {"axis": "pixels", "count": w * h, "job": "clip", "size": [w, h]} for w, h in sizes]
    counts = [1 << k for k in range(threads.bit_length()) if 1 << k < threads] + [threads]
    return found + [base | at | {"axis": "threads", "count": n, "job": "clip", "threads": n} for n in counts]


def measure(spec: dict[str, Any]) -> Point:
    """One point: warmed up, the best of some rounds."""
    with Worker(spec) as worker:
        worker.ask("run")
        worker.ask("forget")
        answers = [worker.ask("run") for _ in range(spec["repeats"])]
        peak = worker.ask("peak")["peak_mb"]
    per = 1 if spec["job"] == "whole" else answers[0]["frames"]
    return Point(spec["model"], spec["axis"], spec["count"], "x".join(map(str, spec["size"])), spec["threads"],
                 min(answer["seconds"] for answer in answers) / per, peak)


def measured(specs: Sequence[dict[str, Any]]) -> Iterator[Point]:
    """One point after the other."""
    return (measure(spec) for spec in specs)


def power(found: Sequence[Point], axis: str, what: str = "seconds") -> float | None:
    """The fitted power of `what` along an axis; None with fewer than two points."""
    chosen = [point for point in found if point.axis == axis]
    if len(chosen) < 2:
        return None
    x, y = (np.log([getattr(point, name) for point in chosen]) for name in ("count", what))
    x = x - x.mean()
    return float((x * (y - y.mean())).sum() / (x * x).sum())

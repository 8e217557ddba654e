"""The race itself: both sides take turns, a round each, and medians and minima are kept."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from refvr.bench.process import Worker
from refvr.bench.subjects import why_no_peer
from refvr.errors import InputError
from refvr.networks import zoo

LARGE, SMALL = (640, 360), (320, 180)
NETWORKS = {"remonet": LARGE, "fastdvdnet": LARGE, "stfan": LARGE, "duf-16-x4": SMALL, "duf-52-x4": SMALL,
            "edvr-m-x4": SMALL, "safa": SMALL}  # model -> size of its clip
TRAINED = ("remonet", "fastdvdnet", "stfan", "duf-16-x4", "edvr-m-x4", "safa")


@dataclass(frozen=True)
class Side:
    """One side: milliseconds per frame (or step), median and best; peak memory; GFLOP per frame done and their rate."""

    ms: float
    best_ms: float
    peak_mb: float
    gflop: float
    gflops: float
    runs_ms: tuple[float, ...]


@dataclass(frozen=True)
class Row:
    """One race. speed: theirs / ours, above 1 where ours is faster; memory: ours / theirs.

    without_peer  why there is no peer; operations: those of our round, see operations.py; sgemm and copy: the machine's
    """

    network: str
    job: str
    size: str
    threads: int
    precision: str
    ours: Side
    peer: Side | None
    speed: float | None
    memory: float | None
    sgemm_gflops: float
    copy_gb_s: float
    without_peer: str = ""
    operations: list[dict[str, Any]] = field(default_factory=list)


def specs(networks: Sequence[str] = (), sizes: Sequence[tuple[int, int]] = (), threads: Sequence[int] = (), *,
          job: str = "clip", precision: str = "fast", options: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """What is raced, as plain values: every network at every size with every number of threads.

    Raises InputError for an unknown network, size or number, before anything runs.
    """
    import os

    default = TRAINED if job == "train" else tuple(NETWORKS)
    threads = list(threads) or [os.cpu_count() or 1]
    if min(threads) < 1:
        raise InputError(f"threads: got {min(threads)}, expected at least 1")
    found = []
    for model in list(networks) or default:
        zoo.config(model, **(options or {}))
        for size in list(sizes) or [NETWORKS.get(model, SMALL)]:
            if min(size) < 1:
                raise InputError(f"size: got {size[0]}x{size[1]}, expected at least one pixel each way")
            found += [{"job": job, "model": model, "size": list(size), "threads": count, "precision": precision,
                       "options": options or {}} for count in threads]
    return found


def race(spec: dict[str, Any], *, repeats: int = 5, peers: bool = True) -> Row:
    """Run one race: warmed up, then `repeats` rounds in turn."""
    check_repeats(repeats)
    why = why_no_peer() if peers else "not asked for"
    with ExitStack() as stack:
        workers = [stack.enter_context(Worker(spec | {"side": side})) for side in ("ours", *(() if why else ("peer",)))]
        works = [_warmed(worker) for worker in workers]
        runs: list[list[float]] = [[] for _ in workers]
        for _ in range(repeats):
            for worker, times in zip(workers, runs):
                times.append(_per_frame(worker.ask("run")))
        sides = [_side(times, work, worker.ask("peak")["peak_mb"])
                 for times, work, worker in zip(runs, works, workers)]
        machine = workers[0].ask("limits")
    ours, peer = sides[0], sides[1] if len(sides) > 1 else None
    size = f"{spec['size'][0]}x{spec['size'][1]}" if spec["job"] != "train" else "patch"
    return Row(spec["model"], spec["job"], size, spec["threads"], spec["precision"], ours, peer,
               peer.ms / ours.ms if peer else None, ours.peak_mb / peer.peak_mb if peer else None,
               machine["sgemm_gflops"], machine["copy_gb_s"], why, works[0]["operations"])


def check_repeats(repeats: int) -> None:
    """InputError unless at least one round counts."""
    if repeats < 1:
        raise InputError(f"repeats: got {repeats}, expected at least 1")


def races(wanted: Sequence[dict[str, Any]], *, repeats: int = 5, peers: bool = True) -> Iterator[Row]:
    """One row after the other."""
    for spec in wanted:
        yield race(spec, repeats=repeats, peers=peers)


def _warmed(worker: Worker) -> dict[str, Any]:
    """The first round compiles and fills the window; the second is counted; then the peak starts anew."""
    worker.ask("run")
    frames = worker.ask("run")["frames"]
    work = worker.ask("work")
    worker.ask("forget")
    return work | {"frames": frames}


def _per_frame(answer: dict[str, Any]) -> float:
    return answer["seconds"] / answer["frames"] * 1e3


def _side(times: list[float], work: dict[str, Any], peak: float) -> Side:
    gflop = work["flop"] / work["frames"] / 1e9
    return Side(median(times), min(times), peak, gflop, gflop / median(times) * 1e3, tuple(times))

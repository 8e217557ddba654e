"""The race itself: both sides take turns, a round each, and medians and minima are kept.

First comes a rehearsal on a quarter of the pixels, in processes that then end: ours compiles what is not on disk, and
the peer finds out which layout of memory is faster for it. The processes that race are new, so that their peaks hold
nothing else than the race.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

from refvr import zoo
from refvr.bench.onnx_side import why_no_onnx
from refvr.bench.process import Worker
from refvr.bench.sides import why_no_peer
from refvr.bench.subjects import flop
from refvr.errors import InputError
from refvr.records import raced

SIZE = (320, 180)  # of the clips of models whose records say none
MORE = {"openvino": "OpenVINO", "keeps": "PyTorch, features kept"}  # further sides, where they are asked for
LEAST, BUDGET_S, SLOW_S = 3, 60.0, 5.0  # rounds that count at least; time for all of them; a round that warms up alone
LEAST_SLOW = 2  # rounds where one takes more than half of that time: DUF-52L


@dataclass(frozen=True)
class Side:
    """One side: milliseconds per frame (or step), median and best; peak memory; effective rate; layout of the peer."""

    ms: float
    best_ms: float
    peak_mb: float
    gflops: float
    runs_ms: tuple[float, ...]
    layout: str = ""


@dataclass(frozen=True)
class Row:
    """One race. speed: theirs / ours, above 1 where ours is faster; memory: ours / theirs.

    onnx, speed_onnx  ONNX Runtime with the exported network, onnx_side.py; without_onnx: why not
    more   further sides that were asked for, of MORE; without: why one of them is not there
    gflop  direct operations per frame or step, see subjects.flop; without_peer: why there is no peer
    operations  those of our round, see operations.py; sgemm and copy: the machine's
    """

    network: str
    job: str
    size: str
    threads: int
    precision: str
    gflop: float
    ours: Side
    peer: Side | None
    speed: float | None
    memory: float | None
    sgemm_gflops: float
    copy_gb_s: float
    without_peer: str = ""
    operations: list[dict[str, Any]] = field(default_factory=list)
    onnx: Side | None = None
    speed_onnx: float | None = None
    without_onnx: str = ""
    more: dict[str, Side] = field(default_factory=dict)
    without: dict[str, str] = field(default_factory=dict)


def specs(networks: Sequence[str] = (), sizes: Sequence[tuple[int, int]] = (), threads: Sequence[int] = (), *,
          job: str = "clip", precision: str = "winograd", options: dict[str, Any] | None = None
          ) -> list[dict[str, Any]]:
    """What is raced, as plain values: every network at every size with every number of threads.

    Raises InputError for an unknown network, size or number, before anything runs.
    """
    import os

    threads = list(threads) or [os.cpu_count() or 1]
    if min(threads) < 1:
        raise InputError(f"threads: got {min(threads)}, expected at least 1")
    found = []
    for model in list(networks) or raced(job):
        zoo.config(model, **(options or {}))
        for size in list(sizes) or [raced().get(model, SIZE)]:
            if min(size) < 1:
                raise InputError(f"size: got {size[0]}x{size[1]}, expected at least one pixel each way")
            found += [{"job": job, "model": model, "size": list(size), "threads": count, "precision": precision,
                       "options": options or {}} for count in threads]
    return found


def race(spec: dict[str, Any], *, repeats: int | None = None, peers: bool = True, more: Sequence[str] = (),
         tell: Callable[[str], None] = lambda what: None) -> Row:
    """Run one race: rehearsed, warmed up, then `repeats` rounds in turn; `tell` hears what is being done.

    repeats  None: 5, or fewer where they would take over BUDGET_S seconds; see `enough`
    more     further sides, of MORE; one that cannot run is left out, and `Row.without` says why
    """
    check_repeats(repeats)
    without: dict[str, str] = {}
    why = why_no_peer() if peers else "not asked for"
    why_onnx = why_no_onnx(spec) if peers else "not asked for"
    tell("counting operations")
    gflop = flop(spec) / 1e9
    with ExitStack() as stack:
        sides = [spec | {"side": side} | _rehearsed(spec | {"side": side}, tell)
                 for side in ("ours", *(() if why else ("peer",)), *(() if why_onnx else ("onnx",)))]
        for name in more:
            try:
                sides.append(spec | {"side": name} | _rehearsed(spec | {"side": name}, tell))
            except InputError as error:
                without[name] = error.message
        workers = [stack.enter_context(Worker(side)) for side in sides]
        for worker, side in zip(workers, sides):
            tell(f"{_name(side)}, warming up")
            _warm(worker)
        runs = _in_turn(workers, sides, repeats, tell)
        results = [_side(times, gflop, worker.ask("peak")["peak_mb"], side.get("layout", ""))
                   for times, worker, side in zip(runs, workers, sides)]
        tell("refvr, operation by operation")
        operations, machine = workers[0].ask("work")["operations"], workers[0].ask("limits")
    by_side = {side["side"]: result for side, result in zip(sides, results)}
    ours, peer, onnx = by_side["ours"], by_side.get("peer"), by_side.get("onnx")
    size = f"{spec['size'][0]}x{spec['size'][1]}" if spec["job"] != "train" else "patch"
    return Row(spec["model"], spec["job"], size, spec["threads"], spec["precision"], gflop, ours, peer,
               peer.ms / ours.ms if peer else None, ours.peak_mb / peer.peak_mb if peer else None,
               machine["sgemm_gflops"], machine["copy_gb_s"], why, operations,
               onnx, onnx.ms / ours.ms if onnx else None, why_onnx,
               {side: by_side[side] for side in more if side in by_side}, without)


def check_repeats(repeats: int | None) -> None:
    """InputError unless at least one round counts."""
    if repeats is not None and repeats < 1:
        raise InputError(f"repeats: got {repeats}, expected at least 1")


def races(wanted: Sequence[dict[str, Any]], *, repeats: int | None = None, peers: bool = True,
          tell: Callable[[str], None] = lambda what: None) -> Iterator[Row]:
    """One row after the other."""
    for spec in wanted:
        yield race(spec, repeats=repeats, peers=peers, tell=partial(_tell_of, spec["model"], tell))


def _tell_of(model: str, tell: Callable[[str], None], what: str) -> None:
    tell(f"{model}: {what}")


def _name(side: dict[str, Any]) -> str:
    return {"ours": "refvr", "peer": "PyTorch", "onnx": "ONNX Runtime"}.get(side["side"]) or MORE[side["side"]]


def _rehearsed(side: dict[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    """What a process that is thrown away found out; see the top of the page."""
    tell(f"{_name(side)}, rehearsal")
    with Worker(side | {"size": [-(-length // 2) for length in side["size"]]}) as worker:
        return worker.ask("rehearse")


def _warm(worker: Worker) -> None:
    """Two rounds, the first of which fills the window; one where it is slow. Then the peak starts anew."""
    if worker.ask("run")["seconds"] < SLOW_S:
        worker.ask("run")
    worker.ask("forget")


def _in_turn(workers: Sequence[Worker], sides: Sequence[dict[str, Any]], repeats: int | None,
             tell: Callable[[str], None]) -> list[list[float]]:
    """Milliseconds per frame of every round of every side."""
    runs: list[list[float]] = [[] for _ in workers]
    started = time.monotonic()
    for k in range(repeats or 5):
        if repeats is None and enough(k, time.monotonic() - started):
            break
        for worker, times, side in zip(workers, runs, sides):
            tell(f"{_name(side)}, round {k + 1}")
            answer = worker.ask("run")
            times.append(answer["seconds"] / answer["frames"] * 1e3)
    return runs


def enough(rounds: int, seconds: float) -> bool:
    """Whether a race may end after so many rounds of both sides, where no number of them was asked for."""
    least = LEAST_SLOW if rounds and seconds / rounds > BUDGET_S / 2 else LEAST
    return rounds >= least and seconds * (rounds + 1) / rounds > BUDGET_S


def _side(times: list[float], gflop: float, peak: float, layout: str) -> Side:
    return Side(median(times), min(times), peak, gflop / median(times) * 1e3, tuple(times), layout)

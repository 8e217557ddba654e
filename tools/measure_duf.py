"""DUF's window in the page's order and as a stream: time and memory (docs/plan.md has them beside what a person wrote).

    python tools/measure_duf.py duf-16-x4 320x180        a process for each way, one thread, processor time

order    in the page's order, each value as long as it is needed
stream   by bands of 64 rows
"""
from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from refvr import ops, zoo
from refvr.bench.worker import forget_peak, peak_mb
from refvr.pipeline.pieces import pieces
from refvr.plan import capture
from refvr.plan.folding import folded
from refvr.plan.local import Thrifty
from refvr.plan.rules import simplified
from refvr.plan.stream import Stream

WAYS = ("order", "stream")
WINDOWS = 6  # that count, after two that do not


def way_of(name: str, net: Any, frames: list[np.ndarray], h: int, w: int) -> Callable[[int], Any]:
    """k -> the answer to the window that begins with frame k."""
    piece, = pieces(net, h, w)
    graph = simplified(folded(capture(piece.page, *piece.inputs)))
    schedule = Thrifty(graph) if name == "order" else Stream(graph, 64)
    return lambda k: schedule.run([frame[None] for frame in frames[k:k + 7]])


def measured(model: str, size: str, name: str) -> str:
    """A row."""
    w, h = map(int, size.split("x"))
    net = zoo.load(model) if zoo.row_of(model).weights else zoo.build(model).init(np.random.default_rng(0))
    frames = list(np.random.default_rng(1).random((WINDOWS + 8, h, w, 3), np.float32))
    with ops.threads(1), ops.precision("winograd"):
        run, times = way_of(name, net, frames, h, w), []
        for k in range(WINDOWS + 2):
            started = time.process_time()
            run(k)
            times.append(time.process_time() - started)
            if k == 1:
                forget_peak()
    return f"| {model} | {name} | {min(times[2:]):.2f} | {sorted(times[2:])[WINDOWS // 2]:.2f} | {peak_mb():.0f} |"


def main(model: str, size: str) -> None:
    """Print the rows."""
    print("| network | way | best, processor s a window | median | MB |\n|---|---|---:|---:|---:|")
    for name in WAYS:
        done = subprocess.run([sys.executable, __file__, model, size, name], capture_output=True, text=True, check=True)
        print(done.stdout.strip(), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        print(measured(*sys.argv[1:]))
    else:
        main(*sys.argv[1:])

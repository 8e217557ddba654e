"""How long a frame takes against its pixels, up to 8K, for six networks: picture, and table of docs/performance.md.

    python tools/time_table.py docs/images          on a quiet machine; some minutes

Up to MEASURED pixels of input a frame of a clip's steady state is measured, beyond that it is expected: multiply-adds
of every piece of the driver (refvr/pipeline/pieces.py), at the rate of the largest size that was measured. Expected
figures are marked with a tilde, and hollow in the picture.
"""
from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from refvr import zoo
from refvr.bench.subjects import Clip
from refvr.pipeline.pieces import pieces
from refvr.plan import capture
from refvr.plan.cost import cost

PAGE = Path(__file__).parents[1] / "docs/performance.md"
BEGIN, END = "<!-- time: written by tools/time_table.py -->", "<!-- end of time -->"
MODELS = ("remonet-s-told", "fastdvdnet", "stfan-s", "duf-s-x4", "edvr-s-x4", "safa-s")
SIZES = ((320, 180), (640, 360), (960, 540), (1280, 720), (1920, 1080), (3840, 2160), (7680, 4320))
MEASURED = 1920 * 1080
THREADS = 2


def network(name: str) -> Any:
    """A model of the zoo; with drawn weights where none are embedded, which does not change its time."""
    return zoo.load(name) if zoo.row_of(name).weights else zoo.build(name).init(np.random.default_rng(0))


def gmacs(net: object, w: int, h: int) -> float:
    """Multiply-adds for a frame of the result, 1e9."""
    return sum(cost(capture(piece.page, *piece.inputs, **piece.options))[0] * piece.calls
               for piece in pieces(net, h, w)) / 1e9


def measured(name: str, w: int, h: int) -> float:
    """Seconds a frame in the steady state: a round that fills the window, one that counts."""
    clip = Clip(network(name), {"size": [w, h], "threads": THREADS})
    clip.run()
    started = time.perf_counter()
    frames = clip.run()
    return (time.perf_counter() - started) / frames


def main(folder: str) -> None:
    """Measure, draw, and write the table."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(12, 7), layout="constrained")
    lines = ["| network | " + " | ".join(f"{w}x{h}" for w, h in SIZES) + " |", "|---|" + "---:|" * len(SIZES)]
    for k, name in enumerate(MODELS):
        net, rate, row = zoo.build(name), 0.0, []
        for w, h in SIZES:
            work = gmacs(net, w, h)
            known = w * h <= MEASURED
            seconds = measured(name, w, h) if known else work * rate
            rate = seconds / work
            row.append((w * h / 1e6, seconds, known))
        axes.plot([x for x, _, _ in row], [y for _, y, _ in row], "-", color=f"C{k}", label=name)
        for x, y, known in row:
            axes.plot(x, y, "o", color=f"C{k}", fillstyle="full" if known else "none")
        lines.append(f"| {name} | " + " | ".join(f"{'' if known else '~'}{y:.3g}" for _, y, known in row) + " |")
        print(lines[-1], flush=True)
    axes.set(xscale="log", yscale="log", xlabel="pixels of an input frame, millions", ylabel="seconds a frame",
             title=f"{THREADS} threads; filled: measured, hollow: expected from multiply-adds")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(Path(folder) / "time.png", dpi=120)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    before, _, rest = PAGE.read_text().partition(BEGIN)
    text = "\n".join((f"Seconds a frame, {THREADS} threads, {time.strftime('%Y-%m-%d')}, commit {commit} (`python "
                      "tools/time_table.py docs/images`); `~`: expected from multiply-adds at the rate of the largest "
                      "size measured, where memory allows all values at once:", "", *lines, "",
                      "![Seconds a frame against pixels, six networks](images/time.png)"))
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main(sys.argv[1])

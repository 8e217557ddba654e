"""Pictures of races and of growth; matplotlib (extra "plot") is imported here alone, when a picture is asked for."""
from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from refvr.bench.growth import Point
from refvr.bench.race import Row
from refvr.errors import InputError
from refvr.media.atomic import write_bytes

OURS, THEIRS = "#2a6f97", "#d08c60"


def check_png(path: str | Path) -> None:
    """InputError, before anything is measured, where a picture cannot be drawn."""
    if Path(path).suffix != ".png":
        raise InputError(f"--png: got {path}, expected a name that ends in .png")
    _pyplot()


def _pyplot() -> Any:
    try:
        import matplotlib
    except ImportError:
        raise InputError("a picture needs matplotlib, which is missing", fix="pip install 'refvr[plot]'") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def draw_races(rows: Sequence[Row], path: str | Path) -> None:
    """Bars per network (time per frame, memory), and a roofline with every operation of ours as a dot."""
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(1, 3, figsize=(16, 5), layout="constrained")
    labels = [f"{row.network}\n{row.size}, {row.threads} thr." for row in rows]
    _bars(axes[0], labels, rows, "ms", "milliseconds per step" if rows[0].job == "train" else "milliseconds per frame")
    _bars(axes[1], labels, rows, "peak_mb", "peak memory, MB")
    _roofline(axes[2], rows)
    _save(figure, path)


def _bars(axis: Any, labels: list[str], rows: Sequence[Row], what: str, title: str) -> None:
    for k, row in enumerate(rows):
        for side, shift, colour in ((row.ours, -0.2, OURS), (row.peer, 0.2, THEIRS)):
            if side is not None:
                axis.bar(k + shift, getattr(side, what), 0.38, color=colour)
        ratio = row.speed if what == "ms" else row.memory
        if ratio is not None:
            top = max(getattr(row.ours, what), getattr(row.peer, what))
            axis.annotate(f"{ratio:.2f}", (k, top), ha="center", va="bottom", fontsize=8)
    axis.set_yscale("log")
    axis.set_xticks(range(len(rows)), labels, rotation=40, ha="right", fontsize=8)
    axis.set_title(title)
    handles = [axis.bar(0, 0, color=colour) for colour in (OURS, THEIRS)]
    axis.legend(handles, ["refvr", "PyTorch"])


def _roofline(axis: Any, rows: Sequence[Row]) -> None:
    """Operations per byte against effective rate; the lines are the measured matrix product and copy."""
    top, copy = (max(getattr(row, name) for row in rows) for name in ("sgemm_gflops", "copy_gb_s"))
    axis.plot([0.1, top / copy, 1e4], [0.1 * copy, top, top], color="#555555", linewidth=1)
    for k, row in enumerate(rows):
        dots = [dot for dot in row.operations if dot["flop"] and dot["bytes"] and dot["seconds"]]
        axis.scatter([dot["flop"] / dot["bytes"] for dot in dots],
                     [dot["flop"] / dot["seconds"] / 1e9 for dot in dots], s=14, alpha=0.7,
                     color=f"C{k % 10}", label=row.network)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("operations per byte")
    axis.set_ylabel("effective GFLOP/s (direct operations over time)")
    axis.set_title(f"operations of refvr; lines: sgemm {top:.0f} GFLOP/s, copy {copy:.0f} GB/s")
    axis.legend(fontsize=7)


def draw_growth(found: Sequence[Point], path: str | Path) -> None:
    """Three plots in a row: time (left scale) and peak memory (right scale) along each axis."""
    pyplot = _pyplot()
    figure, axes = pyplot.subplots(1, 3, figsize=(15, 4.5), layout="constrained")
    for axis, name in zip(axes, ("frames", "pixels", "threads")):
        chosen = [point for point in found if point.axis == name]
        counts = [point.count for point in chosen]
        axis.plot(counts, [point.seconds for point in chosen], "o-", color=OURS)
        axis.set_xlabel(name)
        axis.set_ylabel("seconds per clip" if name == "frames" else "seconds per frame", color=OURS)
        axis.set_ylim(bottom=0)
        memory = axis.twinx()
        memory.plot(counts, [point.peak_mb for point in chosen], "s--", color=THEIRS)
        memory.set_ylabel("peak memory, MB", color=THEIRS)
        memory.set_ylim(bottom=0)
    figure.suptitle(found[0].network)
    _save(figure, path)


def _save(figure: Any, path: str | Path) -> None:
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    write_bytes(Path(path), drawn.getvalue())

"""Pictures of races and of growth."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refvr.bench.growth import Point
from refvr.bench.race import Row
from refvr.drawing.plots import pyplot, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS, THEIRS = "#2a6f97", "#d08c60"
ROOM = 1.1  # of the scales above the largest value


def draw_races(rows: Sequence[Row], path: str | Path) -> None:
    """Bars per network (time, memory; the peer's is 1), and a roofline with every operation of ours as a dot."""
    figure, axes = pyplot().subplots(1, 3, figsize=(17, 5.5), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.15)
    step = "step" if rows[0].job == "train" else "frame"
    _bars(axes[0], rows, "ms", f"time per {step}", lambda ms: f"{ms:.0f} ms" if ms < 999.5 else f"{ms / 1e3:.1f} s")
    _bars(axes[1], rows, "peak_mb", "peak memory", lambda mb: f"{mb:.0f} MB")
    _roofline(axes[2], rows)
    save(figure, path, dpi=110)


def _bars(axis: Axes, rows: Sequence[Row], what: str, title: str, written: Callable[[float], str]) -> None:
    """Lengths from zero, as shares of the peer's, so that networks of any size stand on one scale; values in figures.

    Where there is no peer ours is the whole.
    """
    for k, row in enumerate(rows):
        whole = getattr(row.peer or row.ours, what)
        for side, shift, colour in ((row.ours, -0.2, OURS), (row.peer, 0.2, THEIRS)):
            if side is not None:
                value = getattr(side, what)
                axis.barh(k + shift, value / whole, 0.38, color=colour)
                axis.annotate(written(value), (value / whole, k + shift), xytext=(3, 0), textcoords="offset points",
                              va="center", fontsize=8)
    axis.set_yticks(range(len(rows)), [f"{row.network}\n{row.size}, {row.threads} thr." for row in rows], fontsize=8)
    axis.invert_yaxis()
    axis.set_xlim(0, 1.25 * axis.dataLim.x1)
    axis.set_title(f"{title}, PyTorch = 1" if any(row.peer for row in rows) else title)
    sides = [(OURS, "refvr")] + ([(THEIRS, "PyTorch")] if any(row.peer for row in rows) else [])
    axis.legend([axis.barh(0, 0, color=colour) for colour, _ in sides], [name for _, name in sides], fontsize=8,
                loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2)


def _roofline(axis: Axes, rows: Sequence[Row]) -> None:
    """Operations per byte against effective rate; the lines are the measured matrix product and copy."""
    top, copy = (max(getattr(row, name) for row in rows) for name in ("sgemm_gflops", "copy_gb_s"))
    axis.plot([0.1, top / copy, 1e4], [0.1 * copy, top, top], color="#555555", linewidth=1)
    for k, row in enumerate(rows):
        dots = [dot for dot in row.operations if dot["flop"] and dot["bytes"] and dot["seconds"]]
        whole = sum(dot["seconds"] for dot in row.operations) or 1.0
        axis.scatter([dot["flop"] / dot["bytes"] for dot in dots],
                     [dot["flop"] / dot["seconds"] / 1e9 for dot in dots],
                     s=[10 + 300 * dot["seconds"] / whole for dot in dots], alpha=0.6, linewidths=0,
                     color=f"C{k % 10}", label=row.network)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("operations per byte")
    axis.set_ylabel("effective GFLOP/s (direct operations over time)")
    axis.set_title(f"operations of refvr, area: share of time\nlines: sgemm {top:.0f} GFLOP/s, copy {copy:.0f} GB/s",
                   fontsize=10)
    handles: list[Any] = axis.legend(fontsize=7).legend_handles   # of dots, which have sizes
    for handle in handles:
        handle.set_sizes([20])


def draw_growth(found: Sequence[Point], path: str | Path) -> None:
    """Three plots in a row: time (left scale) and peak memory (right scale) along each axis."""
    figure, axes = pyplot().subplots(1, 3, figsize=(15, 4.5), layout="constrained")
    for axis, name in zip(axes, ("frames", "pixels", "threads")):
        chosen = [point for point in found if point.axis == name]
        counts = [point.count for point in chosen]
        axis.plot(counts, [point.seconds for point in chosen], "o-", color=OURS)
        axis.set_xlabel(name)
        axis.set_ylabel("seconds per clip" if name == "frames" else "seconds per frame", color=OURS)
        axis.set_ylim(0, ROOM * max((point.seconds for point in chosen), default=1))
        memory = axis.twinx()
        memory.plot(counts, [point.peak_mb for point in chosen], "s--", color=THEIRS)
        memory.set_ylabel("peak memory, MB", color=THEIRS)
        memory.set_ylim(0, ROOM * max((point.peak_mb for point in chosen), default=1))
    figure.suptitle(found[0].network)
    save(figure, path, dpi=110)

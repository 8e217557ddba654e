"""The picture of a comparison: the guilty layer as a heat map, and the difference over all layers."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from refvr.drawing.plots import pyplot, save
from refvr.errors import InputError
from refvr.verify.compare.report import CompareReport


def draw(report: CompareReport, path: str | Path) -> None:
    """Write a PNG; `drawing.plots.check_picture` says before the work whether it can be drawn.

    Raises InputError where no layer is guilty.
    """
    guilty = report.guilty
    if guilty is None:
        raise InputError("a picture shows the guilty layer, and none was found")
    figure, (left, right) = pyplot().subplots(1, 2, figsize=(11, 4.2), layout="constrained", width_ratios=(1, 1.5))
    heat = np.log10(np.maximum(guilty.map, 1e-12))
    shown = left.imshow(heat, cmap="magma", vmin=heat.max() - 6, vmax=heat.max(), interpolation="nearest")
    left.set_title(f"{guilty.name}: largest |difference| over channels", fontsize=9)
    figure.colorbar(shown, ax=left, label="log10", shrink=0.8)
    rows = [(row, row.own, row.explained) for row in report.rows if row.own is not None and row.explained is not None]
    at = np.arange(len(rows))
    floor = 1e-9
    right.semilogy(at, [max(row.total.max_rel, floor) for row, *_ in rows], color="0.6",
                   label="in all (own and inherited)")
    own = [max(error.max_rel, floor) for _, error, _ in rows]
    right.semilogy(at, own, ".", ms=4, color="C0", label="own error")
    right.semilogy(at, [max(explained / (error.peak or 1), floor) for _, error, explained in rows], color="C2", lw=1,
                   label="what rounding explains")
    first = [row.name for row, *_ in rows].index(guilty.name)
    right.semilogy([first], [own[first]], "o", ms=8, mfc="none", color="C3", label=guilty.name)
    right.set_xlabel("value, in order of computation")
    right.set_ylabel("largest difference over peak")
    right.legend(fontsize=8)
    save(figure, path, dpi=110)

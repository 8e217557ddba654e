"""Which pixels of which frames made a pixel of the result, and with which weight: a row of the network's Jacobian."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from refvr.explain import rows
from refvr.explain.figures import panel
from refvr.explain.figures.look import Seen
from refvr.explain.points import Point

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINEAR = 1e-3   # of the largest weight: below it the scale of colours is linear, above logarithmic
REACH = 14      # pixels of the input around the pixel, at least
KEPT = 0.99     # share of the weights' sizes that is shown, if REACH is not enough


def provenance(seen: Seen, points: list[Point]) -> Figure:
    """For one point: each frame as it was given, and below it the weights of its pixels, on one scale for all."""
    from matplotlib.colors import SymLogNorm

    point = points[0]
    one = np.zeros_like(seen.tape.output)
    one[point.y, point.x] = 1 / 3
    weights = [part.sum(-1) for _, part in rows.by_frame(seen.tape.of(one))]
    at, most = seen.place(point), max(float(np.abs(w).max()) for w in weights) or 1.0
    reach = reach_of(weights, at)
    figure, axes = panel.sheet(2, len(weights), panel=(2.0, 2.3 if len(weights) > 4 else 2.05), title=seen.title(
        f"what made the grey value at row {point.y}, column {point.x} of the result, {point.why}"))
    images = []
    for k, w in enumerate(weights):
        panel.frame(axes[0, k], seen.given[k], seen.frame_names[k], around=at, reach=reach)
        images.append(axes[1, k].imshow(w, cmap="RdBu_r", interpolation="nearest",
                                        norm=SymLogNorm(LINEAR * most, vmin=-most, vmax=most)))
        axes[1, k].set(xlim=axes[0, k].get_xlim(), ylim=axes[0, k].get_ylim())
        axes[1, k].tick_params(labelsize=6, length=2)
        axes[1, k].set_title(f"sum {w.sum():+.3g}, sizes {np.abs(w).sum():.3g}", fontsize=8)
        for axis in axes[:, k]:
            panel.output(axis, *at, size=6)
    axes[0, 0].set_ylabel("row, in pixels of the input", fontsize=7)
    axes[1, 0].set_ylabel("row, in pixels of the input", fontsize=7)
    panel.scale(axes[1], images[-1], "weight d result / d input", pad=0.01)
    panel.legend(figure, [("output", "the pixel of the result, its place in this frame")])
    return figure


def reach_of(weights: list[np.ndarray], at: tuple[float, float]) -> int:
    """Pixels around `at` that hold KEPT of the weights' sizes."""
    size = sum(np.abs(w) for w in weights)
    r, c = np.ogrid[:size.shape[0], :size.shape[1]]
    away = np.maximum(np.abs(r - at[0]), np.abs(c - at[1]))
    order = np.argsort(away, axis=None)
    sums = np.cumsum(size.ravel()[order])
    inside = away.ravel()[order][np.searchsorted(sums, KEPT * sums[-1]).clip(0, size.size - 1)]
    return max(REACH, int(np.ceil(inside)))

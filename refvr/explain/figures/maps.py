"""Figures of whole frames: EDVR's temporal attention, SAFA's flow and mask, and the scales that SAFA chose."""
from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from refvr.drawing.plots import pyplot
from refvr.explain.figures import panel
from refvr.explain.figures.look import Seen
from refvr.explain.points import Point
from refvr.ops.route import BRANCHES, taken

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from refvr.networks.safa import SAFA

DETAIL = 28                             # pixels to each side of the middle of a detail
GRID = 8                                # pixels of the result between two that are followed
TIMES = tuple(k / 8 for k in range(9))  # at which the choice of scales is drawn
HUES = ("#2a6f97", "#7fb3d5", "#f3e2b3")   # of BRANCHES


def attention(seen: Seen, points: list[Point]) -> Figure:
    """Each frame, how alike it is to the middle one once aligned, and what sets it apart from the mean of all."""
    alike = np.moveaxis(seen.values["fusion.alike"][0], -1, 0)
    apart = alike - alike.mean(0)
    most, limits = float(np.abs(apart).max()), (float(alike.min()), float(alike.max()))
    figure, axes = panel.sheet(3, len(alike), panel=(4.2, 2.6), title=seen.title("temporal attention"))
    firsts, seconds = [], []
    for k, (a, d) in enumerate(zip(alike, apart)):
        panel.frame(axes[0, k], seen.given[k], seen.frame_names[k])
        firsts.append(panel.heat(axes[1, k], a, f"likeness, mean {a.mean():.4f}", limits=limits))
        seconds.append(panel.heat(axes[2, k], d, f"less the mean of the frames, largest {np.abs(d).max():.4f}",
                                  limits=(-most, most), colours="RdBu_r"))
    panel.scale(axes[1], firsts[-1], "sigmoid of the product, 0 to 1", pad=0.01)
    panel.scale(axes[2], seconds[-1], "difference of likeness", pad=0.01)
    for axis in axes[:, 0]:
        axis.set_ylabel("row, in pixels", fontsize=7)
    return figure


def flow(seen: Seen, points: list[Point]) -> Figure:
    """Where the result fetches from in both frames, how far that is, and how the two are blended."""
    last = len(cast("SAFA", seen.net).blocks) - 1
    field = seen.values[f"t0.step{last}.flow"][0]
    mask, time = seen.values["t0.mask"][0, ..., 0], seen.subject.options["times"][0]
    far = [np.hypot(field[..., 2 * k], field[..., 2 * k + 1]) for k in range(2)]
    limits, at = (0.0, float(max(f.max() for f in far))), _busiest(far[0] + far[1])
    if points[0].why == "asked for":
        at = points[0].y, points[0].x
    figure, axes = panel.sheet(2, 3, panel=(4.2, 3.0), title=seen.title(
        f"flow and mask at time {time:g}; a detail of {2 * DETAIL + 1} pixels around row {at[0]}, column {at[1]}"))
    images = []
    for k, name in enumerate(("first", "second")):
        panel.frame(axes[0, k], seen.given[k], f"detail of the {name} frame", around=at, reach=DETAIL, dim=0.7)
        _fetched(axes[0, k], field[..., 2 * k:2 * k + 2], at)
        images.append(panel.heat(axes[1, k], far[k], f"flow to the {name} frame: mean {far[k].mean():.2f}, largest "
                                 f"{far[k].max():.1f} px", limits=limits))
    panel.scale(axes[1, :2], images[-1], "length in pixels of the result", pad=0.01)
    panel.frame(axes[0, 2], seen.result, f"the result at time {time:g}, and the detail")
    axes[0, 2].add_patch(pyplot().Rectangle((at[1] - DETAIL - 0.5, at[0] - DETAIL - 0.5), 2 * DETAIL + 1,
                                            2 * DETAIL + 1, fill=False, edgecolor=panel.OUTPUT, linewidth=1.6))
    image = panel.heat(axes[1, 2], mask, f"share of the first frame, mean {mask.mean():.2f}", limits=(0, 1),
                       colours="RdBu_r")
    panel.scale(axes[1, 2], image, "share, 0 to 1")
    panel.legend(figure, [("regular", f"pixel of the result, every {GRID} pixels"),
                          (panel.GROUPS[1], "where this frame is read for it")])
    return figure


def _busiest(far: np.ndarray) -> tuple[int, int]:
    """A place well inside, in the middle of what moves furthest."""
    rows, columns = np.nonzero(far >= 0.7 * far.max())
    h, w = far.shape
    return (int(np.clip(np.median(rows), DETAIL, max(h - 1 - DETAIL, DETAIL))),
            int(np.clip(np.median(columns), DETAIL, max(w - 1 - DETAIL, DETAIL))))


def _fetched(axis: Axes, flow_px: np.ndarray, at: tuple[int, int]) -> None:
    """flow_px (h, w, 2): right, down."""
    h, w, _ = flow_px.shape
    away = range(-DETAIL + GRID // 2, DETAIL, GRID)
    starts = np.array([(at[0] + i, at[1] + j) for i in away for j in away if at[0] + i < h and at[1] + j < w])
    ends = starts + np.array([flow_px[y, x, ::-1] for y, x in starts])
    panel.regular(axis, starts[:, 0], starts[:, 1], size=3)
    panel.read(axis, starts, ends, np.ones(len(starts)), panel.GROUPS[1], area=16)


def scales(seen: Seen, points: list[Point]) -> Figure:
    """The scale of each step at each time, with the two probabilities that decided."""
    answer = seen.subject.call(*seen.subject.operands.values(), times=list(TIMES))
    p, decisions = np.asarray(answer.probabilities), np.asarray(answer.decisions)     # (times, steps, 1, 2)
    chosen = np.array([[taken(step)[0] for step in at] for at in decisions]).T        # (steps, times)
    from matplotlib.colors import ListedColormap

    figure, axes = panel.sheet(1, 1, panel=(10.2, 0.9 + 0.75 * len(chosen)), title=seen.title(
        "the scale that each step chose, by the threshold 1/2"))
    axis = axes[0, 0]
    axis.imshow(chosen, cmap=ListedColormap(HUES), vmin=-0.5, vmax=2.5, aspect="auto")
    for (step, time), branch in np.ndenumerate(chosen):
        p0, p1 = p[time, step, 0]
        axis.text(time, step, f"{BRANCHES[branch]}\ns1 {p1:.2f}\ns0 {p0:.2f}", ha="center", va="center", fontsize=8,
                  color="white" if branch == 0 else "black")
    axis.set_xticks(range(len(TIMES)), [f"{t:g}" for t in TIMES], fontsize=8)
    axis.set_yticks(range(len(chosen)), [f"step {k + 1}" for k in range(len(chosen))], fontsize=8)
    axis.set_xlabel("time between the two frames; s1, s0: probabilities of the two decisions", fontsize=8)
    return figure

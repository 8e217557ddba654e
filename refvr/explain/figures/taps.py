"""EDVR's taps: where the deformable convolutions of each scale read each frame, for one pixel of the result."""
from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from refvr.explain.figures import panel
from refvr.explain.figures.look import Seen
from refvr.explain.points import Point
from refvr.explain.says import LEVELS, Level, pixels_of_a_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROOM = 2  # steps of the input beyond what the widest taps reach


def offsets(seen: Seen, points: list[Point]) -> Figure:
    """A row for each frame that is aligned, a column for each scale; one pixel."""
    point, config = points[0], seen.net.config
    at, frames = seen.place(point), range(config.frames)
    found = [[_read(seen, k, point, level) for level in LEVELS] for k in frames]
    reach = [max(_reach(row[n], at) for row in found) for n in range(len(LEVELS))]
    figure, axes = panel.sheet(config.frames, 1 + len(LEVELS), panel=(2.6, 2.75), title=seen.title(
        f"offsets at row {point.y}, column {point.x} of the result, {point.why}"))
    for k in frames:
        panel.frame(axes[k, 0], seen.given[k], f"{seen.frame_names[k]}, as it is read", around=at, reach=max(reach))
        panel.output(axes[k, 0], *at, size=6)
        axes[k, 0].set_ylabel("row, in pixels of the input", fontsize=7)
        for n, (level, axis) in enumerate(zip(LEVELS, axes[k, 1:])):
            step = pixels_of_a_step(config) * level.unit
            under = config.reference if level.on_aligned else k
            _draw(axis, seen.given[under], *found[k][n], at, reach[n])
            axis.set_title(f"{level.says.partition(',')[0]}, on {seen.frame_names[under]}; step {step} px", fontsize=8)
    panel.legend(figure, [("output", "pixel of the result, its place in this frame"), ("regular", "regular tap"),
                          *((panel.GROUPS[g % len(panel.GROUPS)], f"read by offset group {g}; area: mask, 0 to 1")
                            for g in range(config.offset_groups))])
    return figure


def _read(seen: Seen, frame: int, point: Point, level: Level) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Regular taps (9, 2), places that are read (groups, 9, 2), masks (groups, 9); places in pixels of the input.

    Place m of a map whose steps are u pixels looks at pixel m u: convolutions of stride 2 that pad by one stand on
    every second pixel.
    """
    config = seen.net.config
    path, unit = f"frame{frame}.pcd_align.{level.path}", pixels_of_a_step(config) * level.unit
    cell = point.y // 4 // level.unit, point.x // 4 // level.unit
    offset = seen.values[f"{path}.offset_px"][0][cell].reshape(config.offset_groups, 9, 2)
    mask = seen.values[f"{path}.mask"][0][cell].reshape(config.offset_groups, 9)
    taps = np.array([(cell[0] + i, cell[1] + j) for i in (-1, 0, 1) for j in (-1, 0, 1)], float)
    return unit * taps, unit * (taps + offset), mask


def _reach(found: tuple[np.ndarray, ...], at: tuple[float, float]) -> int:
    taps, places, _ = found
    return ROOM + int(np.ceil(max(np.abs(taps - at).max(), np.abs(places - at).max())))


def _draw(axis: Axes, picture: np.ndarray, taps: np.ndarray, places: np.ndarray, mask: np.ndarray,
          at: tuple[float, float], reach: int) -> None:
    panel.frame(axis, picture, "", around=at, reach=reach, dim=0.55)
    panel.regular(axis, taps[:, 0], taps[:, 1], size=4)
    for g, (ends, weights) in enumerate(zip(places, mask)):
        panel.read(axis, taps, ends, weights, panel.GROUPS[g % len(panel.GROUPS)], area=60)
    panel.output(axis, *at, size=6)

"""Filters of single pixels: DUF's, one for each pixel of the result, and STFAN's two sets, one for each channel."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from refvr import ops
from refvr.drawing.plots import pyplot
from refvr.explain.figures import panel
from refvr.explain.figures.look import Seen
from refvr.explain.points import Point

if TYPE_CHECKING:
    from matplotlib.figure import Figure

K, TAPS = 5, 25
SHOWN = 8      # channels of STFAN, those whose filters are furthest from the identity
QUARTER = 4    # pixels of a frame for one step of STFAN's features


def duf(seen: Seen, points: list[Point]) -> Figure:
    """For each point: where its 25 taps lie, its filter in figures, and the filters of its whole cell."""
    s = seen.net.config.scale
    points = points[:3]
    weights = [_cell(seen, p, s) for p in points]
    limits = 0.0, max(float(w.max()) for w in weights)
    figure = pyplot().figure(figsize=(12.5, 0.6 + 3.5 * len(points)), layout="constrained")
    panel.headed(figure, seen.title("the filters of single pixels of the result"))
    for part, point, w in zip(np.ravel(figure.subfigures(len(points), 1)), points, weights):
        left, middle, right = part.subfigures(1, 3, width_ratios=(1, 1.1, 1.15))
        cell, phase = (point.y // s, point.x // s), (point.y % s, point.x % s)
        axis = left.subplots()
        panel.frame(axis, seen.given[len(seen.given) // 2], f"{point.why}: the middle frame", around=cell, reach=6)
        panel.regular(axis, *_grid(cell, 1), size=9)
        panel.output(axis, *seen.place(point), size=7)
        axis.set_xlabel("column", fontsize=7)
        axis.set_ylabel("row, in pixels of the small frame", fontsize=7)
        one = w[:, phase[0] * s + phase[1]].reshape(K, K)
        axis = middle.subplots()
        image = panel.tile(axis, one, f"filter of row {point.y}, column {point.x}: place {phase} of its cell",
                           limits=limits, colours="Greys", figures=one)
        panel.scale(axis, image, "weight; the 25 add up to 1")
        tiles = right.subplots(s, s)
        for u, axis in enumerate(np.ravel(tiles)):
            here = divmod(u, s) == phase
            panel.tile(axis, w[:, u].reshape(K, K), str(divmod(u, s)), limits=limits, colours="Greys")
            for side in axis.spines.values():
                side.set(edgecolor=panel.OUTPUT if here else "black", linewidth=2.4 if here else 0.6)
    panel.legend(figure, [("regular", "tap"), ("output", "the pixel of the result (framed among its cell)"),
                          ("centre", "centre tap of a filter: the small pixel of the cell")])
    return figure


def _cell(seen: Seen, point: Point, s: int) -> np.ndarray:
    """(25, s * s): the filters of the cell of a pixel."""
    i, j = point.y // s, point.x // s
    return ops.dynamic_filters(seen.values["filters2"][:, 0, i:i + 1, j:j + 1], s)[0, 0, 0]


def _grid(centre: tuple[int, int], step: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the 25 taps around `centre`, `step` pixels apart."""
    away = step * (np.arange(K) - K // 2)
    rows, columns = np.meshgrid(centre[0] + away, centre[1] + away, indexing="ij")
    return rows, columns


def stfan(seen: Seen, points: list[Point]) -> Figure:
    """For each point and each set: where the taps lie, the mean filter in figures, and those of single channels."""
    points = points[:2]
    sets = (("align", "alignment", seen.given[2], "the restored frame before"),
            ("deblur", "deblurring", seen.given[0], "this frame"))
    rows = [(p, *one) for p in points for one in sets]
    found = [seen.values[f"{name}.filters"][0, p.y // QUARTER, p.x // QUARTER].reshape(TAPS, -1)
             for p, name, *_ in rows]
    figure = pyplot().figure(figsize=(13, 0.6 + 2.9 * len(rows)), layout="constrained")
    panel.headed(figure, seen.title("filters of single pixels, over features of a quarter of the resolution"))
    for part, w, (point, _, what, picture, name) in zip(np.ravel(figure.subfigures(len(rows), 1)), found, rows):
        _set(part, w, point, what, picture, name)
    panel.legend(figure, [("regular", "tap, 4 pixels from the next"), ("output", "the pixel of the result"),
                          ("centre", "centre tap of a filter")])
    return figure


def _set(part: Any, w: np.ndarray, point: Point, what: str, picture: np.ndarray, name: str) -> None:
    """One row: w (25, channels). The centre is near 1, so it is written instead of coloured."""
    off = w.copy()
    off[TAPS // 2] -= 1
    order = np.argsort(-np.abs(off).sum(0))[:SHOWN]
    shown = w.copy()
    shown[TAPS // 2] = np.nan
    most = float(np.nanmax(np.abs(shown[:, order])))
    look: dict[str, Any] = {"limits": (-most, most), "colours": "RdBu_r"}
    left, middle, right = part.subfigures(1, 3, width_ratios=(1, 1.25, 1.75))
    axis = left.subplots()
    panel.frame(axis, picture, f"{point.why}: {name}", around=(point.y, point.x), reach=16)
    panel.regular(axis, *_grid((point.y // QUARTER * QUARTER, point.x // QUARTER * QUARTER), QUARTER), size=6)
    panel.output(axis, point.y, point.x, size=7)
    axis.set_ylabel("row, in pixels of the frame", fontsize=7)
    axis = middle.subplots()
    image = panel.tile(axis, shown.mean(1).reshape(K, K), f"{what} filter, mean of {w.shape[1]} channels",
                       figures=w.mean(1).reshape(K, K), digits=3, **look)
    panel.scale(axis, image, "weight of a tap beside the centre")
    for channel, axis in zip(order, np.ravel(right.subplots(2, SHOWN // 2))):
        title = f"channel {channel}: centre {w[TAPS // 2, channel]:.2f}"
        panel.tile(axis, shown[:, channel].reshape(K, K), title, **look)

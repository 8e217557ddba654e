"""Panels: frames whose pixel (row, column) lies at the coordinates (column, row), marks on them, maps with a scale.

Each mark means one thing in every figure: a diamond is the pixel of the result that is asked about, hollow squares are
regular taps, discs are places that are read.
"""
from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from refvr.drawing.plots import pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

OUTPUT, REGULAR = "#ff2fd0", "#ffd21f"
GROUPS = ("#00a6d6", "#e4572e", "#6cbf3d", "#b07be0", "#ff8fb1", "#8c564b", "#ffffff", "#17becf")
UNCOLOURED = "#d8d8c0"   # of what is not a number, because it is off the scale and written instead
DPI = 120


def sheet(rows: int, columns: int, *, panel: tuple[float, float], title: str, **options: object) -> tuple[Any, Any]:
    """A figure of at least 1200 pixels and its axes (rows, columns); `panel`: inches of one, width and height."""
    width = max(10.2, columns * panel[0])
    size = width, 0.5 + rows * panel[1] * width / (columns * panel[0])
    figure, axes = pyplot().subplots(rows, columns, figsize=size, squeeze=False, layout="constrained", **options)
    headed(figure, title)
    return figure, axes


def headed(figure: Figure, title: str) -> None:
    """A title in as many lines as the figure needs."""
    figure.suptitle(fill(title, int(10 * figure.get_figwidth())), fontsize=11)


def frame(axis: Axes, picture: np.ndarray, title: str, *, around: tuple[float, float] | None = None, reach: int = 12,
          dim: float = 1.0) -> None:
    """A frame (h, w, 3), or what lies `reach` pixels around (row, column); `dim` < 1 lets marks stand out."""
    shown = 1 - dim + dim * np.clip(picture, 0, 1)
    axis.imshow(shown, interpolation="nearest")
    window(axis, title, around, reach, picture.shape)


def heat(axis: Axes, values: np.ndarray, title: str, *, limits: tuple[float, float], colours: str = "viridis"
         ) -> AxesImage:
    """A map (h, w) in colours; the answer is for `scale`."""
    image = axis.imshow(values, cmap=colours, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    window(axis, title, None, 0, values.shape)
    return image


def scale(axes: Any, image: object, label: str, **options: object) -> None:
    """The scale of colours beside a panel, or beside several."""
    first = axes if hasattr(axes, "figure") else np.ravel(axes)[0]
    bar = first.figure.colorbar(image, ax=axes, shrink=0.85, **options)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)


def window(axis: Axes, title: str, around: tuple[float, float] | None, reach: int, size: tuple[int, ...]) -> None:
    """Title and ticks; the window lies inside the frame, where the frame is large enough."""
    axis.set_title(title, fontsize=8.5)
    axis.tick_params(labelsize=6, length=2)
    if around is not None:
        row, column = (max(min(round(v), n - 1 - reach), min(reach, n - 1 - reach)) for v, n in zip(around, size))
        axis.set_xlim(column - reach - 0.5, column + reach + 0.5)
        axis.set_ylim(row + reach + 0.5, row - reach - 0.5)
        for ticks in (axis.xaxis, axis.yaxis):
            locator: Any = ticks.get_major_locator()   # of matplotlib's own choice, which knows `integer`
            locator.set_params(integer=True)


def output(axis: Axes, row: float, column: float, size: float = 9) -> None:
    """The sign of the pixel of the result."""
    axis.plot(column, row, marker="D", markersize=size, markerfacecolor="none", markeredgecolor="white",
              markeredgewidth=3.2, zorder=6)
    axis.plot(column, row, marker="D", markersize=size, markerfacecolor="none", markeredgecolor=OUTPUT,
              markeredgewidth=1.8, zorder=7)


def regular(axis: Axes, rows: np.ndarray, columns: np.ndarray, size: float = 5) -> None:
    """Hollow squares: where taps stand before anything moves them."""
    for colour, edge in (("black", 2.6), (REGULAR, 1.4)):
        axis.plot(np.ravel(columns), np.ravel(rows), "s", markersize=size, markerfacecolor="none",
                  markeredgecolor=colour, markeredgewidth=edge, zorder=4)


def read(axis: Axes, starts: np.ndarray, ends: np.ndarray, weights: np.ndarray, colour: str, area: float = 70) -> None:
    """Discs at `ends` (taps, 2) with areas as `weights`, each joined to its tap of `starts`."""
    for (r0, c0), (r1, c1) in zip(starts, ends):
        axis.plot([c0, c1], [r0, r1], color=colour, linewidth=0.8, alpha=0.8, zorder=3)
    axis.scatter(ends[:, 1], ends[:, 0], s=area * np.asarray(weights), color=colour, edgecolors="black",
                 linewidths=0.5, zorder=5)


def tile(axis: Axes, weights: np.ndarray, title: str, *, limits: tuple[float, float], colours: str,
         figures: np.ndarray | None = None, digits: int = 2) -> AxesImage:
    """A filter (k, k) with a cross at its centre tap; `figures` (k, k) are written into the cells."""
    k = len(weights)
    cmap = pyplot().get_cmap(colours).with_extremes(bad=UNCOLOURED)
    image = axis.imshow(weights, cmap=cmap, vmin=limits[0], vmax=limits[1], interpolation="nearest")
    axis.set_title(title, fontsize=7.5, pad=3)
    axis.set_xticks([])
    axis.set_yticks([])
    if figures is None:
        axis.plot(k // 2, k // 2, marker="+", markersize=6, color="white", markeredgewidth=2.6)
        axis.plot(k // 2, k // 2, marker="+", markersize=6, color="black", markeredgewidth=1.2)
        return image
    axis.add_patch(pyplot().Rectangle((k // 2 - 0.5, k // 2 - 0.5), 1, 1, fill=False, edgecolor="black", linewidth=1.6))
    for (i, j), value in np.ndenumerate(figures):
        red, green, blue, _ = image.cmap(image.norm(weights[i, j]))
        dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.5
        axis.text(j, i, f"{value:.{digits}f}", ha="center", va="center", fontsize=7.5,
                  color="white" if dark else "black")
    return image


def legend(figure: Figure, marks: Sequence[tuple[str, str]]) -> None:
    """What the signs mean, below the panels: (kind or colour of a disc, words)."""
    line, handles = pyplot().Line2D, []
    for kind, words in marks:
        look = {"output": {"marker": "D", "markeredgecolor": OUTPUT, "markerfacecolor": "none"},
                "regular": {"marker": "s", "markeredgecolor": REGULAR, "markerfacecolor": "#444444"},
                "centre": {"marker": "+", "markeredgecolor": "black"}}.get(
                    kind, {"marker": "o", "markerfacecolor": kind, "markeredgecolor": "black"})
        handles.append(line([], [], linestyle="none", markersize=8, label=words, **look))
    letters = max(len(words) for _, words in marks) + 6
    columns = min(max(int(15 * figure.get_figwidth()) // letters, 1), len(handles))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=8, frameon=False)

"""What the tools that draw share: pictures side by side with a detail, and calls of `refvr explain`. Extra `plot`."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from refvr.cli.main import main as refvr
from refvr.drawing.plots import pyplot, save
from refvr.explain.figures import panel

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
Column = tuple[str, np.ndarray]   # title, picture (h, w, 3) or map (h, w)


def explain(model: str, figure: str, name: str, *options: str) -> None:
    """Draw a figure of the demo scene into docs/images; a failure ends the tool."""
    status = refvr(["explain", "scene", "--model", model, "--png", figure, "-o", str(IMAGES / name), *options])
    if status:
        raise SystemExit(status)
    _fewer_colours(name)


def strip(name: str, columns: Sequence[Column], *, at: tuple[int, int], reach: int = 20, unit: str = "",
          colours: str = "magma", limits: tuple[float, float] | None = None) -> None:
    """Whole frames above and the detail around `at` (row, column) below; maps share a scale of colours in `unit`."""
    maps = [x for _, x in columns if x.ndim == 2]
    limits = limits or ((0.0, max(float(m.max()) for m in maps)) if maps else None)
    h, w = columns[0][1].shape[:2]
    figure, axes = pyplot().subplots(2, len(columns), figsize=(max(10.2, 3.4 * len(columns)), 5.6), squeeze=False,
                                     layout="constrained", height_ratios=(h / w, 1))
    for k, (title, picture) in enumerate(columns):
        for axis, around, words in ((axes[0, k], None, title), (axes[1, k], at, f"detail, {2 * reach + 1} px")):
            if picture.ndim == 3:
                panel.frame(axis, picture, words, around=around, reach=reach)
            else:
                image = axis.imshow(picture, cmap=colours, vmin=limits[0], vmax=limits[1], interpolation="nearest")
                panel.window(axis, words, around, reach, picture.shape)
        axes[0, k].add_patch(pyplot().Rectangle((at[1] - reach - 0.5, at[0] - reach - 0.5), 2 * reach + 1,
                                                2 * reach + 1, fill=False, edgecolor=panel.REGULAR, linewidth=1.5))
    if maps:
        panel.scale(axes[:, -1], image, unit)
    for axis in axes[:, 0]:
        axis.set_ylabel("row, in pixels", fontsize=7)
    finish(name, figure)


def finish(name: str, figure: object) -> None:
    """Into docs/images."""
    save(figure, IMAGES / name, dpi=panel.DPI)
    _fewer_colours(name)
    print(IMAGES / name, (IMAGES / name).stat().st_size)


def _fewer_colours(name: str) -> None:
    """256 colours, chosen to cover all that there are, and a third of the bytes."""
    with Image.open(IMAGES / name) as picture:
        small = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    small.save(IMAGES / name, optimize=True)

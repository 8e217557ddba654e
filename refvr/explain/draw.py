"""Single figures of what a network saw, as files: `refvr explain --png NAME` (docs/explain.md)."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from refvr.drawing.plots import save
from refvr.errors import InputError
from refvr.explain.figures import dataflow, filters, maps, provenance, taps
from refvr.explain.figures.look import Seen
from refvr.explain.figures.panel import DPI
from refvr.explain.large import around
from refvr.explain.points import Point, points_of
from refvr.explain.sight import Sight

Draw = Callable[[Seen, list[Point]], Any]
ALL = ("duf", "edvr", "fastdvdnet", "remonet", "safa", "stfan", "stfan_seed")
FIGURES: dict[str, dict[str, Draw]] = {   # name -> network -> what draws it
    "filters": {"duf": filters.duf, "stfan": filters.stfan},
    "offsets": {"edvr": taps.offsets},
    "flow": {"safa": maps.flow},
    "attention": {"edvr": maps.attention},
    "scales": {"safa": maps.scales},
    "provenance": dict.fromkeys(ALL, provenance.provenance),
    "dataflow": dict.fromkeys(ALL, dataflow.dataflow),
}


def check_figure(name: str, network: str, config: Any = None) -> None:
    """InputError where a network has no such figure."""
    there = [figure for figure, of in FIGURES.items() if network in of]
    if config is not None and not getattr(config, "tsa", True):
        there.remove("attention")
    if name not in there:
        raise InputError(f"{network} has no figure {name!r}", fix=f"it has {', '.join(there)}")


def draw(sight: Sight, name: str, out: str | Path, asked: tuple[tuple[int, int], ...] = ()) -> None:
    """Draw a figure into the file `out`, .png or .svg.

    asked  pixels (row, column) of the result, in place of the strongest edge, a corner and a smooth place; of a large
           frame the part around the first is drawn
    """
    if sight.whole is not None and asked:
        sight, asked = around(sight, asked)
    seen = Seen(sight)
    check_figure(name, seen.subject.network, seen.net.config)
    points = points_of(seen.result, asked, (0, 0))
    figure = FIGURES[name][seen.subject.network](seen, points[:len(asked)] if asked else points)
    save(figure, out, dpi=DPI)

"""Single figures of what a network saw, as files: `refvr explain --png NAME` (docs/explain.md)."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refvr.drawing.plots import save
from refvr.errors import InputError
from refvr.explain.figures import dataflow, provenance
from refvr.explain.figures.look import Seen
from refvr.explain.figures.panel import DPI
from refvr.explain.large import around
from refvr.explain.points import Point, points_of
from refvr.explain.sight import Sight
from refvr.records import NETWORKS, resolved
from refvr.types import Config

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[[Seen, list[Point]], "Figure"]
OF_ALL: dict[str, Draw] = {"provenance": provenance.provenance, "dataflow": dataflow.dataflow}


def figures_of(network: str) -> dict[str, Any]:
    """Name -> what draws it, or where that is: those of the record of a network, and those that all have."""
    return NETWORKS[network].explained.figures | OF_ALL


def check_figure(name: str, network: str, config: Config | None = None) -> None:
    """InputError where a network has no such figure."""
    there = list(figures_of(network))
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
    figure = resolved(figures_of(seen.subject.network)[name])(seen, points[:len(asked)] if asked else points)
    save(figure, out, dpi=DPI)

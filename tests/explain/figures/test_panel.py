"""Titles and legends of figures."""
import pytest
from sights import sight

from refvr.explain.figures import taps
from refvr.explain.figures.look import Seen
from refvr.explain.points import Point

plot = pytest.importorskip("matplotlib", reason="figures need matplotlib (extra plot)")


def test_titles_and_legends_of_many_groups_fit(monkeypatch):
    """A network of eight groups and weights that are drawn: nothing of what is written lies outside of the picture."""
    seen = Seen(sight())
    seen.sight.drawn = True
    figure = taps.offsets(seen, [Point(30, 50, "asked for, and " * 12)])
    from refvr.explain.figures import panel

    panel.legend(figure, [(colour, f"read by offset group {g}; area: mask, 0 to 1")
                          for g, colour in enumerate(panel.GROUPS)])
    figure.canvas.draw()
    width, _ = figure.canvas.get_width_height()
    for written in (figure._suptitle, *figure.legends):
        box = written.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= width
    seen.sight.drawn = False

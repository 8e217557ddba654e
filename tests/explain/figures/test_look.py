"""Marks of figures."""
import pytest
from sights import sight

from refvr.explain.figures.look import Seen
from refvr.explain.points import Point

plot = pytest.importorskip("matplotlib", reason="figures need matplotlib (extra plot)")


def test_the_output_mark_lies_in_the_middle_of_its_pixel(edvr):
    """x4: pixels 4 to 7 of the result lie over pixel 1 of the input, symmetric around its centre."""
    rows = [edvr.place(Point(y, 0, ""))[0] for y in (4, 5, 6, 7)]
    assert rows == pytest.approx([0.625, 0.875, 1.125, 1.375])
    duf = Seen(sight("duf-s-x4", "duf", (8, 10)))
    assert [duf.place(Point(y, 0, ""))[0] for y in (4, 6)] == [1.0, 1.5]

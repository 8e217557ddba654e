"""The picture of a comparison: where in the guilty layer, and where in the order of computation."""
import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed")
from refvr.errors import InputError
from refvr.verify.compare import plot
from refvr.verify.compare.found import Guilty, Row
from refvr.verify.compare.pieces import difference
from refvr.verify.compare.report import CompareReport


def off(by, peak=2.0):
    return difference(np.full(4, peak + by), np.full(4, peak))


def row(name, total, own, explained):
    return Row(name, (name,), "exact", "n h w c", (4,), "", off(total), own and off(own), 0.0, explained)


ROWS = [row("first", 2e-6, 1e-6, 4e-6), row("not isolated", 1.0, None, None), row("guilty", 0.5, 0.4, 8e-6),
        row("exact", 0.25, 1e-30, 2e-6)]
MAP = np.array([[0.0, 1e-3], [0.1, 10.0]])


def report(guilty=True):
    found = CompareReport("trace.h5", "mine.npz", ROWS, {}, 4, [], [])
    found.guilty = Guilty("guilty", 7.0, off(0.4), 1e-7, "first", ("guilty",), (), (), (), MAP) if guilty else None
    return found


@pytest.fixture
def axes(monkeypatch, tmp_path):
    """(left, right, colour bar) of the figure that is saved."""
    figures = []
    monkeypatch.setattr(plot, "save", lambda figure, path, dpi: figures.append((figure, path)))
    plot.draw(report(), tmp_path / "g.png")
    ((figure, path),) = figures
    yield figure.axes
    assert path == tmp_path / "g.png"
    plot.pyplot().close(figure)


def test_the_layer_as_a_map_over_six_decades(axes):
    (shown,) = axes[0].images
    assert np.allclose(shown.get_array(), [[-12, -3], [-1, 1]])
    assert shown.get_clim() == (-5, 1) and "guilty" in axes[0].get_title()


def test_every_layer_that_was_looked_at_by_itself_against_what_rounding_explains(axes):
    lines = {line.get_label(): line for line in axes[1].lines}
    assert np.allclose(lines["in all (own and inherited)"].get_ydata(), [1e-6, 0.25, 0.125])
    assert np.allclose(lines["own error"].get_ydata(), [5e-7, 0.2, 1e-9], rtol=1e-3)   # over the peak, at least 1e-9
    assert np.allclose(lines["what rounding explains"].get_ydata(), [2e-6, 4e-6, 1e-6])
    assert lines["guilty"].get_xdata().tolist() == [1] and np.allclose(lines["guilty"].get_ydata(), 0.2)
    assert axes[1].get_yscale() == "log" and axes[1].get_legend() is not None
    assert axes[1].get_xlabel() == "value, in order of computation" and "over peak" in axes[1].get_ylabel()


def test_a_file_is_written(tmp_path):
    plot.draw(report(), tmp_path / "g.png")
    assert (tmp_path / "g.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_without_a_guilty_layer_there_is_nothing_to_show(tmp_path):
    with pytest.raises(InputError, match="a picture shows the guilty layer, and none was found"):
        plot.draw(report(guilty=False), tmp_path / "g.png")
    assert not list(tmp_path.iterdir())

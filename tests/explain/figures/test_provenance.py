"""Where a pixel comes from: the weights that are drawn are the row of the Jacobian, on one scale for all frames."""
import numpy as np
import pytest
from seen_by_hand import marks, picture, seen

from refvr.explain.figures import panel
from refvr.explain.figures.provenance import KEPT, LINEAR, REACH, provenance, reach_of
from refvr.explain.points import Point

plot = pytest.importorskip("matplotlib", reason="figures need matplotlib (extra plot)")


class Tape:
    """A network of known weights: the result's grey value is a weighted sum of the frames."""

    def __init__(self, weights):
        self.output, self.weights, self.asked = np.zeros((80, 96, 3)), weights, []

    def of(self, dy):
        self.asked.append(dy)
        return {"x": self.weights[None]}


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    weights = np.zeros((2, 40, 48, 3))
    weights[0, 18:23, 28:33] = rng.standard_normal((5, 5, 3))
    weights[1, 20, 30] = -5
    one = seen(size=(40, 48), scale=2, tape=Tape(weights))
    yield one, provenance(one, [Point(40, 60, "asked for"), Point(0, 0, "")])
    panel.pyplot().close("all")


def test_the_value_that_is_explained_is_the_mean_of_the_three_colours(drawn):
    one, figure = drawn
    asked, = one.tape.asked
    assert asked[40, 60].tolist() == [1 / 3] * 3 and np.count_nonzero(asked) == 3
    assert "the grey value at row 40, column 60 of the result, asked for" in figure.get_suptitle().replace("\n", " ")


def test_each_frame_stands_above_the_weights_of_its_pixels(drawn):
    one, figure = drawn
    above, below = np.reshape(figure.axes[:4], (2, 2))
    for k in range(2):
        w = one.tape.weights[k].sum(-1)
        np.testing.assert_allclose(picture(above[k]), one.given[k])
        np.testing.assert_allclose(picture(below[k]), w)
        assert below[k].get_title() == f"sum {w.sum():+.3g}, sizes {np.abs(w).sum():.3g}"
        assert above[k].get_xlim() == below[k].get_xlim() and above[k].get_ylim() == below[k].get_ylim()
        for axis in (above[k], below[k]):
            assert marks(axis, "D") == [(20, 30)], "where the pixel lies in the smaller frame"
        norm = below[k].images[0].norm
        assert isinstance(norm, plot.colors.SymLogNorm)
        assert (norm.vmin, norm.vmax, norm.linthresh) == (-15, 15, 15 * LINEAR)


def test_no_weight_at_all_is_drawn_too():
    one = seen(size=(40, 48), scale=2, tape=Tape(np.zeros((2, 40, 48, 3))))
    figure = provenance(one, [Point(0, 0, "a corner")])
    assert figure.axes[2].images[0].norm.vmax == 1
    panel.pyplot().close(figure)


def test_a_window_holds_nearly_all_of_the_weights():
    """By the larger of the distances in rows and columns; never less than REACH pixels."""
    near, far = np.zeros((2, 60, 60))
    near[30, 30], far[30, 50] = 0.5, -0.5
    assert reach_of([near, far], (30.0, 30.0)) == 20 and reach_of([near, 0 * far], (30.0, 30.0)) == REACH
    far[30, 50] = -0.5 * (1 - KEPT)
    assert reach_of([near, far], (30.0, 30.0)) == REACH, "less than a hundredth lies farther"
    assert reach_of([0 * near], (30.0, 30.0)) == REACH
    assert reach_of([np.eye(60)], (0.0, 0.5)) == 59

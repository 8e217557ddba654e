"""Figures of filters: tiles and figures are the weights of the run, marks lie where they are applied."""
import numpy as np
import pytest
from seen_by_hand import marks, picture, seen, written

from refvr import ops
from refvr.explain.figures import filters, panel
from refvr.explain.points import Point

plot = pytest.importorskip("matplotlib", reason="figures need matplotlib (extra plot)")
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def close():
    with ops.backend("plain"):
        yield
    panel.pyplot().close("all")


def softmax(logits):
    """(25, s s): each column adds up to 1."""
    grown = np.exp(logits.reshape(25, -1))
    return grown / grown.sum(0)


def test_duf_has_the_filter_of_a_pixel_in_figures_among_those_of_its_cell():
    logits = RNG.standard_normal((1, 1, 8, 12, 25 * 4))
    one = seen({"filters2": logits}, given=7, scale=2)
    points = [Point(7, 13, "an edge"), Point(2, 20, "a corner")]
    figure = filters.duf(one, points)
    assert figure.get_suptitle() == "net: the filters of single pixels of the result" and len(figure.subfigs) == 2
    highest = max(softmax(logits[0, 0, y // 2, x // 2]).max() for y, x, _ in points)
    for part, (y, x, why) in zip(figure.subfigs, points):
        (left,), middle, tiles = (sub.axes for sub in part.subfigs)
        w, phase = softmax(logits[0, 0, y // 2, x // 2]), (y % 2) * 2 + x % 2
        np.testing.assert_allclose(picture(left), one.given[3])   # the middle one
        assert left.get_title() == f"{why}: the middle frame"
        assert marks(left, "s") == [(y // 2 + i, x // 2 + j) for i in range(-2, 3) for j in range(-2, 3)]
        assert marks(left, "D") == [(y / 2, x / 2)]
        np.testing.assert_allclose(picture(middle[0]), w[:, phase].reshape(5, 5), rtol=1e-5)
        assert written(middle[0]) == [f"{v:.2f}" for v in w[:, phase]]
        assert f"row {y}, column {x}: place {(y % 2, x % 2)}" in middle[0].get_title()
        assert middle[0].images[0].get_clim() == (0, pytest.approx(highest))
        assert len(tiles) == 4
        for u, axis in enumerate(tiles):
            np.testing.assert_allclose(picture(axis), w[:, u].reshape(5, 5), rtol=1e-5)
            assert axis.get_title() == str((u // 2, u % 2)) and axis.images[0].get_clim()[1] == pytest.approx(highest)
            edge = axis.spines["left"].get_edgecolor()
            assert (edge == plot.colors.to_rgba(panel.OUTPUT)) == (u == phase), "framed among its cell"


def test_no_more_than_three_pixels_of_duf_are_drawn():
    one = seen({"filters2": np.zeros((1, 1, 8, 12, 100))}, given=7, scale=2)
    assert len(filters.duf(one, [Point(k, k, "") for k in range(5)]).subfigs) == 3


def stfan(points):
    """Ten channels, of which number 4 is far from the identity and number 7 is the identity."""
    values = {}
    for name in ("align", "deblur"):
        w = 0.05 * RNG.standard_normal((1, 2, 3, 25, 10))
        w[..., 12, :] += 1
        w[..., 4] *= 9
        w[..., 7] = np.arange(25) == 12
        values[f"{name}.filters"] = w.reshape(1, 2, 3, -1)
    one = seen(values, given=3)
    return one, filters.stfan(one, points)


def test_stfan_has_two_sets_for_each_pixel_over_the_frames_that_they_are_for():
    points = [Point(5, 9, "an edge"), Point(1, 2, "a corner")]
    one, figure = stfan(points)
    rows = [(point, name, one.given[k], said) for point in points for name, k, said in (
        ("align", 2, "the restored frame before"), ("deblur", 0, "this frame"))]
    assert len(figure.subfigs) == 4
    for part, ((y, x, why), name, frame, said) in zip(figure.subfigs, rows):
        (left,), middle, tiles = (sub.axes for sub in part.subfigs)
        w = one.values[f"{name}.filters"][0, y // 4, x // 4].reshape(25, 10)
        np.testing.assert_allclose(picture(left), frame)
        assert left.get_title() == f"{why}: {said}" and marks(left, "D") == [(y, x)]
        assert marks(left, "s") == [(y // 4 * 4 + 4 * i, x // 4 * 4 + 4 * j) for i in range(-2, 3)
                                    for j in range(-2, 3)]
        mean = w.mean(1)
        assert written(middle[0]) == [f"{v:.3f}" for v in mean], "the centre too, which is near 1"
        shown = picture(middle[0]).ravel()
        assert np.isnan(shown[12])
        np.testing.assert_allclose(np.delete(shown, 12), np.delete(mean, 12))
        off = np.abs(w - (np.arange(25) == 12)[:, None]).sum(0)
        order = np.argsort(-off)[:8]
        assert order[0] == 4 and 7 not in order
        assert [axis.get_title() for axis in tiles] == [f"channel {c}: centre {w[12, c]:.2f}" for c in order]
        others = np.delete(w[:, order], 12, axis=0)
        for axis, c in zip(tiles, order):
            np.testing.assert_allclose(np.delete(picture(axis).ravel(), 12), np.delete(w[:, c], 12))
            assert axis.images[0].get_clim() == (pytest.approx(-np.abs(others).max()),
                                                 pytest.approx(np.abs(others).max())), "nothing is in the middle"


def test_no_more_than_two_pixels_of_stfan_are_drawn():
    assert len(stfan([Point(k, k, "") for k in range(4)])[1].subfigs) == 4

"""Figures of whole frames: the maps are the values of the run, and what is marked lies where they say."""
from types import SimpleNamespace

import numpy as np
import pytest
from seen_by_hand import marks, picture, seen, written

from refvr.explain.figures import maps, panel
from refvr.explain.points import Point

plot = pytest.importorskip("matplotlib", reason="figures need matplotlib (extra plot)")
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def close():
    yield
    panel.pyplot().close("all")


def test_attention_has_each_frame_its_likeness_and_what_sets_it_apart():
    """All likenesses on one scale, all differences on one that is even about 0."""
    alike = RNG.random((1, 8, 12, 3))
    one = seen({"fusion.alike": alike}, given=3)
    figure = maps.attention(one, [])
    axes = np.reshape(figure.axes[:9], (3, 3))
    apart = alike[0] - alike[0].mean(-1, keepdims=True)
    for k in range(3):
        np.testing.assert_allclose(picture(axes[0, k]), one.given[k])
        np.testing.assert_allclose(picture(axes[1, k]), alike[0, ..., k])
        np.testing.assert_allclose(picture(axes[2, k]), apart[..., k])
        assert [axes[row, k].get_title() for row in range(3)] == [
            f"frame {k}", f"likeness, mean {alike[..., k].mean():.4f}",
            f"less the mean of the frames, largest {np.abs(apart[..., k]).max():.4f}"]
        assert axes[1, k].images[0].get_clim() == (alike.min(), alike.max())
        assert axes[2, k].images[0].get_clim() == (-np.abs(apart).max(), np.abs(apart).max())
    assert figure.get_suptitle() == "net: temporal attention"


def moving(size=(80, 96), fast=(50, 60)):
    """Two steps; in the last one a square around `fast` moves by (4, 3) pixels to the first frame, (-8, 6) to the
    second, the rest does not.
    """
    field = np.zeros((1, *size, 5))
    square = slice(fast[0] - 3, fast[0] + 4), slice(fast[1] - 3, fast[1] + 4)
    field[0][square] = (4, 3, -8, 6, 0)
    mask = RNG.random((1, *size, 1))
    return seen({"t0.step0.flow": RNG.standard_normal(field.shape), "t0.step1.flow": field, "t0.mask": mask},
                size=size, options={"times": [0.25]})


def test_flow_is_drawn_to_both_frames_where_most_moves():
    one = moving()
    figure = maps.flow(one, [Point(3, 4, "an edge")])
    (first, second, result), (far0, far1, share) = np.reshape(figure.axes[:6], (2, 3))
    assert "at time 0.25; a detail of 57 pixels around row 50, column 60" in figure.get_suptitle().replace("\n", " ")
    still = np.hypot(*np.zeros((2, 80, 96)))
    still[47:54, 57:64] = 1
    for axis, length in ((far0, 5), (far1, 10)):
        np.testing.assert_allclose(picture(axis), length * still)
        assert axis.images[0].get_clim() == (0, 10), "one scale for both"
        assert f"mean {(length * still).mean():.2f}, largest {length:.1f} px" in axis.get_title()
    np.testing.assert_allclose(picture(share), one.values["t0.mask"][0, ..., 0])
    assert share.images[0].get_clim() == (0, 1)
    np.testing.assert_allclose(picture(result), one.result)
    box, = result.patches
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (60 - 28.5, 50 - 28.5, 57, 57)
    for axis, flow, frame in ((first, (3, 4), one.given[0]), (second, (6, -8), one.given[1])):
        np.testing.assert_allclose(picture(axis), 1 - 0.7 + 0.7 * frame)
        starts = np.array(marks(axis, "s"))
        assert len(starts) == 49 and {tuple(d) for d in np.diff(starts[:7], axis=0)} == {(0, 8)}
        assert starts[0].tolist() == [50 - 24, 60 - 24]
        ends = axis.collections[0].get_offsets()[:, ::-1]
        moved = (np.abs(starts - (50, 60)) <= 3).all(1)
        np.testing.assert_allclose(ends - starts, np.where(moved[:, None], flow, 0))   # down, right
        assert moved.sum() == 1


def test_a_pixel_that_is_asked_for_is_the_middle_and_marks_stay_inside():
    figure = maps.flow(moving(), [Point(70, 20, "asked for")])
    assert "around row 70, column 20" in figure.get_suptitle().replace("\n", " ")
    starts = np.array(marks(figure.axes[0], "s"))
    assert starts.max(0)[0] < 80 and starts.min(0)[0] == 70 - 24


def test_the_busiest_place_keeps_a_detail_inside():
    """The median of what moves at least 0.7 times the furthest."""
    far = np.zeros((80, 96))
    far[2:5, 90:95] = 10
    assert maps._busiest(far) == (28, 96 - 1 - 28)
    far[:] = 0
    far[40, 30:51], far[60, 70] = 8, 5
    assert maps._busiest(far) == (40, 40)
    assert maps._busiest(np.ones((9, 9))) == (28, 28), "smaller than a detail"


def test_scales_are_those_that_each_step_chose_at_each_time():
    """Both decisions: the full scale; the second alone: a half; not the second: a quarter."""
    decisions = np.zeros((9, 2, 1, 2), np.uint8)
    decisions[:, 0, 0] = (1, 1)
    decisions[3:, 0, 0] = (0, 1)
    decisions[:, 1, 0, 0] = 1
    p = RNG.random((9, 2, 1, 2))
    asked = []

    def call(*operands, **options):
        asked.append((operands, options))
        return SimpleNamespace(probabilities=p, decisions=decisions)

    one = seen(subject=SimpleNamespace(call=call, operands={"image0": "a", "image1": "b"}))
    axis, = maps.scales(one, []).axes
    times = [k / 8 for k in range(9)]
    assert asked == [(("a", "b"), {"times": times})]
    np.testing.assert_array_equal(picture(axis), [[0] * 3 + [1] * 6, [2] * 9])
    names = np.array(["full", "half", "quarter"])[picture(axis).astype(int)]
    assert written(axis) == [f"{names[step, time]}\ns1 {p[time, step, 0, 1]:.2f}\ns0 {p[time, step, 0, 0]:.2f}"
                             for step in range(2) for time in range(9)]
    assert [(round(text.get_position()[0]), round(text.get_position()[1])) for text in axis.texts] == [
        (time, step) for step in range(2) for time in range(9)]
    assert [label.get_text() for label in axis.get_xticklabels()] == [f"{t:g}" for t in times]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["step 1", "step 2"]

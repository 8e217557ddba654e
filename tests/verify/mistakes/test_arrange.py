"""Mistakes in moving elements: what stands where, on arrays of counted elements."""
import numpy as np
import pytest
from wrong_calls import drawn, made_in, possible, shows, wrong

from refvr.verify.mistakes import arrange

LINE = np.arange(8.0).reshape(1, 1, 1, 8)         # one pixel, eight channels
PICTURE = np.arange(12.0).reshape(1, 3, 4, 1)
PIXELS = PICTURE[0, :, :, 0]


def picture(rows):
    return np.array(rows, float)[None, :, :, None]


SHUFFLES = {   # two channels of 2 x 2: PyTorch has channels 0 to 3 in the first, TensorFlow 0, 2, 4, 6
    "pixel_shuffle.order_of_the_other_framework": ([[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]], LINE, 2),
    "pixel_shuffle.rows_and_columns_of_the_block_exchanged": ([[[[0, 4], [2, 6]], [[1, 5], [3, 7]]]], LINE, 2),
    "pixel_unshuffle.order_of_the_other_framework": (
        [[[[0, 1, 2, 3, 4, 5, 6, 7]]]], np.arange(8.0).reshape(1, 2, 2, 2), 2),
    "pixel_unshuffle.rows_and_columns_of_the_pixels_exchanged": (
        [[[[0, 4, 2, 6, 1, 5, 3, 7]]]], np.arange(8.0).reshape(1, 2, 2, 2), 2),
}


@pytest.mark.parametrize("name", SHUFFLES)
def test_shuffles(name):
    expected, *call = SHUFFLES[name]
    shows(name, expected, *call)


def test_the_other_framework_is_the_other_one():
    torch = [[[[0, 4], [1, 5]], [[2, 6], [3, 7]]]]
    shows("pixel_shuffle.order_of_the_other_framework", torch, LINE, 2, "tf")


def test_shuffles_of_several_blocks():
    """Blocks stay where they are: 1 x 2 pixels of 2 x 2 each."""
    two = np.arange(8.0).reshape(1, 1, 2, 4)
    shows("pixel_shuffle.rows_and_columns_of_the_block_exchanged", picture([[0, 2, 4, 6], [1, 3, 5, 7]]), two, 2)
    shows("pixel_unshuffle.rows_and_columns_of_the_pixels_exchanged", [[[[0, 4, 1, 5], [2, 6, 3, 7]]]],
          picture([[0, 1, 2, 3], [4, 5, 6, 7]]), 2)


def test_shuffles_without_room_for_it():
    for name in SHUFFLES:
        assert not possible(name, LINE, 1)
    assert not possible("pixel_shuffle.order_of_the_other_framework", LINE[..., :4], 2)   # one channel has no order
    assert not possible("pixel_unshuffle.order_of_the_other_framework", picture([[0, 1], [2, 3]]), 2)
    assert possible("pixel_shuffle.rows_and_columns_of_the_block_exchanged", LINE[..., :4], 2)


PADS = ((1, 0), (0, 2))    # a row above, two columns at the right
BORDERS = {
    "of_zeros": [[0, 0, 0, 0, 0, 0], [0, 1, 2, 3, 0, 0], [4, 5, 6, 7, 0, 0], [8, 9, 10, 11, 0, 0]],
    "of_the_edge": [[0, 1, 2, 3, 3, 3], [0, 1, 2, 3, 3, 3], [4, 5, 6, 7, 7, 7], [8, 9, 10, 11, 11, 11]],
    "mirrored": [[4, 5, 6, 7, 6, 5], [0, 1, 2, 3, 2, 1], [4, 5, 6, 7, 6, 5], [8, 9, 10, 11, 10, 9]],
    "mirrored_with_the_edge": [[0, 1, 2, 3, 3, 2], [0, 1, 2, 3, 3, 2], [4, 5, 6, 7, 7, 6], [8, 9, 10, 11, 11, 10]],
    "wrapped": [[8, 9, 10, 11, 8, 9], [0, 1, 2, 3, 0, 1], [4, 5, 6, 7, 4, 5], [8, 9, 10, 11, 8, 9]],
}
OWN = {"of_zeros": "zero", "of_the_edge": "edge", "mirrored": "reflect"}


@pytest.mark.parametrize("name", BORDERS)
def test_pads(name):
    for mode in ("zero", "edge", "reflect"):
        if OWN.get(name) == mode:
            assert not possible(f"pad.{name}", PICTURE, PADS, mode)
        else:
            shows(f"pad.{name}", picture(BORDERS[name]), PICTURE, PADS, mode)
    assert not possible(f"pad.{name}", PICTURE, ((0, 0), (0, 0)), "zero" if OWN.get(name) != "zero" else "edge")
    assert not possible(f"pad.{name}", PICTURE, ((0, 0), (0, 3)), "zero" if OWN.get(name) != "zero" else "edge")


def test_pads_at_the_wrong_sides():
    other = [[0, 0, 0, 1, 2, 3], [0, 0, 4, 5, 6, 7], [0, 0, 8, 9, 10, 11], [0, 0, 0, 0, 0, 0]]
    shows("pad.sides_exchanged", picture(other), PICTURE, PADS)
    columns_first = np.pad(PIXELS, ((0, 2), (1, 0)))[None, :, :, None]
    shows("pad.pads_columns_first", columns_first, PICTURE, PADS)


PARTS = tuple(LINE[..., k:k + 2] for k in (0, 2, 4))
JOINED = {"concat.parts_in_reverse": [4, 5, 2, 3, 0, 1], "concat.last_part_first": [4, 5, 0, 1, 2, 3],
          "concat.first_part_last": [2, 3, 4, 5, 0, 1], "concat.channels_interleaved": [0, 2, 4, 1, 3, 5]}


@pytest.mark.parametrize("name", JOINED)
def test_joined(name):
    shows(name, [[[JOINED[name]]]], *PARTS)


def test_joined_without_room_for_it():
    for name in ("last_part_first", "first_part_last"):
        assert not possible(f"concat.{name}", *PARTS[:2])     # of two parts that is the reverse order
    assert not possible("concat.channels_interleaved", LINE, PARTS[0])
    assert not possible("concat.channels_interleaved", *PARTS, axis=1)
    assert not possible("concat.channels_interleaved", LINE)
    assert possible("concat.channels_interleaved", *PARTS[:2])


def test_a_softmax_over_frames_in_place_of_sigmoids():
    x = drawn(1, 2, 3, 5)
    parts = np.split(1 / (1 + np.exp(-x)), 5, axis=-1)
    shows("concat.softmax_over_the_parts", np.exp(x) / np.exp(x).sum(-1, keepdims=True), *parts)
    shows("concat.softmax_over_the_parts", np.exp(x[..., :2]) / np.exp(x[..., :2]).sum(-1, keepdims=True), *parts[:2])
    for others in ((x, x), parts[:1], (parts[0], parts[1][:, :1]), (parts[0], np.zeros_like(x[..., :1])),
                   (parts[0], np.ones_like(x[..., :1]))):
        assert not possible("concat.softmax_over_the_parts", *others, axis=1)   # they went through no sigmoid


FULL, HALF, QUARTER = (np.full((1, 1, 1, 1), level) for level in (100.0, 10.0, 1.0))


def chosen(p0, p1, full=FULL, half=HALF, quarter=QUARTER, decisions="threshold"):
    return {"p": np.array([[p0, p1]]), "full": full, "half": half, "quarter": quarter, "decisions": decisions}


ROUTES = {   # p0 decides between full and half, p1 between these and quarter
    "route.decision_above_a_half_only": (10.0, chosen(0.5, 0.75)),
    "route.decisions_exchanged": (10.0, chosen(0.75, 0.25)),
    "route.half_and_quarter_exchanged": (1.0, chosen(0.25, 0.75)),
    "route.branches_blended": (0.25 * 0.75 * 100 + 0.75 * 0.75 * 10 + 0.25 * 1, chosen(0.25, 0.75)),
    "route.likeliest_branch": (1.0, chosen(0.5, 0.6)),                 # 0.3, 0.3 and 0.4
    "route.always_full_resolution": (100.0, chosen(0.25, 0.75)),
}


@pytest.mark.parametrize("name", ROUTES)
def test_routes(name):
    level, call = ROUTES[name]
    shows(name, np.full((1, 1, 1, 1), level), **call)


@pytest.mark.parametrize("p0, p1, level", [(0.9, 0.9, 100.0), (0.1, 0.9, 10.0), (0.9, 0.1, 1.0), (0.45, 0.8, 10.0)])
def test_the_likeliest_branch(p0, p1, level):
    assert wrong("route.likeliest_branch", **chosen(p0, p1)).item() == level


def test_routes_without_room_for_it():
    assert not possible("route.decision_above_a_half_only", **chosen(0.5, 0.75, decisions="full"))
    assert not possible("route.decision_above_a_half_only", **chosen(0.5, 0.75, decisions=np.array([[1, 1]])))
    for missing in ("full", "half", "quarter"):
        assert not possible("route.branches_blended", **chosen(0.25, 0.75, **{missing: None}))
    assert not possible("route.always_full_resolution", **chosen(0.25, 0.75, full=None))


def test_every_mistake_of_the_file_is_here():
    assert made_in(arrange) == {*SHUFFLES, *JOINED, *ROUTES, "concat.softmax_over_the_parts", "pad.sides_exchanged",
                                "pad.pads_columns_first", *(f"pad.{name}" for name in BORDERS)}

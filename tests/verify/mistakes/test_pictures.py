"""Mistakes around a network: levels, luma, windows; by the formula or by hand."""
import numpy as np
import pytest
from wrong_calls import made_in, possible, right, shows

from refvr.errors import InputError
from refvr.verify.mistakes import pictures

LEVELS = np.array([-2.0, 0.25, 0.5, 1.5, 2.5, 100.75, 254.5, 255.0, 300.0]) / 255    # in units of one level
AS_BYTES = {
    "levels_cut_off": [0, 0, 0, 1, 2, 100, 254, 255, 255],
    "halves_rounded_up": [0, 0, 1, 2, 3, 101, 255, 255, 255],
    "times_256": [0, 0, 0, 1, 2, 101, 255, 255, 255],          # 256 / 255 of each, cut off: 0.25, 0.50, 1.51 ...
    "not_clipped": [254, 0, 0, 2, 2, 101, 254, 255, 44],
}


@pytest.mark.parametrize("name", AS_BYTES)
def test_levels(name):
    for dtype in (np.float32, np.float64):
        x = LEVELS.astype(dtype)
        assert right("to_8bit", x).tolist() == [0, 0, 0, 2, 2, 101, 254, 255, 255]       # halves to even
        shows(f"to_8bit.{name}", np.array(AS_BYTES[name], dtype), x)


RGB = np.random.default_rng(1).random((1, 3, 4, 3))
R, G, B = np.moveaxis(RGB, -1, 0)[..., None]


def limited(r, g, b):
    return (16 + 219 * (r * R + g * G + b * B)) / 255


BT601 = (65.481 / 219, 128.553 / 219, 24.966 / 219)
LUMA = {
    "of_blue_green_red": limited(*BT601[::-1]),
    "full_range": 0.299 * R + 0.587 * G + 0.114 * B,
    "of_bt_709": limited(0.2126, 0.7152, 0.0722),
    "offset_missing": limited(*BT601) - 16 / 255,
    "mean_of_the_colours": (R + G + B) / 3,
    "luma_rounded": np.round(255 * limited(*BT601)) / 255,
}


@pytest.mark.parametrize("name", LUMA)
def test_luma(name):
    assert np.allclose(right("luma", RGB), limited(*BT601))
    shows(f"luma.{name}", LUMA[name], RGB)


CLIP = np.arange(7.0)[:, None, None, None]                                   # frame k is k
RULES = {   # windows of 5 around frame 1 and around frame 5 of 7, beyond the ends by each rule
    "replicate": ([0, 0, 1, 2, 3], [3, 4, 5, 6, 6]), "reflection": ([1, 0, 1, 2, 3], [3, 4, 5, 6, 5]),
    "reflection_circle": ([4, 0, 1, 2, 3], [3, 4, 5, 6, 2]), "circle": ([4, 0, 1, 2, 3], [3, 4, 5, 6, 2])}


def frames(numbers):
    return np.array(numbers, float)[:, None, None, None]


@pytest.mark.parametrize("name", RULES)
def test_rules_of_windows(name):
    other = "replicate" if name != "replicate" else "reflection"
    for centre, window in zip((1, 5), RULES[name]):
        shows(f"window.{name}", frames(window), CLIP, centre=centre, size=5, border=other)
    assert not possible(f"window.{name}", CLIP, centre=1, size=5, border=name)


def test_two_frames_beyond_the_end():
    """Which is where the two circles differ: of the window itself, forwards or backwards."""
    shows("window.reflection_circle", frames([4, 3, 0, 1, 2]), CLIP, centre=0, size=5, border="circle")
    shows("window.circle", frames([3, 4, 0, 1, 2]), CLIP, centre=0, size=5, border="reflection_circle")


def test_order_and_place_of_windows():
    told = {"size": 5, "border": "replicate"}
    shows("window.frames_backwards", frames([5, 4, 3, 2, 1]), CLIP, centre=3, **told)
    shows("window.one_frame_late", frames([2, 3, 4, 5, 6]), CLIP, centre=3, **told)
    shows("window.one_frame_late", frames([4, 5, 6, 6, 6]), CLIP, centre=5, **told)
    assert not possible("window.one_frame_late", CLIP, centre=6, **told)


@pytest.mark.parametrize("told", [{"centre": 1, "border": "zeros"}, {"centre": 7, "border": "circle"},
                                  {"centre": -1, "border": "circle"}])
def test_windows_that_there_are_not(told):
    with pytest.raises(InputError, match="window: got border"):
        right("window", CLIP, size=5, **told)


def test_every_mistake_of_the_file_is_here():
    assert made_in(pictures) == {*(f"to_8bit.{name}" for name in AS_BYTES), *(f"luma.{name}" for name in LUMA),
                                 *(f"window.{name}" for name in (*RULES, "frames_backwards", "one_frame_late"))}

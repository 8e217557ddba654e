"""The picture of the demonstration: before and after, side by side."""
import numpy as np
import pytest

from refvr.apps.comparison import CAPTION, GAP, busiest, caption, side_by_side


def test_the_busiest_part_is_found():
    picture = np.zeros((40, 60, 3), np.float32)
    picture[21:30, 33:48] = np.random.default_rng(1).random((9, 15, 3))
    assert busiest(picture, 10, 16) == (20, 32)  # the contrast of an edge counts for the pixel before it
    assert busiest(np.zeros((7, 5, 3)), 7, 5) == (0, 0)


def test_side_by_side_shows_picture_and_detail():
    rng = np.random.default_rng(2)
    first, second = (rng.random((24, 36, 3)).astype(np.float32) for _ in range(2))
    sheet = side_by_side([("noisy", first), ("clean", second)], zoom=4)
    assert sheet.shape == (CAPTION + 24 + GAP + 24 + GAP, GAP + 2 * (36 + GAP), 3)
    top, left = busiest(second, 6, 9)
    for column, picture in enumerate((first, second)):
        x = GAP + column * (36 + GAP)
        detail = sheet[CAPTION + 24 + GAP:-GAP, x:x + 36]
        assert np.array_equal(detail[::4, ::4], picture[top:top + 6, left:left + 9])
        shown = sheet[CAPTION:CAPTION + 24, x:x + 36]
        outside = np.ones((24, 36), bool)
        outside[top:top + 6, left:left + 9] = False
        assert np.array_equal(shown[outside], picture[outside])


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 2)])
def test_side_by_side_of_tiny_pictures(size):
    assert np.isfinite(side_by_side([("a long caption", np.zeros((*size, 3), np.float32))])).all()


def test_captions_are_ink_on_paper():
    strip, blank = caption("noisy, sigma 25: 20.38 dB", 200), caption("", 200)
    assert strip.shape == blank.shape == (CAPTION, 200, 3)
    assert blank.std(axis=(0, 1)).max() < 1e-6
    assert strip.min() < 0.3 < 0.9 < strip.max()
    assert np.array_equal(strip[:, -1], blank[:, -1]), "the text ends before the strip does"

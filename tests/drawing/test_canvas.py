"""An array to draw on."""
import numpy as np
import pytest

from refvr.drawing.canvas import bars, decode, encode, stroke
from refvr.scene import Scene, render

W, H = 97, 53


def box_mean(image, factor):
    h, w, c = image.shape
    return image.reshape(h // factor, factor, w // factor, factor, c).mean((1, 3))


def test_a_large_picture_made_small_is_the_small_picture():
    small, large = render(Scene(), W, H, 0.6), render(Scene(), 4 * W, 4 * H, 0.6)
    shrunk = encode(box_mean(decode(large), 4))
    gap = np.abs(shrunk - small).mean()
    assert gap < 0.01  # the picture's own contrast is about 0.2; what remains is the filter of the textures
    assert np.abs(np.roll(shrunk, 1, 1) - small).mean() > 2.5 * gap  # shifted by a single pixel it fits far worse


def test_bars_and_strokes_are_averages_over_the_texel():
    fine = np.linspace(-0.5, 0.5, 4001)
    for x, px in ((0.1, 0.3), (0.47, 0.9), (0.8, 2.7)):
        assert bars(np.array(x), px) == pytest.approx((((x + px * fine) % 1) < 0.5).mean(), abs=1e-3)
    distance = np.abs(np.arange(-5, 6) - 0.3)
    for half in (0.02, 0.2, 1.7):
        assert stroke(distance, half, 1.0).sum() == pytest.approx(2 * half, rel=1e-6)  # ink is conserved


def test_display_values_round_trip():
    grey = np.linspace(0, 1, 257)
    assert np.allclose(encode(decode(grey)), grey, atol=2e-7)

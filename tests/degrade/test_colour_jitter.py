"""Colours that STFAN's authors vary."""
import numpy as np
import pytest

from refvr.degrade import colour_jitter
from refvr.degrade.colour_jitter import Factors
from refvr.errors import ShapeError


def test_jitter_by_hand():
    x = np.array([[[[200, 100, 50], [10, 10, 10]]]], np.uint8)
    assert np.array_equal(colour_jitter.jitter(x, Factors(1, 1, 1, 0))[0, 0, 1], (10, 10, 10))
    found = colour_jitter.stages(x, Factors(1.5, 0.5, 0, 0))
    assert found["brightness"].tolist() == [[[[255, 150, 75], [15, 15, 15]]]]
    luma = (19595 * 255 + 38470 * 150 + 7471 * 75 + 32768) >> 16
    mean = (luma + 15 + 1) // 2
    assert found["contrast"][0, 0, 1, 0] == int(mean + 0.5 * (15 - mean))
    assert (found["saturation"][..., 0] == found["saturation"][..., 1]).all()    # without saturation: grey


def test_hue_goes_round():
    """A third of a turn takes red to green to blue, as exactly as 8 bits of hue can."""
    red = np.zeros((1, 1, 1, 3), np.uint8) + np.array([240, 0, 0], np.uint8)
    for turn, want in ((1 / 3, (0, 240, 0)), (-1 / 3, (0, 0, 240))):
        got = colour_jitter.jitter(red, Factors(1, 1, 1, turn))[0, 0, 0]
        assert np.abs(got.astype(int) - want).max() <= 6      # one of 255 steps of hue is 240 * 6 / 255


def test_jitter_refuses_floats_and_draws_within_its_ranges():
    with pytest.raises(ShapeError, match="expected uint8"):
        colour_jitter.jitter(np.zeros((1, 2, 3, 3)), Factors(1, 1, 1, 0))
    draws = np.array([colour_jitter.draw(np.random.default_rng(k)) for k in range(300)])
    low, high = np.array([0.8, 0.85, 0.7, -0.1]), np.array([1.2, 1.15, 1.3, 0.1])
    assert (draws >= low).all() and (draws <= high).all()
    assert (draws.min(0) < low + 0.1 * (high - low)).all() and (draws.max(0) > high - 0.1 * (high - low)).all()

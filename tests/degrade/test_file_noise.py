"""Noise as files have it."""
import numpy as np
import pytest
from noisy_clips import pairs, textured

from refvr.degrade import file_noise
from refvr.degrade.file_noise import noisy, real_noise
from refvr.metrics.noise import clip_noise


def test_training_tells_what_is_measured():
    clean = np.full((3, 224, 224, 3), 0.5, np.float32)
    for seed in range(4):
        given, level = noisy(clean, 20, np.random.default_rng(seed))
        assert given.dtype == level.dtype == np.float32 and level.shape == (3, 224, 224, 1)
        assert 255 * level.mean() == pytest.approx(clip_noise(pairs(list(given))).sigma, rel=0.35)


def test_worn_clips_have_the_level_that_is_measured():
    clean = np.stack(textured(96, 128, 4))
    left, pure, level = real_noise(clean, np.random.default_rng(2))
    assert left.shape == pure.shape == clean.shape and level == clip_noise(zip(left, left[1:]))
    again, *_ = real_noise(clean, np.random.default_rng(2))
    np.testing.assert_array_equal(left, again)


@pytest.mark.parametrize("side", [0.0, 0.2, 0.5])
def test_a_blur_leaves_the_deviation_of_noise_as_it_was(side):
    """White noise of deviation 1 has that of the root of the sum of squares of the taps."""
    point = np.zeros((9, 9, 1), np.float32)
    point[4, 4] = 1
    found = file_noise._blurred(point, side)
    assert np.square(found).sum() == pytest.approx(1, rel=1e-6)
    assert found[4, 3:6, 0] == pytest.approx(found[4, 4, 0] * np.float32([side, 1, side]), rel=1e-6)

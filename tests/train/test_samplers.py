"""Batches: windows, strides, noise, jitter."""
import numpy as np
import pytest
from coordinate_clips import coordinates

from refvr.train.clips import Clip
from refvr.train.recipes import recipe_of
from refvr.train.samplers import Noisy

PLAIN = {"batch": 3, "patch": 8, "sigma": (0, 0), "strides": (1,), "reverse": False, "shrink": 0, "jitter": 0,
         "augment": "sample"}


def test_a_batch_depends_on_seed_and_step_alone():
    recipe = recipe_of("remonet-s", {"batch": 2, "patch": 8})
    one, two = (Noisy([coordinates()], recipe, frames=5, seed=seed) for seed in (3, 3))
    for step in (0, 1, 2):
        one.batch(step)
    a, b = one.batch(7), two.batch(7)
    assert all(x.tobytes() == y.tobytes() for x, y in zip(a, b))
    assert a[0].shape == (2, 5, 8, 8, 3) and a[0].dtype == np.float32
    assert not np.array_equal(a[0], two.batch(8)[0])
    assert not np.array_equal(a[0], Noisy([coordinates()], recipe, frames=5, seed=4).batch(7)[0])


def test_windows_are_consecutive_frames_of_one_square():
    noisy, clean = Noisy([coordinates()], recipe_of("remonet-s", PLAIN), frames=5, seed=1).batch(0)
    np.testing.assert_array_equal(noisy, clean)
    for window in np.rint(clean * 255).astype(int):
        assert (window[..., 1:] == window[0, ..., 1:]).all()                 # the same place in all frames
        assert (np.diff(window[:, 0, 0, 0]) == 20).all()                     # one frame after the other
        rows, columns = np.unique(window[0, ..., 1]), np.unique(window[0, ..., 2])
        assert len(rows) == len(columns) == 8 and rows[-1] - rows[0] == 7    # a square, not scaled


def test_strides_and_direction():
    recipe = recipe_of("remonet-s", {**PLAIN, "strides": (0.5, 0.5, 0.5), "reverse": True, "batch": 40})
    clean = Noisy([coordinates()], recipe, frames=5, seed=2).batch(0)[1]
    steps = {int(d) for d in np.rint(np.diff(clean[:, :, 0, 0, 0], axis=1) * 255).ravel()}
    assert steps == {20, -20, 40, -40}                                       # stride 3 needs 13 frames: not drawn


def test_noise_has_the_drawn_level_and_is_not_clipped():
    recipe = recipe_of("remonet", {"batch": 4, "patch": 16, "sigma": (50, 50), "augment": "sample"})
    dark = Clip("dark", np.zeros((5, 16, 16, 3), np.uint8))
    noisy, clean = Noisy([dark], recipe, frames=5, seed=2).batch(0)
    assert not clean.any()
    assert noisy.min() < 0
    count = noisy.size
    assert noisy.std() == pytest.approx(50 / 255, rel=5 / np.sqrt(2 * count))   # five standard errors


def test_jitter_stays_in_range_and_changes_brightness():
    recipe = recipe_of("remonet-s", {**PLAIN, "jitter": 0.5, "batch": 16})
    bright = Clip("bright", np.full((5, 8, 8, 3), 200, np.uint8))
    clean = Noisy([bright], recipe, frames=5, seed=2).batch(0)[1]
    assert clean.max() <= 1 and len(np.unique(clean)) > 16
    assert (clean == clean[:, :1, :1, :1]).all()                             # one gain for a whole window

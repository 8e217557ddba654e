"""A window of small frames, whose middle one is to come out large: what it needs, how it is made, what is lost."""
from types import SimpleNamespace

import numpy as np
import pytest
from small_training import PLAIN

from refvr.autodiff import Tensor, backward
from refvr.train.clips import Clip
from refvr.train.objectives.enlarging import enlarged, large_side, smaller, window_needs
from refvr.train.recipes import recipe_of

CONFIG = SimpleNamespace(frames=3, scale=2)


def every(frames, scale):
    """The simplest degradation: every so-manieth pixel."""
    return frames[:, ::scale, ::scale]


def noise(name, seed, side=14):
    return Clip(name, np.random.default_rng(seed).integers(0, 256, (3, side, side, 3), np.uint8))


def test_the_loss_is_that_of_the_recipe_over_the_middle_frame_alone():
    """DUF's Huber function by its definition, d^2 / 2 up to 0.01 and 0.01 (|d| - 0.005) beyond; and its slope."""
    rng = np.random.default_rng(0)
    large = rng.random((2, 4, 4, 3))
    y = Tensor(large + 0.02 * rng.standard_normal(large.shape))
    small, asked = rng.random((2, 3, 2, 2, 3)), []

    def network(x):
        asked.append(x)
        return y

    [(loss, error)] = enlarged([network], (small, large), recipe_of("duf", {"loss": "huber"}), None)
    d = y.data - large
    assert 0.2 < (np.abs(d) > 0.01).mean() < 0.8, "both branches"
    huber = np.where(np.abs(d) <= 0.01, d ** 2 / 2, 0.01 * (np.abs(d) - 0.005))
    assert asked[0] is small and float(loss.data) == pytest.approx(huber.mean(), rel=1e-12)
    assert error == pytest.approx((d ** 2).mean(), rel=1e-12)
    backward(loss)
    np.testing.assert_allclose(y.grad, np.where(np.abs(d) <= 0.01, d, 0.01 * np.sign(d)) / d.size, rtol=1e-12)


def test_a_patch_has_two_small_pixels_of_border_on_every_side():
    recipe = recipe_of("duf", {**PLAIN, "patch": 5})
    assert large_side(CONFIG, recipe) == 2 * (5 + 2 + 2)
    assert window_needs(CONFIG, recipe) == (3, 18)


def test_small_and_large_frames_are_of_one_square_and_of_the_middle_time():
    """The clip has room for one window only, so that its pixels are known."""
    recipe, clip = recipe_of("duf", {**PLAIN, "patch": 3, "batch": 2}), noise("own", 1)
    sampler = smaller(every, [clip], recipe, CONFIG, 0, [])
    small, large = sampler.batch(0)
    clean = clip.frames / np.float32(255)
    np.testing.assert_array_equal(small[1], clean[:, 4:10:2, 4:10:2])
    np.testing.assert_array_equal(large[1], clean[1, 4:10, 4:10])


def test_the_seed_and_the_scenes_reach_the_sampler():
    recipe = recipe_of("duf", {**PLAIN, "patch": 3, "scenes": 1.0, "pool": 1})
    scene = noise("scene", 2)
    small, _ = smaller(every, [noise("own", 1)], recipe, CONFIG, 0, [scene]).batch(0)
    np.testing.assert_array_equal(small[0], scene.frames[:, 4:10:2, 4:10:2] / np.float32(255))
    wide = [noise("wide", 3, side=40)]
    first, second = (smaller(every, wide, recipe_of("duf", {**PLAIN, "patch": 3}), CONFIG, seed, []).batch(0)[0]
                     for seed in (0, 1))
    assert not np.array_equal(first, second)

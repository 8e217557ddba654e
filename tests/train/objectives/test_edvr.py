"""EDVR is trained on windows that bicubic interpolation made small."""
import numpy as np
import pytest
from small_training import PLAIN

from refvr import zoo
from refvr.autodiff import Tensor, backward
from refvr.train.clips import Clip
from refvr.train.objectives.edvr import EDVR
from refvr.train.recipes import recipe_of


def keys(t):
    """Keys' cubic, a = -1/2."""
    t = abs(t)
    return 1.5 * t ** 3 - 2.5 * t ** 2 + 1 if t <= 1 else -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2 if t <= 2 else 0


def test_small_frames_are_a_quarter_by_the_cubic_stretched_to_sixteen_pixels():
    """MATLAB's imresize: pixel d lies at 4 d + 3/2 and weighs its neighbours by K(distance / 4)."""
    config, recipe = zoo.config("edvr-m-x4"), recipe_of("edvr", {**PLAIN, "patch": 4, "batch": 1})
    frames, side = EDVR.needs(config, recipe)
    assert (frames, side) == (5, 4 * 8)
    clip = np.random.default_rng(1).integers(0, 256, (5, side, side, 3), np.uint8)   # room for one window
    small, large = EDVR.sampler([Clip("noise", clip)], recipe, config, 0, []).batch(0)
    clean = clip / 255
    for i, j in ((0, 0), (2, 1), (3, 3)):
        y, x = 4 * (i + 2) + 1.5, 4 * (j + 2) + 1.5                       # two small pixels of border
        rows, columns = (np.array([keys((k - at) / 4) for k in range(side)]) for at in (y, x))
        want = np.einsum("a,b,tabc->tc", rows, columns, clean) / rows.sum() / columns.sum()
        np.testing.assert_allclose(small[0, :, i, j], want, atol=1e-6)
    np.testing.assert_allclose(large[0], clean[2, 8:-8, 8:-8], atol=1e-6)


def test_its_loss_is_the_sum_of_charbonniers_function():
    """The root of d^2 + 1e-12 over all values of the batch, as its authors add them up; the slope is d / root."""
    rng = np.random.default_rng(2)
    large = rng.random((2, 4, 4, 3))
    y = Tensor(large + rng.standard_normal(large.shape) * np.array([1e-6, 0.1, 0]))
    [(loss, error)] = EDVR.losses([lambda x: y], (rng.random((2, 5, 1, 1, 3)), large), recipe_of("edvr"), None)
    d = y.data - large
    root = np.sqrt(d ** 2 + 1e-12)
    assert float(loss.data) == pytest.approx(root.sum(), rel=1e-12) and error == pytest.approx((d ** 2).mean())
    backward(loss)
    np.testing.assert_allclose(y.grad, d / root, rtol=1e-9, atol=1e-12)


def test_frames_of_full_size_are_refused_by_name():
    assert EDVR.refuses(zoo.config("edvr-l-deblur")) == "hr_in" and EDVR.refuses(zoo.config("edvr-m-x4")) == ""
    assert EDVR.task == "sr" and not EDVR.blurs

"""Start values of training."""
import numpy as np

from refvr.nn.layers import Conv2d
from refvr.nn.start import he_start, start_from_average, start_small


def conv(c, o, **options):
    return Conv2d(c, o, 3, **options).init(np.random.default_rng(0))


def test_an_average_over_frames_keeps_a_still_picture():
    layer = conv(3 * 3 * 4, 3 * 3 * 4)
    start_from_average(layer, 3, 2)
    x = np.full((1, 5, 5, 36), 0.25, np.float32)
    assert np.allclose(layer(x)[0, 2, 2, 12:24], 0.25)      # the middle frame: half of itself, a quarter of each other


def test_outputs_start_small():
    layer, before = conv(3, 4), conv(3, 4).weight
    start_small(layer, slice(2, 4))
    assert np.array_equal(layer.weight[..., :2], before[..., :2])
    assert np.allclose(layer.weight[..., 2:], 0.05 * before[..., 2:])


def test_gains_go_by_the_activation():
    plain, rectified = conv(3, 4), conv(3, 4, activation="relu")
    before = plain.weight.copy()
    assert np.allclose(he_start(plain).weight, before * 3 ** 0.5)
    assert np.allclose(he_start(rectified).weight, before * 6 ** 0.5)

"""The parts of a training run: clips, batches, plans, recipes, logs."""
import numpy as np

from refvr.train.data import shrink


def test_shrink_is_the_mean_over_areas():
    x = np.random.default_rng(0).integers(0, 256, (3, 14, 14, 3)).astype(np.uint8)
    halves = x.reshape(3, 7, 2, 7, 2, 3).mean((2, 4))
    rounding = 2 * 14 * 255 * np.finfo(np.float32).eps                       # of a running sum of 14 values, twice
    np.testing.assert_allclose(shrink(x, 7), halves, atol=rounding)
    np.testing.assert_allclose(shrink(x, 11).mean((1, 2)), x.mean((1, 2)), atol=14 * rounding)
    np.testing.assert_array_equal(shrink(x, 14), x)
    ramp = np.broadcast_to(np.arange(9, dtype=np.uint8)[:, None, None], (1, 9, 9, 1))
    centres = (np.arange(6) + 0.5) * 1.5 - 0.5
    np.testing.assert_allclose(shrink(ramp, 6)[0, 1:-1, 0, 0], [1.0 + 2 / 3, 3 + 1 / 3, 4 + 2 / 3, 6 + 1 / 3],
                               atol=1e-5)                                    # by hand: box from 1.5 k to 1.5 (k + 1)
    assert np.abs(shrink(ramp, 6)[0, :, 0, 0] - centres).max() < 0.5

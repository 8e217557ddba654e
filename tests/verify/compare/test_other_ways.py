"""Other right ways in float32 than ours: what a healthy port may differ by."""
import numpy as np

from refvr import ops
from refvr.verify.compare.other_ways import means


def one_after_the_other(x):
    """(n, h, w, c) -> (n, c), in float32."""
    total = np.zeros((x.shape[0], x.shape[-1]), np.float32)
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            total += x[:, i, j]
    return total / np.float32(x.shape[1] * x.shape[2])


def test_means_are_summed_in_float32_inside_alone():
    x = np.random.default_rng(0).random((2, 31, 37, 3)).astype(np.float32)
    ours, theirs = ops.mean(x, axis=(1, 2)), one_after_the_other(x)
    assert not np.array_equal(ours, theirs)
    with means(True):
        np.testing.assert_array_equal(ops.mean(x, axis=(1, 2)), theirs)
        assert ops.mean(x, axis=(1, 2), keepdims=True).shape == (2, 1, 1, 3) and ops.mean(x).shape == ()
        np.testing.assert_array_equal(ops.mean(x.astype(np.float64), axis=(1, 2)), x.astype(np.float64).mean((1, 2)))
    np.testing.assert_array_equal(ops.mean(x, axis=(1, 2)), ours)

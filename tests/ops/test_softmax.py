"""Softmax."""
import numpy as np

from refvr import ops


def test_softmax_adds_up_to_one_and_ignores_a_shift():
    x = np.random.default_rng(0).standard_normal((67, 25)).astype(np.float32) * 10
    assert np.abs(ops.softmax(x).sum(axis=-1, dtype=np.float64) - 1).max() <= 25 * np.finfo(np.float32).eps / 2
    assert np.array_equal(ops.softmax(512 * np.round(x)), ops.softmax(512 * np.round(x) + 512))


def test_softmax_of_one_channel_is_one():
    assert np.array_equal(ops.softmax(np.array([[-1e30], [7.0]])), [[1], [1]])

"""Copies on all threads are copies."""
import numpy as np
import pytest

from refvr import ops
from refvr.ops.core.copies import copy_to


@pytest.mark.parametrize("shape", [(), (0, 3), (1, 1), (1, 70, 41, 23), (3, 1, 5), (300, 301)])
@pytest.mark.parametrize("threads", [1, 3])
def test_every_element_is_there(shape, threads):
    x, y = np.random.default_rng(0).random(shape), np.full(shape, -1.0)
    with ops.threads(threads):
        copy_to(y, x)
    assert np.array_equal(y, x)


def test_views_of_other_arrays_are_copied_from_and_to():
    x, y = np.arange(4 * 90 * 80 * 6.0).reshape(4, 90, 80, 6), np.zeros((1, 90, 7, 80))
    with ops.threads(2):
        copy_to(y[:, :, 3], x[2:3, ::-1, :, 5])
    assert np.array_equal(y[0, :, 3], x[2, ::-1, :, 5])
    assert not y[0, :, :3].any() and not y[0, :, 4:].any()

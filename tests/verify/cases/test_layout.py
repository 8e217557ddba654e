"""Samples of a case."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.cases.layout import sample


def test_sample():
    x = np.arange(41 * 7).reshape(41, 7)
    assert np.array_equal(sample(x, (11, 7)), x[::4])
    assert np.array_equal(sample(x, (41, 3)), x[:, ::3])
    for shape in ((42, 7), (41,), (0, 7)):
        with pytest.raises(InputError, match="expected"):
            sample(x, shape)
    assert sample(np.zeros((0, 7)), (0, 7)).shape == (0, 7)
    assert np.array_equal(sample(np.arange(64), (8,)), np.arange(64)[::8])  # of strides 8 and 9 only one is usual
    assert np.array_equal(sample(np.arange(12), (1,)), [0])
    for size, wanted in ((12, 2), (35, 5), (23, 4)):
        with pytest.raises(InputError, match="at a stride of"):
            sample(np.arange(size), (wanted,))

"""Sums and means."""
import numpy as np
import pytest
from drawn_numbers import numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from refvr import ops
from refvr.errors import ShapeError


@given(shape=st.lists(st.integers(1, 7), min_size=1, max_size=5), data=st.data())
@settings(max_examples=60, deadline=None)
def test_sums_over_any_axes(shape, data):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) % 97  # sums below 2**24: exact in every order
    axes = data.draw(st.none() | st.lists(st.integers(0, len(shape) - 1), unique=True))
    keepdims = data.draw(st.booleans())
    axis = None if axes is None else tuple(k - len(shape) for k in axes)
    y = ops.sum(x, axis, keepdims=keepdims)
    assert y.dtype == np.float32
    assert np.array_equal(y, x.sum(axis=axis, keepdims=keepdims))
    mean = x.mean(axis=axis, keepdims=keepdims, dtype=np.float64)
    np.testing.assert_allclose(ops.mean(x, axis, keepdims=keepdims), mean, rtol=np.finfo(np.float32).eps)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 4095, 4096, 4097, 65_536, 70_001])
def test_long_sums_lose_nothing(size):
    x = numbers(size, dtype=np.float32)
    exact = np.sum(x.astype(np.longdouble))
    assert abs(ops.sum(x) - exact) <= abs(exact) * np.finfo(np.float32).eps / 2 + size * 1e-16
    tail = np.full((1, size, 1), 1.0)
    assert np.array_equal(ops.sum(np.concatenate([tail, tail * 3], axis=2), 1), [[size, 3 * size]])


def test_nothing_to_sum_is_zero_and_nothing_to_average_an_error():
    assert ops.sum(np.ones((0, 3))) == 0
    assert np.array_equal(ops.sum(np.ones((0, 3)), 0), np.zeros(3))
    with pytest.raises(ShapeError, match="expected at least one element"):
        ops.mean(np.ones((0, 3)), 0)


@pytest.mark.parametrize("axis", [3, -4, (0, 0), (0, -3)])
def test_axes_that_are_not_there(axis):
    with pytest.raises(ShapeError, match="expected different axes of an array with 3"):
        ops.sum(np.ones((2, 3, 5)), axis)

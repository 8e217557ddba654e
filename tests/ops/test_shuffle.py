"""Shuffles of pixels."""
import numpy as np
import pytest
from drawn_numbers import numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from refvr import ops
from refvr.errors import ShapeError


@given(n=st.integers(1, 2), h=st.integers(1, 3), w=st.integers(1, 5), c=st.integers(1, 3), s=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_shuffles_follow_their_formula(n, h, w, c, s):
    x = np.arange(n * h * w * c * s * s, dtype=np.float32).reshape(n, h, w, -1)
    for order, k in (("torch", lambda a, i, j: (a * s + i) * s + j), ("tf", lambda a, i, j: (i * s + j) * c + a)):
        y = ops.pixel_shuffle(x, s, order)
        for i, j, a in np.ndindex(s, s, c):
            assert np.array_equal(y[:, i::s, j::s, a], x[..., k(a, i, j)])
        assert np.array_equal(ops.pixel_unshuffle(y, s, order), x)


def test_the_two_orders_differ():
    x = numbers(1, 2, 3, 8)
    assert not np.array_equal(ops.pixel_shuffle(x, 2, "torch"), ops.pixel_shuffle(x, 2, "tf"))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: ops.pixel_shuffle(np.ones((1, 2, 3, 6)), 2), "got 6 channels, expected a multiple of 4"),
    (lambda: ops.pixel_unshuffle(np.ones((1, 4, 3, 6)), 2), "got 4 x 3 pixels, expected multiples of 2"),
    (lambda: ops.pixel_shuffle(np.ones((1, 2, 3, 4)), 2, "caffe"), "expected scale >= 1 and 'torch' or 'tf'"),
    (lambda: ops.pixel_shuffle(np.ones((2, 3, 4)), 2), r"expected \(n, h, w, k\)"),
])
def test_shuffles_that_do_not_fit(call, message):
    with pytest.raises(ShapeError, match=message):
        call()

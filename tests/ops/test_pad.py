"""Padding, and its gradient."""
import numpy as np
import pytest
from drawn_numbers import numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from refvr import Tensor, backward, ops
from refvr.errors import ShapeError


@given(h=st.integers(1, 7), w=st.integers(1, 5), top=st.integers(0, 9), bottom=st.integers(0, 9),
       left=st.integers(0, 9), right=st.integers(0, 9), mode=st.sampled_from(["zero", "edge", "reflect"]))
@settings(max_examples=60, deadline=None)
def test_padding_as_numpy_does_it(h, w, top, bottom, left, right, mode):
    if mode == "reflect":  # where NumPy's versions agree
        top, bottom, left, right = min(top, h - 1), min(bottom, h - 1), min(left, w - 1), min(right, w - 1)
    x = numbers(2, h, w, 3)
    want = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), {"zero": "constant"}.get(mode, mode))
    assert np.array_equal(ops.pad(x, ((top, bottom), (left, right)), mode), want)


def test_the_gradient_of_padding_counts_the_copies():
    x = Tensor(np.ones((1, 3, 1, 1)))
    backward(ops.sum(ops.pad(x, ((4, 0), (0, 2)), "reflect")))  # rows 0 1 2 1 | 0 1 2, columns 0 | 0 0
    assert x.grad.ravel().tolist() == [6, 9, 6]


@pytest.mark.parametrize(("call", "message"), [
    (lambda x: ops.pad(x, ((1, 1), (1, 1)), "wrap"), "expected one of zero, edge, reflect"),
    (lambda x: ops.pad(x, ((-1, 1), (1, 1))), "none negative"),
    (lambda x: ops.pad(x[:, :0], ((1, 1), (1, 1)), "edge"), "expected at least one to repeat"),
])
def test_padding_that_is_refused(call, message):
    with pytest.raises(ShapeError, match=message):
        call(np.ones((1, 2, 3, 1)))

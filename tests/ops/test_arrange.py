"""Arithmetic, sums, arranging, shuffling and padding against loops and NumPy, and what they refuse."""
import numpy as np
import pytest
from drawn_numbers import numbers

from refvr import Tensor, backward, gradcheck, ops
from refvr.errors import ShapeError


def test_split_undoes_concat():
    parts = [numbers(2, k, 3) for k in (5, 1, 7)]
    for part, again in zip(parts, ops.split(ops.concat(*parts, axis=1), (5, 1, 7), axis=1)):
        assert np.array_equal(part, again) and again.flags.c_contiguous


def test_a_gradient_of_one_piece_leaves_the_others_zero():
    x = Tensor(numbers(2, 6))
    backward(ops.sum(ops.split(x, (1, 3, 2))[1]))
    assert np.array_equal(x.grad, [[0, 1, 1, 1, 0, 0]] * 2)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: ops.concat(np.ones((2, 3)), np.ones((3, 3))), "all equal but for the axis"),
    (lambda: ops.concat(), "got shapes none"),
    (lambda: ops.concat(np.ones((2, 3)), axis=2), "got axis 2, expected one of 2 axes"),
    (lambda: ops.stack([np.ones(2), np.ones(3)]), "expected at least one, all equal"),
    (lambda: ops.split(np.ones((2, 5)), (2, 2)), "expected them to add up to axis 1"),
    (lambda: ops.reshape(np.ones((2, 3)), (4, 2)), "expected 6 elements in"),
    (lambda: ops.reshape(np.ones((2, 3)), (4, -1)), "expected 6 elements in"),
    (lambda: ops.reshape(np.ones((2, 3)), (-1, -1)), "expected 6 elements in"),
    (lambda: Tensor(np.ones(3))[np.array([0, 0])], "expected integers, slices"),
    (lambda: Tensor(np.ones(3))[[True, False, True]], "expected integers, slices"),
])
def test_arrangements_that_do_not_fit(call, message):
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_have_the_type_of_their_model_and_give_it_no_gradient(dtype):
    y = ops.zeros((1, 3, 5, 7), np.ones((1, 3, 5, 2), dtype))
    assert y.dtype == dtype and y.shape == (1, 3, 5, 7) and not y.any()
    gradcheck(lambda x: ops.concat(x, ops.zeros((1, 2, 2, 3), x)), [numbers(1, 2, 2, 1)])

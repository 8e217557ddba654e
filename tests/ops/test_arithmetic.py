"""Arithmetic of arrays and numbers."""
import numpy as np
import pytest
from drawn_numbers import numbers

import refvr
from refvr import Tensor, backward, ops
from refvr.errors import ShapeError

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])


@BACKENDS
def test_python_numbers_take_the_arrays_type(backend):
    x = numbers(3, 5, dtype=np.float32)
    with refvr.backend(backend):
        for y in (ops.add(x, 0.1), ops.sub(0.1, x), ops.mul(2, x), ops.mul(x, np.float64(0.1))):
            assert y.dtype == np.float32
        assert np.array_equal(ops.sub(1, x), np.float32(1) - x)


@BACKENDS
def test_single_values_stay_arrays(backend):
    with refvr.backend(backend):
        y = ops.mul(ops.sum(numbers(3)), 2.0)
    assert type(y) is np.ndarray and y.shape == ()


def test_a_stretched_operand_gets_the_sum():
    x, b = Tensor(numbers(2, 3, 5)), Tensor(numbers(3, 1))
    backward(ops.sum(x * b))
    assert np.allclose(b.grad, x.data.sum(axis=(0, 2))[:, None], rtol=1e-14)
    assert np.array_equal(x.grad, np.broadcast_to(b.data, (2, 3, 5)))


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ShapeError, match=r"add: got shapes \(2, 3\) and \(2,\)"):
        ops.add(np.ones((2, 3)), np.ones(2))

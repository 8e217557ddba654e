"""Batch norm, the similarity loss and the losses: values by hand, statistics, rules at the edges."""
import numpy as np
import pytest
from drawn_numbers import numbers

import refvr
from refvr import Tensor, backward, ops
from refvr.errors import MissingGradientError, ShapeError

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])
EPS = np.finfo(np.float64).eps


def test_given_statistics_have_no_gradient_and_say_so():
    x, one = Tensor(numbers(2, 3)), np.ones(3)
    y = ops.batch_norm(x, one, one, Tensor(one), one)
    with pytest.raises(MissingGradientError, match="batch_norm has no gradient for mean and var"):
        backward(ops.sum(y))


LOSSES = {
    "mse_loss": (lambda d: d ** 2, {}),
    "l1_loss": (abs, {}),
    "charbonnier_loss": (lambda d: (d ** 2 + 1e-4) ** 0.5, {"eps": 1e-4}),
    "huber_loss": (lambda d: d * d / 2 if abs(d) <= 0.5 else 0.5 * (abs(d) - 0.25), {"delta": 0.5}),
}


@BACKENDS
@pytest.mark.parametrize("name", LOSSES)
def test_losses_element_by_element(name, backend):
    one, options = LOSSES[name]
    y, target = numbers(3, 7), numbers(3, 7, seed=6)
    want = sum(one(float(d)) for d in (y - target).ravel())
    with refvr.backend(backend):
        assert abs(getattr(ops, name)(y, target, "sum", **options) - want) <= 64 * EPS * want
        assert abs(getattr(ops, name)(y, target, **options) - want / 21) <= 64 * EPS * want


@BACKENDS
def test_gradients_where_the_result_meets_the_target(backend):
    for name, (_, options) in LOSSES.items():
        x = Tensor(np.zeros(2))
        with refvr.backend(backend):
            backward(getattr(ops, name)(x, np.zeros(2), **options))
        assert np.array_equal(x.grad, [0, 0]), name


@BACKENDS
def test_huber_at_its_seam(backend):
    x = Tensor(np.array([-0.5, 0.5, 0.5000001, -9.0]))
    with refvr.backend(backend):
        backward(ops.huber_loss(x, np.zeros(4), "sum", delta=0.5))
    assert np.array_equal(x.grad, [-0.5, 0.5, 0.5, -0.5])


def test_what_the_losses_refuse():
    with pytest.raises(ShapeError, match=r"mse_loss: got shapes \(3,\) and \(1,\), expected equal"):
        ops.mse_loss(np.ones(3), np.ones(1))  # broadcasting here has cost many a training run
    with pytest.raises(ShapeError, match="expected 'mean' or 'sum'"):
        ops.l1_loss(np.ones(3), np.ones(3), "none")

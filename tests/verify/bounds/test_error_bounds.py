"""Bounds of rounding by hand: no operation has one that is larger than its formula."""
import numpy as np
import pytest

from refvr import ops
from refvr.ops.core.operation import watch
from refvr.verify.bounds.error_bounds import UNIT, bound_of


def bound(run):
    found = []
    with watch(lambda *call: found.append(call)):
        run()
    (call,) = found
    return bound_of(*call)


def g(k):
    return k * UNIT / (1 - k * UNIT)


X = np.array([[-3.0, 1.0, 2.0]])[None, None]   # (1, 1, 1, 3)


@pytest.mark.parametrize("run, expected", [
    (lambda: ops.relu(X), UNIT * 2), (lambda: ops.leaky_relu(X, 0.5), g(3) * 2),
    (lambda: ops.add(X, X), g(2) * 6), (lambda: ops.pad(X, ((1, 1), (1, 1)), "zero"), UNIT * 3),
    (lambda: ops.conv2d(X, np.full((1, 1, 3, 1), -2.0), np.array([5.0])), g(3 + 8) * (2 * 6 + 5)),
    (lambda: ops.conv2d(X, np.ones((3, 3, 3, 1)), padding=1), g(27 + 8) * 6),
    (lambda: ops.channel_dot(X, X), g(3 + 2) * 14), (lambda: ops.sum(X), g(3 + 2) * 6),
    (lambda: ops.mean(X), g(3 + 2) * 2),
    (lambda: ops.sigmoid(np.zeros((1, 1, 1, 1))), 8 * UNIT * 0.5), (lambda: ops.exp(X), (8 + 2) * UNIT * np.exp(2))])
def test_bounds_are_their_formulas(run, expected):
    assert bound(run) == pytest.approx(expected, rel=1e-12)


def test_a_place_that_is_off_costs_the_difference_of_neighbours():
    ramp = np.arange(8.0).reshape(1, 1, 8, 1)
    flow = np.zeros((1, 1, 8, 2))
    flow[..., 0] = 0.5
    still = bound(lambda: ops.warp(np.ones((1, 1, 8, 1)), flow))
    assert still == pytest.approx(g(8), rel=1e-12)   # nothing differs: the weights alone
    found = bound(lambda: ops.warp(ramp, flow))
    assert found == pytest.approx(g(8) * 7 + (UNIT * (2 * 0.5 + 8) + 2 * UNIT) * 1, rel=1e-9)


def test_why_there_is_none():
    assert "training alone" in bound(lambda: ops.mse_loss(X, 0 * X))
    assert "not finite" in bound(lambda: ops.exp(1e3 * np.abs(X)))

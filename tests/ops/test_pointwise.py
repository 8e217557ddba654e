"""Pointwise operations, prelu and softmax: values at kinks and at the ends of the range."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import refvr
from refvr import Tensor, backward, ops
from refvr.errors import ShapeError

FLOATS = [np.float32, np.float64]


def slope_at(function, x, *others):
    x = Tensor(np.array([x], np.float64))
    backward(ops.sum(function(x, *others)))
    return x.grad[0]


@pytest.mark.parametrize("backend", ["plain", "fast"])
def test_gradients_at_the_kinks(backend):
    with refvr.backend(backend):
        assert slope_at(ops.relu, 0.0) == 0
        assert slope_at(ops.relu, -0.0) == 0
        assert slope_at(ops.leaky_relu, 0.0, 0.25) == 0.25
        assert slope_at(ops.prelu, 0.0, np.array([0.25])) == 0.25
        assert [slope_at(ops.clip, x, 0.0, 1.0) for x in (-1e-9, 0.0, 0.5, 1.0, 1 + 1e-9)] == [0, 1, 1, 1, 0]


@pytest.mark.parametrize("backend", ["plain", "fast"])
@pytest.mark.parametrize("kind", FLOATS)
def test_nan_and_infinity(backend, kind):
    x = np.array([np.nan, np.inf, -np.inf], kind)
    with refvr.backend(backend):
        expected = {ops.relu: [np.inf, 0], ops.leaky_relu: [np.inf, -np.inf], ops.sigmoid: [1, 0], ops.tanh: [1, -1],
                    ops.exp: [np.inf, 0]}
        for function, ends in expected.items():
            y = function(x)
            assert np.isnan(y[0]) and list(y[1:]) == ends, function
        assert np.isnan(ops.clip(x, 0, 1)[0]) and list(ops.clip(x, 0, 1)[1:]) == [1, 0]


@pytest.mark.parametrize("backend", ["plain", "fast"])
@pytest.mark.parametrize("kind", FLOATS)
def test_nothing_warns_far_out(backend, kind):
    x = np.array([-1e4, -800, -100, 100, 800, 1e4], kind)
    with refvr.backend(backend), np.errstate(all="raise", under="ignore"):
        assert list(ops.sigmoid(x)[[0, -1]]) == [0, 1]
        assert list(ops.tanh(x)[[0, -1]]) == [-1, 1]
        assert list(ops.softmax(x)) == [0, 0, 0, 0, 0, 1]


@given(x=hnp.arrays(np.float64, hnp.array_shapes(max_dims=4, max_side=5), elements=st.floats(-50, 50)),
       slope=st.floats(-2, 2))
@settings(max_examples=40, deadline=None)
def test_plain_and_fast_agree_on_any_shape(x, slope):
    calls = [ops.relu, ops.sigmoid, ops.tanh, ops.softmax, lambda x: ops.leaky_relu(x, slope),
             lambda x: ops.prelu(x, np.full(x.shape[-1], slope))]
    for call in calls:
        fast = call(x)
        with refvr.backend("plain"):
            plain = call(x)
        assert fast.shape == plain.shape == x.shape
        np.testing.assert_allclose(fast, plain, rtol=16 * np.finfo(float).eps * x.shape[-1], atol=1e-300)


def test_what_is_refused():
    with pytest.raises(ShapeError, match=r"prelu w: got shape \(3,\), expected \(c\) with c = 5"):
        ops.prelu(np.ones((2, 5)), np.ones(3))
    with pytest.raises(ShapeError, match="expected lo <= hi"):
        ops.clip(np.ones(3), 1, 0)
    with pytest.raises(ShapeError, match="last axis of at least 1"):
        ops.softmax(np.ones((3, 0)))
    with pytest.raises(ShapeError, match="relu: got float16"):
        ops.relu(np.ones(3, np.float16))

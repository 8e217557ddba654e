"""A run in a port's arithmetic: operands, parameters, places and results are rounded, int8 and places by hand."""
import numpy as np
import pytest

from refvr import ops
from refvr.verify.runs.layer_precision import Digits, LayerPrecisions
from refvr.verify.runs.port_arithmetic import arithmetic, rounded_values

rng = np.random.default_rng(0)
X = rng.standard_normal((1, 4, 300, 3)).astype(np.float32)
W = rng.standard_normal((1, 1, 3, 2)).astype(np.float32) * [1, 100]


def half(x):
    return x.astype(np.float16).astype(np.float32)


def test_operands_parameters_and_results_are_halves():
    exact = ops.conv2d(X, W.astype(np.float32))
    with arithmetic("fp16"):
        short = ops.conv2d(X, W.astype(np.float32))
    assert np.array_equal(short, half(ops.conv2d(half(X), half(W.astype(np.float32))))) and not (short == exact).all()
    with arithmetic(""):
        assert np.array_equal(ops.conv2d(X, W.astype(np.float32)), exact)


def test_float64_is_left_alone():
    with arithmetic("fp16"):
        assert np.array_equal(ops.relu(X.astype(np.float64)), np.maximum(X.astype(np.float64), 0))


def test_weights_of_int8_have_a_scale_for_each_output_channel():
    ones = np.ones((1, 1, 1, 3), np.float32)
    small = np.float32([[0.5, 500], [1.0, 1000], [0.25, 250]])[None, None]
    with arithmetic(LayerPrecisions((("*", Digits(weights="int8")),))):
        y = ops.conv2d(ones, small)
    assert y[0, 0, 0] == pytest.approx([1.75, 1750], rel=0.02)


@pytest.mark.parametrize("axis, at, moved", [(1, 200, 0.25), (1, 0, 0.3), (0, 200, 0.25), (0, 0, 0.3)])
def test_places_that_are_sampled_are_rounded_where_they_are(axis, at, moved):
    """Row or column 200 and 0.3 are 200.25 in half precision, whose step there is 1/8; 0 and 0.3 are nearly 0.3."""
    shape = (300, 4) if axis == 0 else (4, 300)
    ramp = (np.indices(shape)[axis] - at).astype(np.float32)[None, ..., None] / 1024   # 0 at that place
    flow = np.zeros((1, *shape, 2), np.float32)
    flow[..., 1 - axis] = 0.3   # columns come first
    with arithmetic("fp16"):
        y = ops.warp(ramp, flow)[0, ..., 0].take(at, axis)[2] * 1024
    assert y == pytest.approx(moved, abs=1e-3)


def test_single_values_are_rounded_on_the_grid_of_them_all():
    some = np.float64([0.5, 1.0])
    assert rounded_values(some, "", 100.0) is some
    found = rounded_values(some, "int8", 127.0)
    assert found.tolist() == [0.0, 1.0] and found.dtype == np.float64 and found.shape == (2,)

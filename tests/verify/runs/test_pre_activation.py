"""What a layer has before its activation and before what is added to it, and what theirs becomes from there."""
import numpy as np
import pytest

from refvr import ops
from refvr.verify.runs.pre_activation import EARLY, computed_apart, goes_on_as, stages

rng = np.random.default_rng(0)
X = rng.standard_normal((1, 5, 6, 4)).astype(np.float32)
W, B = rng.standard_normal((3, 3, 4, 4)).astype(np.float32), rng.standard_normal(4).astype(np.float32)
R = rng.standard_normal(X.shape).astype(np.float32)
SUM = ops.conv2d(X, W, B)


@pytest.fixture
def stage():
    with stages() as stage:
        yield stage


@pytest.mark.parametrize("options, name", [
    ({"activation": "relu"}, "before its activation"), ({"residual": R}, "before the sum"),
    ({"residual": R, "activation": "leaky_relu", "slope": 0.2}, "before the sum and its activation")])
def test_a_convolution_has_its_sum_alone_before(options, name, stage):
    y = ops.conv2d(X, W, B, **options)
    assert stage.of(y) and stage.name == name
    np.testing.assert_allclose(stage.before(), SUM, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(stage.after(SUM), y, rtol=1e-5, atol=1e-5)
    part = (..., slice(1, 3))
    np.testing.assert_allclose(stage.after(SUM[part], part), y[part], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(stage.summed(SUM), SUM + options.get("residual", 0), rtol=1e-5, atol=1e-5)


def test_an_activation_has_its_operand_before(stage):
    y = ops.leaky_relu(X, 0.3)
    assert stage.of(y) and not stage.of(y.copy()) and stage.name == EARLY
    assert stage.before() is X and np.array_equal(stage.after(X), y)


def test_what_has_no_stages_is_none(stage):
    relu, plain = ops.relu(X), ops.conv2d(X, W, B)
    assert not stage.of(plain) and not stage.of(relu)


def test_a_rounded_value_is_the_one_that_counts(stage):
    y = ops.relu(X)
    short, before = np.round(y), np.round(X)
    assert goes_on_as(y, short, before) is short
    assert stage.of(short) and not stage.of(y) and stage.before() is before
    assert goes_on_as(X, W) is W and stage.of(short)   # another value than the latest: nothing changes


def test_outside_nobody_follows():
    assert goes_on_as(X, W) is W


def test_what_was_computed_in_another_way_stands_for_the_operation(stage):
    y = np.maximum(SUM + R, 0)
    assert computed_apart("conv2d", (X, W, B, R), {"activation": "relu"}, y, SUM) is y
    assert stage.of(y) and stage.name == "before the sum and its activation" and stage.before() is SUM
    np.testing.assert_array_equal(stage.after(SUM), y)
    assert computed_apart("conv3d", (X, W, B, None), {"activation": "none"}, X, X) is X and not stage.of(X)

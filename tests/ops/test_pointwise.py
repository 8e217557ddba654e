"""Pointwise operations, prelu and softmax: values at kinks and at the ends of the range, the ulps of exp and kin."""
import zlib
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import refvr
from refvr import Tensor, backward, ops
from refvr.errors import ShapeError
from refvr.ops.kernels import simd

FLOATS = [np.float32, np.float64]
ULP = {"exp": 1.0, "tanh": 1.5, "sigmoid": 2.0}  # bounds of the roundings in refvr/ops/kernels/simd.py


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


def reference(name, x):
    """float64, good to a hundred-millionth of a float32 ulp."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        return {"exp": np.exp, "tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}[name](x.astype(np.float64))


def check_singles(name, bits):
    x = bits.view(np.float32)
    y, want = getattr(ops, name)(x), reference(name, x)
    with np.errstate(over="ignore"):
        rounded = want.astype(np.float32)
    number = np.isfinite(rounded)
    assert np.array_equal(y[~number], rounded[~number], equal_nan=True)
    ulps = np.abs(y[number] - want[number]) / np.spacing(np.abs(rounded[number])).astype(np.float64)
    assert ulps.max(initial=0) <= ULP[name], x[number][ulps.argmax()]


@pytest.mark.parametrize("name", ULP)
def test_ulps_of_float32_all_over_the_range(name):
    check_singles(name, np.arange(0, 2 ** 32, 1009, np.uint64).astype(np.uint32))  # all exponents, both signs, NaNs


@pytest.mark.long
@pytest.mark.parametrize("name", ULP)
def test_ulps_of_every_float32(name):
    for start in range(0, 2 ** 32, 2 ** 24):
        check_singles(name, np.arange(start, start + 2 ** 24, dtype=np.uint64).astype(np.uint32))


@pytest.mark.parametrize("name", ULP)
def test_ulps_of_float64_against_fifty_digits(name):
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.uniform(-1, 1, 300), rng.uniform(-40, 40, 300), rng.uniform(-745, 709, 300),
                        2.0 ** -rng.integers(1, 60, 60), -2.0 ** -rng.integers(1, 60, 60), [0.0, 709.7, -745.1]])
    y = getattr(ops, name)(x)
    with localcontext() as context:
        context.prec = 50
        for value, got in zip(x, y):
            e = Decimal(float(value)).exp()
            want = {"exp": e, "tanh": (e * e - 1) / (e * e + 1), "sigmoid": e / (1 + e)}[name]
            ulp = Decimal(float(np.spacing(abs(float(want)))))
            assert abs(Decimal(float(got)) - want) <= Decimal(ULP[name]) * ulp, value


def test_signs_and_exact_values():
    for kind in FLOATS:
        zeros = np.array([0.0, -0.0], kind)
        assert list(np.signbit(ops.tanh(zeros))) == [False, True]
        assert list(ops.exp(zeros)) == [1, 1] and list(ops.sigmoid(zeros)) == [0.5, 0.5]
        tiny = np.array([np.finfo(kind).smallest_subnormal, np.finfo(kind).tiny], kind)
        assert np.array_equal(ops.tanh(tiny), tiny)


@pytest.mark.parametrize("kind", FLOATS)
def test_the_compiler_keeps_to_the_written_roundings(kind):
    """Python, one operation at a time, gives the bits of the vector code: nothing was fused or reordered."""
    rng = np.random.default_rng(4)
    x = np.concatenate([rng.uniform(-3, 3, 200), rng.uniform(-90, 90, 200)]).astype(kind)
    for name in ULP:
        with np.errstate(over="ignore"):
            one_by_one = np.array([getattr(simd, name)(value) for value in x], kind)
        assert getattr(ops, name)(x).tobytes() == one_by_one.tobytes()


def test_the_bits_are_those_of_every_other_machine():
    crc = {}
    for kind in FLOATS:
        x = (np.arange(-20_000, 20_001) / 1000).astype(kind)
        crc[kind.__name__] = [zlib.crc32(getattr(ops, name)(x).tobytes()) for name in ULP]
    assert crc == {"float32": [2354470627, 2733401899, 1789193192], "float64": [97745864, 3449163515, 3312169299]}

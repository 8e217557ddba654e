"""exp, tanh and sigmoid: within so many ulp of the exact value, at the ends of the range, the same bits everywhere."""
import zlib
from decimal import Decimal, localcontext

import numpy as np
import pytest

from refvr import ops
from refvr.ops.kernels import simd

FLOATS = [np.float32, np.float64]
ULP = {"exp": 1.0, "tanh": 1.5, "sigmoid": 2.0}  # bounds of the roundings in refvr/ops/kernels/simd.py


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


@pytest.mark.parametrize("kind", FLOATS)
def test_the_ends_of_the_range(kind):
    """Overflow is infinite, underflow goes through the subnormals to 0, NaN stays."""
    with np.errstate(over="ignore"):
        found = {name: [getattr(simd, name)(kind(x)) for x in (np.inf, 1e4, -1e4, -np.inf, np.nan)] for name in ULP}
        assert all(type(y) is kind for row in found.values() for y in row)
        assert [row[:4] for row in found.values()] == [[np.inf, np.inf, 0, 0], [1, 1, -1, -1], [1, 1, 0, 0]]
        assert all(np.isnan(row[4]) for row in found.values())
        info = np.finfo(kind)
        low = simd.exp(kind(np.log(info.tiny) - 3))
        assert 0 < low < info.tiny and abs(low / np.exp(np.log(np.float64(info.tiny)) - 3) - 1) < 1e-5
        assert np.isfinite(simd.exp(kind(np.log(info.max) - 1e-3))) and simd.exp(kind(np.log(info.max) + 1)) == np.inf

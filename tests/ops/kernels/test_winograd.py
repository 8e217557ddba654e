"""Winograd's way of a 3x3 convolution: its matrices in fractions, the kernel against direct sums, the same bits."""
import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from places import ROOT, TESTS

from refvr import ops, zoo
from refvr.autodiff.tape import Tensor, array_of
from refvr.ops.conv2d import fast
from refvr.ops.conv2d import plain as definition
from refvr.ops.kernels import winograd as winograd
from refvr.ops.kernels.winograd_lines import TILE, input_line, matrices, output_line, plain
from refvr.plan.memory import Planned

DIRECT = {"stride": 1, "dilation": 1, "groups": 1, "padding": (1, 1)}
ARITHMETIC = {"fma": lambda a, b, c: a * b + c, "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
              "scale": lambda a, b: a * b}


def fractions(rng, count):
    return np.array([Fraction(int(a), int(b)) for a, b in zip(rng.integers(-99, 99, count), rng.integers(1, 9, count))])


def draw(shape, o, *, seed=0, residual=True, dtype=np.float32):
    """Input of standard deviation 1, weights that keep it, bias, residual."""
    rng, c = np.random.default_rng(seed), shape[-1]
    sizes = shape, (3, 3, c, o), (o,), (*shape[:3], o)
    x, weight, bias, res = (rng.standard_normal(size).astype(dtype) for size in sizes)
    return x, (weight / np.sqrt(9 * c)).astype(dtype), bias, res if residual else None


def double(operands):
    return [None if a is None else a.astype(np.float64) for a in operands]


def bound(x, weight, bias, residual):
    """What rounding can do: no more than c + 24 steps lie between an input and an output, each of at most
    2^-24 of what there would be if nothing cancelled."""
    x, weight, bias, residual = (np.abs(np.float64(0 if a is None else a)) for a in (x, weight, bias, residual))
    sizes = plain(x, weight, tuple(np.abs(m) for m in matrices())) + bias + residual
    return (weight.shape[2] + 24) * 2.0 ** -24 * sizes


def test_matrices_convolve_exactly():
    a, b, g = matrices()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        d, w = fractions(rng, 6), fractions(rng, 3)
        assert list(a.T @ ((g @ w) * (b @ d))) == [sum(w * d[k:k + 3]) for k in range(TILE)]


def test_a_wrong_entry_in_a_matrix_is_found():
    a, b, g = matrices()
    d, w = fractions(np.random.default_rng(0), 6), fractions(np.random.default_rng(1), 3)
    expected = [sum(w * d[k:k + 3]) for k in range(TILE)]
    for matrix in (a, b, g):
        at = tuple(np.argwhere(matrix != 0)[3])
        matrix[at] *= 1 + Fraction(1, 10 ** 9)
        assert list(a.T @ ((g @ w) * (b @ d))) != expected
        matrix[at] /= 1 + Fraction(1, 10 ** 9)


def test_lines_are_products_with_the_matrices():
    a, b, _ = matrices()
    numbers = fractions(np.random.default_rng(2), 6)
    assert input_line(numbers, ARITHMETIC["fma"]) == list(b @ numbers)
    assert output_line(numbers, **ARITHMETIC) == list(a.T @ numbers)


def test_float32_holds_what_the_lines_multiply_with():
    for matrix in matrices()[:2]:
        assert all(Fraction(float(np.float32(value))) == value for value in matrix.flat)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 5, 7, 3), (1, 13, 8, 2)])
def test_the_definition_is_the_convolution(shape):
    x, weight, *_ = draw(shape, 5, dtype=np.float64)
    expected = definition(x, weight, None, None, **DIRECT, activation="none", slope=0)
    np.testing.assert_allclose(plain(x, weight), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("activation", ["none", "relu", "leaky_relu"])
@pytest.mark.parametrize("c, o", [(16, 16), (17, 31), (19, 37), (64, 32), (67, 50), (33, 96)])
@pytest.mark.parametrize("h, w", [(1, 1), (2, 3), (4, 4), (5, 13), (12, 6), (7, 11), (29, 31)])
def test_the_kernel_stays_in_its_bound(h, w, c, o, activation):
    for n, residual in ((1, False), (3, True)):
        operands = draw((n, h, w, c), o, seed=h * w, residual=residual)
        got = ops.conv2d(*operands, activation=activation, slope=0.2)
        expected = definition(*double(operands), **DIRECT, activation=activation, slope=0.2)
        assert got.dtype == np.float32 and got.shape == expected.shape
        assert np.all(np.abs(got - expected) <= bound(*operands))


def test_the_bound_rejects_a_flipped_kernel_and_a_shift():
    operands = draw((1, 9, 10, 16), 16)
    expected = definition(*double(operands), **DIRECT, activation="none", slope=0)
    x, weight, *rest = operands
    for wrong in ((x, weight[::-1], *rest), (x, weight[:, ::-1], *rest), (np.roll(x, 1, 2), weight, *rest)):
        assert not np.all(np.abs(ops.conv2d(*wrong) - expected) <= bound(*operands))


@pytest.mark.parametrize("padding", [(0, 0), (0, 1), (2, 1), (3, 4)])
def test_other_borders(padding):
    x, weight, bias, _ = draw((2, 7, 9, 16), 24)
    options = {**DIRECT, "padding": padding}
    expected = definition(*double((x, weight, bias, None)), **options, activation="none", slope=0)
    np.testing.assert_allclose(ops.conv2d(x, weight, bias, padding=padding), expected, rtol=0, atol=3e-5)


def test_the_result_may_go_into_a_slice_of_channels():
    x, weight, bias, _ = draw((2, 6, 9, 16), 20)
    whole = np.full((2, 6, 9, 50), 7, np.float32)
    into = whole[..., 13:33]
    winograd.correlate(x, weight, (6, 9), (-1, -1), bias=bias, into=into)
    assert np.array_equal(into, ops.conv2d(x, weight, bias))
    assert (whole[..., :13] == 7).all() and (whole[..., 33:] == 7).all()


def test_points_keep_errors_small():
    """64 channels, outputs of standard deviation 1: direct sums err by 2e-6 at most, the points 0, 1, -1, 2, -2 by
    2.8e-5 with a standard deviation of 1.7e-6."""
    operands = draw((1, 64, 64, 64), 64, residual=False)
    error = ops.conv2d(*operands) - definition(*double(operands), **DIRECT, activation="none", slope=0)
    assert 3e-7 < error.std() < 1.2e-6 and np.abs(error).max() < 1.4e-5


def is_direct(x, weight, **options):
    operands = (array_of(x), weight, None, None)
    direct = fast(*operands, **{**DIRECT, "activation": "none", "slope": 0.1, **options})
    return np.array_equal(array_of(ops.conv2d(x, weight, **options)), direct)


def test_direct_sums_in_float64_in_direct_and_elsewhere_the_same_bits_on_the_tape():
    x, weight, *_ = draw((1, 9, 10, 16), 16)
    assert not is_direct(x, weight)
    for operands in ((Tensor(x), weight), (x, Tensor(weight))):
        assert np.array_equal(ops.conv2d(*operands).data, ops.conv2d(x, weight))
    with ops.precision("direct"):
        assert is_direct(x, weight)
        assert is_direct(Tensor(x), weight)
    assert is_direct(x.astype(np.float64), weight.astype(np.float64))
    assert is_direct(x, weight, dilation=2, padding=(2, 2)) and is_direct(x, weight, stride=2)
    with ops.backend("plain"):
        assert np.array_equal(ops.conv2d(x, weight),
                              definition(x, weight, None, None, **DIRECT, activation="none", slope=0))


def test_nan_and_infinity_stay_where_direct_sums_have_them():
    x, weight, *_ = draw((1, 9, 9, 16), 16)
    x[0, 4, 4, 3] = np.nan
    y = ops.conv2d(x, weight)
    assert np.isnan(y[0, 3:6, 3:6]).all()
    assert np.isfinite(y[0, 8:]).all() and np.isfinite(y[0, :, 8:]).all()  # tiles that do not see it


def test_no_images_and_read_only_input():
    x, weight, bias, _ = draw((0, 5, 7, 16), 16)
    assert ops.conv2d(x, weight, bias).shape == (0, 5, 7, 16)
    x, weight, bias, _ = draw((1, 5, 14, 16), 16)
    view = x[:, :, ::2]
    view.flags.writeable = False
    assert np.array_equal(ops.conv2d(view, weight, bias), ops.conv2d(view.copy(), weight, bias))


CASES = [((3, 13, 29, 19), 37), ((1, 40, 61, 16), 17), ((2, 5, 3, 48), 64)]


def digest():
    """A hash of every bit of some results."""
    found = hashlib.sha256()
    for shape, o in CASES:
        found.update(ops.conv2d(*draw(shape, o), activation="leaky_relu").tobytes())
    rng = np.random.default_rng(3)
    found.update(ops.conv3d(*(rng.random(shape, np.float32) for shape in ((1, 3, 5, 61, 19), (3, 3, 3, 19, 21))),
                            padding=1).tobytes())
    net = zoo.build("duf-16-x2", growth=16, blocks=1, width=48).init(rng)
    window = rng.random((1, 7, 5, 61, 3), np.float32)
    found.update(Planned(net)(window).tobytes())
    return found.hexdigest()


def test_threads_and_images_beside_do_not_change_a_bit():
    found = set()
    for threads in (1, 2, 3, 4):
        with ops.threads(threads):
            found.add(digest())
    assert len(found) == 1
    x, *rest = draw((5, 11, 13, 16), 24, residual=False)
    assert np.array_equal(ops.conv2d(x, *rest)[3:], ops.conv2d(x[3:], *rest))


@pytest.mark.parametrize("name, features, width", [
    ("haswell", "+avx,+avx2,+fma", 32), pytest.param("nehalem", "+sse4.2", 16, marks=pytest.mark.long)])
def test_narrower_vectors_do_not_change_a_bit(name, features, width):
    from refvr.ops.kernels.microkernel import vector_bytes
    if vector_bytes() != 64:
        pytest.skip("needs a processor with AVX-512, to compare with its narrower half")
    path = os.pathsep.join(map(str, (Path(__file__).parent, TESTS / "support", ROOT)))
    narrow = {**os.environ, "NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features, "PYTHONPATH": path}
    code = ("from test_winograd import digest; from refvr.ops.kernels.microkernel import vector_bytes; "
            "print(vector_bytes(), digest())")
    answer = subprocess.run([sys.executable, "-c", code], env=narrow, text=True, check=True,
                            capture_output=True).stdout.split()
    assert answer == [str(width), digest()]

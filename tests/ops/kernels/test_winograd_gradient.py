"""Gradients of a 3x3 convolution by Winograd's algorithm: the lines, the kernels against direct sums, the same bits."""
from fractions import Fraction

import numpy as np
import pytest

from refvr import ops
from refvr.autodiff.tape import Tensor, backward
from refvr.ops.conv2d import plain_adjoint
from refvr.ops.kernels.winograd_gradient import input_gradient, mirrored, weight_gradient
from refvr.ops.kernels.winograd_lines import SEEN, TILE, gather_line, matrices, plain, spread_line

DIRECT = {"stride": 1, "dilation": 1, "groups": 1, "activation": "none", "slope": 0.1}
ARITHMETIC = {"fma": lambda a, b, c: a * b + c, "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
              "scale": lambda a, b: a * b}


def draw(n, h, w, c, o, padding=(1, 1), seed=0):
    """Input, kernel and gradient of the result, of standard deviation 1."""
    rng = np.random.default_rng(seed)
    sizes = (n, h, w, c), (3, 3, c, o), (n, h + 2 * padding[0] - 2, w + 2 * padding[1] - 2, o)
    return [rng.standard_normal(size, dtype=np.float32) for size in sizes]


def expected(x, weight, dz, padding):
    """Both gradients in float64 by the definition."""
    double = [a.astype(np.float64) for a in (dz, dz, x, weight)]
    return plain_adjoint(*double, None, None, needs=(True, True, False, False), padding=padding, **DIRECT)[:2]


def test_lines_are_products_with_the_matrices():
    a, _, g = matrices()
    numbers = np.array([Fraction(k * k - 7, k + 2) for k in range(6)])
    assert spread_line(numbers[:4], ARITHMETIC["fma"]) == list(a @ numbers[:4])
    assert gather_line(numbers, **ARITHMETIC) == list(g.T @ numbers)


def bounds(x, weight, dz):
    """What rounding can do, as `bound` of test_winograd.py: steps of at most 2^-24 of what nothing cancelling gives."""
    absolute = [np.abs(matrix) for matrix in matrices()]
    a, b, g = (matrix.astype(np.float64) for matrix in absolute)
    x, weight, dz = (np.abs(operand.astype(np.float64)) for operand in (x, weight, dz))
    by_input = plain(dz, weight[::-1, ::-1].swapaxes(2, 3), tuple(absolute))
    seen, given = (tiles(operand, *sides) for operand, sides in ((x, (SEEN, 1)), (dz, (TILE, 0))))
    v, d = (np.einsum("pi,qj,ntucij->ntucpq", m, m, part, optimize=True) for m, part in ((b, seen), (a, given)))
    by_weight = np.einsum("ntucpq,ntuopq,pi,qj->ijco", v, d, g, g, optimize=True)
    count = v[:, :, :, 0, 0, 0].size
    return [(terms + 36) * 2.0 ** -24 * sizes for terms, sizes in ((weight.shape[3], by_input), (count, by_weight))]


def tiles(x, side, border):
    """Squares of `side` pixels, TILE apart, of x with a border of zeros: (n, t, u, c, i, j)."""
    ends = [(border, -size % TILE + border) for size in x.shape[1:3]]
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, ((0, 0), *ends, (0, 0))), (side, side), (1, 2))
    return windows[:, ::TILE, ::TILE]


@pytest.mark.parametrize("n, h, w, c, o", [(1, 4, 4, 16, 16), (2, 5, 7, 17, 31), (3, 9, 6, 40, 24), (4, 12, 13, 19, 66),
                                           (1, 1, 2, 16, 48), (1, 134, 133, 16, 20)])
def test_gradients_stay_in_their_bounds(n, h, w, c, o):
    x, weight, dz = draw(n, h, w, c, o)
    got = input_gradient(dz, weight, (h, w), (-1, -1)), weight_gradient(x, dz, (-1, -1))
    for found, want, bound in zip(got, expected(x, weight, dz, (1, 1)), bounds(x, weight, dz)):
        assert found.dtype == np.float32 and found.shape == want.shape
        assert np.all(np.abs(found - want) <= bound)


@pytest.mark.parametrize("padding", [(0, 0), (0, 2), (2, 1), (3, 4)])
def test_other_borders(padding):
    x, weight, dz = draw(2, 8, 9, 24, 18, padding)
    offset = (-padding[0], -padding[1])
    dx, dweight = expected(x, weight, dz, padding)
    np.testing.assert_allclose(input_gradient(dz, weight, (8, 9), offset), dx, rtol=0, atol=1e-4)
    np.testing.assert_allclose(weight_gradient(x, dz, offset), dweight, rtol=0, atol=1e-4)


def test_a_wrong_offset_is_found():
    x, weight, dz = draw(2, 8, 8, 16, 16)
    dx, dweight = expected(x, weight, dz, (1, 1))
    assert np.abs(input_gradient(dz, weight, (8, 8), (-1, 0)) - dx).max() > 1
    assert np.abs(weight_gradient(x, dz, (0, -1)) - dweight).max() > 1


def test_mirrored():
    weight = np.random.default_rng(0).random((3, 3, 19, 35), np.float32)
    assert np.array_equal(mirrored(weight), weight[::-1, ::-1].swapaxes(2, 3))


def test_the_tape_takes_them_and_in_direct_takes_direct_sums():
    x, weight, dz = draw(2, 8, 12, 16, 20)
    found = {}
    for mode in ("winograd", "direct"):
        tensors = Tensor(x), Tensor(weight)
        with ops.precision(mode):
            backward(ops.conv2d(*tensors), dz)
        found[mode] = [tensor.grad for tensor in tensors]
    assert np.array_equal(found["winograd"][0], input_gradient(dz, weight, (8, 12), (-1, -1)))
    assert np.array_equal(found["winograd"][1], weight_gradient(x, dz, (-1, -1)))
    assert not any(np.array_equal(a, b) for a, b in zip(*found.values()))


def test_threads_and_the_order_of_memory_do_not_change_a_bit():
    x, weight, dz = draw(6, 21, 34, 24, 40)
    found = set()
    for threads in (1, 2, 3, 4):
        with ops.threads(threads):
            found.add((input_gradient(dz, weight, (21, 34), (-1, -1)).tobytes(),
                       weight_gradient(x, dz, (-1, -1)).tobytes()))
    assert len(found) == 1
    turned = [np.asfortranarray(a) for a in (x, dz)]
    assert np.array_equal(weight_gradient(*turned, (-1, -1)), weight_gradient(x, dz, (-1, -1)))


def test_no_images():
    x, weight, dz = draw(0, 8, 8, 16, 16)
    assert input_gradient(dz, weight, (8, 8), (-1, -1)).shape == x.shape
    assert not weight_gradient(x, dz, (-1, -1)).any()

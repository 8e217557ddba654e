"""Gradients of weights and bias: products of input and gradient over all pixels, in whole numbers, so exactly."""
import numpy as np
import pytest
from plain_convolutions import products, whole_numbers

from refvr import ops
from refvr.ops.kernels.conv_weight import output_gradient, weight_gradient

GROUPS = [(1, 7, 13), (1, 3, 37), (1, 1, 1), (1, 5, 32), (19, 19, 19), (5, 5, 10), (5, 10, 5), (2, 6, 40)]
TAPS = [  # kernel, stride, dilation, offset
    ((3, 3), 1, 1, (-1, -1)), ((1, 1), 1, 1, (0, 0)), ((5, 2), 1, 1, (-2, 0)), ((3, 3), 2, 1, (-1, -1)),
    ((2, 3), 3, 2, (-3, -2)), ((1, 7), 1, 1, (0, -6))]


def given(shape, c, o, taps, dtype=np.float32):
    kernel, stride, dilation, offset = taps
    size = tuple((side - 2 * first - dilation * (k - 1) - 1) // stride + 1
                 for side, first, k in zip(shape[1:], offset, kernel))
    return whole_numbers(1, *shape, c, dtype=dtype), whole_numbers(2, shape[0], *size, o, dtype=dtype)


@pytest.mark.parametrize("taps", TAPS, ids=str)
@pytest.mark.parametrize("groups, c, o", GROUPS)
def test_the_definition(groups, c, o, taps):
    kernel, stride, dilation, offset = taps
    for dtype, shape in ((np.float32, (2, 11, 17)), (np.float64, (1, 6, 7))):
        x, dz = given(shape, c, o, taps, dtype)
        options = {"stride": stride, "dilation": dilation, "groups": groups}
        got = weight_gradient(x, dz, (*kernel, c // groups, o), offset, **options)
        assert got.dtype == dtype and np.array_equal(got, products(x, dz, got.shape, offset, **options))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 29), (3, 29, 1), (7, 2, 3)])
@pytest.mark.parametrize("groups, c, o", [(1, 5, 7), (7, 7, 7)])
def test_images_of_any_size(groups, c, o, shape):
    """Also with fewer rows than there are chunks."""
    x, dz = given(shape, c, o, TAPS[0])
    options = {"stride": 1, "dilation": 1, "groups": groups}
    got = weight_gradient(x, dz, (3, 3, c // groups, o), (-1, -1), **options)
    assert np.array_equal(got, products(x, dz, got.shape, (-1, -1), **options))


@pytest.mark.parametrize("groups, c, o", [(1, 100, 3), (100, 100, 100), (20, 40, 80)])
def test_blocks_of_a_large_image(groups, c, o):
    x, dz = given((2, 24, 61), c, o, TAPS[0])
    options = {"stride": 1, "dilation": 1, "groups": groups}
    got = weight_gradient(x, dz, (3, 3, c // groups, o), (-1, -1), **options)
    assert np.array_equal(got, products(x, dz, got.shape, (-1, -1), **options))


def test_threads_do_not_change_a_bit():
    """A chunk of rows is one chain of sums, whoever adds it up."""
    rng, found = np.random.default_rng(1), set()
    x, dz = (rng.standard_normal((2, 21, 43, k)).astype(np.float32) for k in (19, 37))
    for count in (1, 2, 3):
        with ops.threads(count):
            dw = weight_gradient(x, dz, (3, 3, 19, 37), (-1, -1), stride=1, dilation=1, groups=1)
            found.add(dw.tobytes() + b"".join(a.tobytes() for a in output_gradient(dz, dz[..., ::-1].copy(), 0.1)))
    assert len(found) == 1


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (2, 5, 7, 1), (2, 19, 23, 5)])
@pytest.mark.parametrize("slope", [1.0, 0.0, 0.5])
def test_the_gradient_before_an_activation_and_its_sum(shape, slope):
    """Of what was not above zero the slope; zero itself is below."""
    dy, y = whole_numbers(1, *shape), whole_numbers(2, *shape)
    dz, dbias = output_gradient(dy, y, slope)
    want = dy * np.where(y > 0, 1, slope)
    assert np.array_equal(dz, want) and np.array_equal(dbias, want.sum((0, 1, 2)))
    assert (slope != 1) or dz is dy


def test_long_sums_keep_their_digits():
    """Half a million times 0.1: one chain in float32 would be off by 1e-2 of it."""
    dy = np.full((1, 512, 1024, 1), 0.1, np.float32)
    _, dbias = output_gradient(dy, dy, 1.0)
    assert abs(dbias[0] / (dy.size * np.float64(dy[0, 0, 0, 0])) - 1) < 1e-5 < abs(
        np.cumsum(dy, dtype=np.float32)[-1] / (dy.size * 0.1) - 1)

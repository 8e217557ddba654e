"""The convolution on the microkernels, and with other weights its input's gradient: every sum is its definition's.

Operands are small whole numbers, so a kernel has to hit the sums to the last bit.
"""
import numpy as np
import pytest
from plain_convolutions import activated, correlated, spread, whole_numbers

from refvr import ops
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.conv_forward import correlate, few_inputs_gradient, input_gradient

GROUPS = {"one": (1, 7, 13), "wide": (1, 3, 37), "one channel": (1, 1, 1), "depthwise": (19, 19, 19),
          "two outputs each": (5, 5, 10), "two inputs each": (5, 10, 5), "wide groups": (2, 6, 40)}
TAPS = [  # kernel, stride, dilation, offset
    ((3, 3), 1, 1, (-1, -1)), ((1, 1), 1, 1, (0, 0)), ((1, 1), 2, 1, (0, 0)), ((5, 2), 1, 1, (-2, 0)),
    ((3, 3), 2, 1, (-1, -1)), ((2, 3), 3, 2, (-3, -2)), ((7, 1), 1, 1, (-6, 0)), ((3, 3), 1, 1, (0, 0))]


def operands(groups, taps, *, shape=(2, 11, 17), dtype=np.float32):
    """x, weight, bias, residual, and the sizes that belong to them."""
    (g, c, o), (kernel, stride, dilation, offset) = GROUPS[groups], taps
    size = tuple((side - 2 * first - dilation * (k - 1) - 1) // stride + 1
                 for side, first, k in zip(shape[1:], offset, kernel))
    drawn = [whole_numbers(k, *of, dtype=dtype) for k, of in enumerate(
        ((*shape, c), (*kernel, c // g, o), (o,), (shape[0], *size, o)))]
    return drawn, size, offset, {"stride": stride, "dilation": dilation, "groups": g}


@pytest.mark.parametrize("taps", TAPS, ids=str)
@pytest.mark.parametrize("groups", GROUPS)
def test_the_definition(groups, taps):
    for dtype, slope, with_bias, with_residual in ((np.float32, 1, False, False), (np.float32, 0.5, True, True),
                                                   (np.float32, 0, True, False), (np.float64, 0.5, False, True)):
        (x, weight, bias, residual), size, offset, options = operands(groups, taps, dtype=dtype)
        y = correlate(x, weight, size, offset, **options, bias=bias if with_bias else None,
                      residual=residual if with_residual else None, slope=slope)
        z = correlated(x, weight, size, offset, **options) + with_bias * bias + with_residual * residual
        assert y.dtype == dtype and np.array_equal(y, activated(z, slope))


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 5), (1, 5, 1), (1, 2, 14), (1, 3, 15), (1, 2, 29)])
@pytest.mark.parametrize("groups", ["one", "depthwise"])
def test_images_of_any_width(groups, shape):
    (x, weight, *_), size, offset, options = operands(groups, TAPS[0], shape=shape)
    assert np.array_equal(correlate(x, weight, size, offset, **options), correlated(x, weight, size, offset, **options))


@pytest.mark.parametrize("groups, c, o", [(1, 200, 3), (200, 200, 200)])
def test_blocks_of_a_large_image(groups, c, o):
    """Several beside and below one another."""
    x, weight, size = whole_numbers(1, 1, 24, 61, c), whole_numbers(2, 3, 3, c // groups, o), (24, 61)
    p = cut.plan(x.shape, size, weight.shape, 1, 1, groups, (-1, -1), 4)
    assert p.block_y < 24 and (groups == 1) == (p.block_x == 61) or p.block_x < 61
    assert np.array_equal(correlate(x, weight, size, (-1, -1), groups=groups),
                          correlated(x, weight, size, (-1, -1), groups=groups))


@pytest.mark.parametrize("groups", ["one", "wide", "depthwise"])
def test_a_result_may_go_into_a_view(groups):
    """Every other row, every third column, some channels of an array; what lies between stays."""
    (x, weight, bias, _), size, offset, options = operands(groups, TAPS[0])
    o = weight.shape[3]
    whole = np.full((2, 2 * size[0], 3 * size[1], o + 5), 7, np.float32)
    into = whole[:, 1::2, ::3, 2:2 + o]
    assert correlate(x, weight, size, offset, **options, bias=bias, into=into) is into
    assert np.array_equal(into, correlated(x, weight, size, offset, **options) + bias)
    into[...] = 7
    assert (whole == 7).all()


@pytest.mark.parametrize("taps", TAPS, ids=str)
@pytest.mark.parametrize("groups", ["one", "depthwise", "two outputs each", "wide groups"])
def test_the_gradient_of_the_input(groups, taps):
    """Also of an image that is larger than what the taps see: nothing comes back from there."""
    (x, weight, _, dz), size, offset, options = operands(groups, taps, shape=(2, 7, 8))
    for extra in (0, 4):
        sides = tuple(side + extra for side in x.shape[1:3])
        dx = input_gradient(dz, weight, sides, offset, **options)
        assert np.array_equal(dx, spread(dz, weight, sides, offset, **options))


def test_a_stride_beyond_the_kernel_leaves_pixels_without_a_gradient():
    """In a transposed convolution these hold the bias, after the activation."""
    weight, dz = whole_numbers(1, 1, 1, 3, 5), whole_numbers(2, 1, 2, 3, 5)
    want = spread(dz, weight, (6, 8), (0, 0), stride=3)
    assert np.array_equal(input_gradient(dz, weight, (6, 8), (0, 0), 3, 1, 1), want) and not want[:, 1].any()
    bias = np.array([-2, 0, 3], np.float32)
    got = input_gradient(dz, weight, (6, 8), (0, 0), 3, 1, 1, bias=bias, slope=0.5)
    assert np.array_equal(got, activated(want + bias, 0.5))


@pytest.mark.parametrize("kernel, stride, offset", [((4, 4), 2, (-1, -1)), ((3, 3), 2, (-1, -1)), ((5, 3), 3, (-2, 0)),
                                                    ((2, 2), 2, (0, 0)), ((3, 3), 1, (-1, -1))])
@pytest.mark.parametrize("size", [(8, 10), (9, 11), (7, 12)])
def test_few_inputs_as_one_convolution(kernel, stride, offset, size):
    weight = whole_numbers(1, *kernel, 3, 11)
    counts = ((side - 2 * first - k) // stride + 1 for side, first, k in zip(size, offset, kernel))
    dz = whole_numbers(2, 2, *counts, 11)
    got = few_inputs_gradient(dz, weight, size, offset, stride)
    assert np.array_equal(got, spread(dz, weight, size, offset, stride=stride))


def test_no_images_and_strided_input():
    (x, weight, *_), size, offset, options = operands("one", TAPS[0])
    assert correlate(x[:0], weight, size, offset, **options).shape == (0, *size, 13)
    wide = np.repeat(x, 2, axis=2)[:, :, ::2]
    assert np.array_equal(correlate(wide, weight, size, offset), correlated(x, weight, size, offset))


@pytest.mark.parametrize("groups, c, o", [(1, 19, 37), (19, 19, 19)])
def test_threads_do_not_change_a_bit(groups, c, o):
    rng, found = np.random.default_rng(1), set()
    x, weight, dz = (rng.standard_normal(s).astype(np.float32) for s in (
        (2, 21, 43, c), (3, 3, c // groups, o), (2, 21, 43, o)))
    for count in (1, 2, 3):
        with ops.threads(count):
            y = correlate(x, weight, (21, 43), (-1, -1), groups=groups)
            dx = input_gradient(dz, weight, (42, 86), (-1, -1), 2, 1, groups)
            found.add(y.tobytes() + dx.tobytes())
    assert len(found) == 1

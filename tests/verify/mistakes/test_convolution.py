"""Mistakes in convolutions: borders, orders of the kernel, strides, groups; each written out."""
import numpy as np
import pytest
from plain_convolution import bent, convolved, framed
from wrong_calls import drawn, made_in, possible, right, shows

from refvr.verify.mistakes import convolution

X, W, BIAS = drawn(1, 6, 6, 2, seed=1), drawn(3, 3, 2, 2, seed=2), drawn(2, seed=3)

BORDERS = {"border_repeats_the_edge": "edge", "border_is_mirrored": "reflect", "border_wraps": "wrap"}


@pytest.mark.parametrize("name, mode", BORDERS.items())
def test_borders(name, mode):
    shows(f"conv2d.{name}", convolved(framed(X, mode), W) + BIAS, X, W, BIAS)
    wide = framed(X, mode, (1, 1), (0, 0))
    shows(f"conv2d.{name}", convolved(wide, W) + BIAS, X, W, BIAS, padding=(1, 0))
    far = framed(X, mode, (2, 2), (2, 2))
    shows(f"conv2d.{name}", convolved(far, W, dilation=2) + BIAS, X, W, BIAS, dilation=2)
    shows(f"conv2d.{name}", convolved(far, W), X, W, padding=2)
    assert not possible(f"conv2d.{name}", X, W, padding=0) and not possible(f"conv2d.{name}", X, W[:1, :1])


def test_what_is_too_small_to_be_mirrored():
    assert not possible("conv2d.border_is_mirrored", X[:, :1], W) and possible("conv2d.border_is_mirrored", X[:, :2], W)
    assert possible("conv2d.border_wraps", X[:, :1], W)


def test_the_border_of_tensorflow():
    """At stride 2 and even sizes: of 3 taps one row of zeros at the end, of 7 two before and three after."""
    shows("conv2d.border_as_tensorflow", convolved(framed(X, "constant", (0, 1), (0, 1)), W, stride=2), X, W, stride=2)
    seven = drawn(7, 7, 2, 2)
    shows("conv2d.border_as_tensorflow", convolved(framed(X, "constant", (2, 3), (2, 3)), seven, stride=2), X, seven,
          stride=2)
    assert not possible("conv2d.border_as_tensorflow", X, W)


def places(order):
    """The 3 x 3 kernel whose tap (i, j) is the one at order(i, j)."""
    def reordered(weight):
        return np.stack([np.stack([weight[order(i, j)] for j in range(3)]) for i in range(3)])

    return reordered


def other_memory(weight):
    *taps, c, o = weight.shape
    return np.moveaxis(weight.ravel().reshape(o, c, *taps), (0, 1), (-1, -2))


KERNELS = {
    "kernel_flipped": places(lambda i, j: (2 - i, 2 - j)),
    "kernel_rows_reversed": places(lambda i, j: (2 - i, j)),
    "kernel_columns_reversed": places(lambda i, j: (i, 2 - j)),
    "kernel_transposed": places(lambda i, j: (j, i)),
    "channels_of_the_kernel_exchanged": lambda weight: np.einsum("ijco->ijoc", weight),
    "kernel_read_in_the_memory_order_of_pytorch": other_memory,
}
CALLS = {   # operation -> the call with a kernel
    "conv2d": lambda weight: ((X, weight, BIAS), {}),
    "conv_transpose2d": lambda weight: ((X, weight, BIAS), {}),
    "deform_conv2d": lambda weight: ((X, drawn(1, 6, 6, 18), drawn(1, 6, 6, 9), weight, BIAS), {}),
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("name", KERNELS)
def test_orders_of_the_kernel(name, operation):
    (*operands, _, bias), options = CALLS[operation](W)
    expected = right(operation, *operands, KERNELS[name](W), bias, **options)
    shows(f"{operation}.{name}", expected, *operands, W, bias, **options)


@pytest.mark.parametrize("name", KERNELS)
def test_orders_of_the_kernel_over_frames(name):
    """They stay in their frame; memory alone knows nothing of frames."""
    clip, weight = drawn(1, 4, 5, 6, 2), drawn(3, 3, 3, 2, 2)
    other = other_memory(weight) if name.endswith("pytorch") else np.stack([KERNELS[name](each) for each in weight])
    shows(f"conv3d.{name}", right("conv3d", clip, other, BIAS), clip, weight, BIAS)


@pytest.mark.parametrize("name, shape", [
    ("kernel_flipped", (1, 1, 2, 2)), ("kernel_rows_reversed", (1, 3, 2, 2)), ("kernel_columns_reversed", (3, 1, 2, 2)),
    ("kernel_transposed", (3, 5, 2, 2)), ("kernel_transposed", (1, 1, 2, 2)),
    ("channels_of_the_kernel_exchanged", (3, 3, 2, 4)), ("channels_of_the_kernel_exchanged", (3, 3, 1, 1))])
def test_kernels_without_room_for_it(name, shape):
    assert not possible(f"conv2d.{name}", X[..., :shape[2]], drawn(*shape))


def test_a_line_can_be_flipped():
    assert all(possible("conv2d.kernel_flipped", X, drawn(*shape, 2, 2)) for shape in ((1, 3), (3, 1)))


@pytest.mark.parametrize("name", ["kernel_flipped", "kernel_rows_reversed", "kernel_columns_reversed",
                                  "kernel_transposed"])
def test_a_kernel_of_one_frame_is_that_of_a_picture(name):
    clip, depth = drawn(1, 2, 5, 6, 2), drawn(1, 3, 3, 2, 2)
    shows(f"conv3d.{name}", np.stack([convolved(clip[:, t], KERNELS[name](depth[0])) for t in (0, 1)], 1), clip, depth)
    assert not possible(f"conv3d.{name}", clip, drawn(3, 1, 1, 2, 2))


def test_memory_of_another_framework():
    """(o, c, kh, kw) = (1, 2, 1, 2) read in memory that holds (kh, kw, c, o) = (1, 2, 2, 1)."""
    x, weight = np.array([[[[1.0, 10.0], [100.0, 1000.0]]]]), np.arange(1.0, 5.0).reshape(1, 2, 2, 1)
    shows("conv2d.kernel_read_in_the_memory_order_of_pytorch", [[[[1 + 30 + 200 + 4000]]]], x, weight, padding=0)


def test_dilation_ignored():
    shows("conv2d.dilation_ignored", convolved(framed(X, "constant"), W) + BIAS, X, W, BIAS, dilation=2)
    shows("conv2d.dilation_ignored", convolved(framed(X, "constant"), W), X, W, dilation=3, padding=3)
    rows_only = framed(X, "constant", (1, 1), (0, 0))
    shows("conv2d.dilation_ignored", convolved(rows_only, W), X, W, dilation=2, padding=(2, 1))
    oblong = drawn(3, 5, 2, 2)
    shows("conv2d.dilation_ignored", convolved(framed(X, "constant", (1, 1), (2, 2)), oblong), X, oblong, dilation=2)
    nothing, ones = np.zeros((1, 6, 6, 18)), np.ones((1, 6, 6, 9))
    shows("deform_conv2d.dilation_ignored", convolved(framed(X, "constant"), W), X, nothing, ones, W, dilation=2)
    assert not possible("conv2d.dilation_ignored", X, W)
    for padding in (0, (1, 0), (0, 1)):
        assert not possible("conv2d.dilation_ignored", X, W, dilation=2, padding=padding)   # it would be smaller
    assert possible("conv2d.dilation_ignored", X, W, dilation=2, padding=1)


def test_the_stride_begins_late():
    late, name = (convolved(framed(X, "constant"), W) + BIAS)[:, 1::2, 1::2], "conv2d.stride_begins_at_the_second_pixel"
    shows(name, late, X, W, BIAS, stride=2)
    residual = drawn(1, 3, 3, 2)
    shows(name, bent(late + residual, 0.2), X, W, BIAS, residual, stride=2, activation="leaky_relu", slope=0.2)
    assert not possible(name, X, W)
    assert not possible(name, X[:, :5], W, None, residual, stride=2)   # two rows, where three are added


W6, GROUPED, BIAS4 = drawn(1, 5, 5, 6), drawn(3, 3, 3, 4), drawn(4)       # 2 groups of 3 channels for 2 outputs each


def by_group(channels_of, column_of, bias=BIAS4):
    """Four outputs: `channels_of` which channels, `column_of` which column of the kernel makes it."""
    return np.concatenate([convolved(framed(W6, "constant")[..., channels_of(o)], GROUPED[..., column_of(o)][..., None])
                           for o in range(4)], axis=-1) + bias


def block(group):
    return slice(3 * group, 3 * group + 3)


def test_outputs_that_take_turns():
    expected, name = by_group(lambda o: block(o % 2), lambda o: (0, 2, 1, 3)[o]), "conv2d.outputs_of_groups_interleaved"
    shows(name, expected, W6, GROUPED, BIAS4, groups=2)
    residual = drawn(*expected.shape)
    shows(name, bent(expected + residual, 0), W6, GROUPED, BIAS4, residual, groups=2, activation="relu")
    shows(name, expected - BIAS4, W6, GROUPED, groups=2)
    assert not possible(name, W6, GROUPED[..., :2], groups=2) and not possible(name, X, W)


def test_inputs_that_take_turns():
    expected = by_group(lambda o: slice(o // 2, None, 2), lambda o: o)
    shows("conv2d.inputs_of_groups_interleaved", expected, W6, GROUPED, BIAS4, groups=2)
    assert not possible("conv2d.inputs_of_groups_interleaved", W6, drawn(3, 3, 1, 6), groups=6)
    assert not possible("conv2d.inputs_of_groups_interleaved", X, W)
    nothing, ones = np.zeros((1, 5, 5, 18)), np.ones((1, 5, 5, 9))
    shows("deform_conv2d.inputs_of_groups_interleaved", expected, W6, nothing, ones, GROUPED, BIAS4, groups=2)


def test_outputs_by_multiplier():
    """Of 2 channels with 2 outputs each: a0 b0 a1 b1 for a0 a1 b0 b1."""
    x, weight, name = X, drawn(3, 3, 1, 4), "conv2d.depthwise_outputs_grouped_by_multiplier"
    in_order = np.concatenate([convolved(framed(x, "constant")[..., [o // 2]], weight[..., [o]]) for o in range(4)], -1)
    expected = (in_order + BIAS4)[..., [0, 2, 1, 3]]
    shows(name, expected, x, weight, BIAS4, groups=2)
    residual = drawn(*expected.shape)
    shows(name, bent(expected + residual, 0), x, weight, BIAS4, residual, groups=2, activation="relu")
    assert not possible(name, x, weight[..., :2], groups=2) and not possible(name, W6, GROUPED, groups=2)


def test_a_matrix_transposed():
    rows, matrix = drawn(3, 2), drawn(2, 2)
    shows("linear.matrix_transposed", rows @ matrix.T + BIAS, rows, matrix, BIAS)
    assert not possible("linear.matrix_transposed", rows, drawn(2, 3))


def test_every_mistake_of_the_file_is_here():
    alone = {"border_as_tensorflow", "dilation_ignored", "stride_begins_at_the_second_pixel",
             "outputs_of_groups_interleaved", "inputs_of_groups_interleaved",
             "depthwise_outputs_grouped_by_multiplier", *BORDERS}
    assert made_in(convolution) == {
        *(f"conv2d.{name}" for name in alone), "deform_conv2d.dilation_ignored",
        "deform_conv2d.inputs_of_groups_interleaved", "linear.matrix_transposed",
        *(f"{operation}.{name}" for operation in (*CALLS, "conv3d") for name in KERNELS)}

"""Mistakes in convolutions of images: conv2d, and what it shares with its relatives."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.verify.mistakes._catalogue import Border, Given, Op, mistake, subject, unless

subject("conv2d", ops.conv2d, x="image", weight="kernel", bias="vector", residual="image")
subject("conv3d", ops.conv3d, x="clip", weight="kernel3d", bias="vector", result="clip")
subject("linear", ops.linear, x="rows", weight="matrix", bias="vector", result="rows")
ALL = ("conv2d", "conv3d", "conv_transpose2d", "deform_conv2d")
FUSED = ("conv2d", "conv3d", "conv_transpose2d")


def pads(a: Given) -> tuple[int, int]:
    """Rows and columns of zeros on each side of a conv2d."""
    if a.padding is None:
        return a.dilation * (a.weight.shape[0] // 2), a.dilation * (a.weight.shape[1] // 2)
    return (a.padding, a.padding) if isinstance(a.padding, int) else tuple(a.padding)


def bordered(op: Op, a: Given, mode: Border, shift: int = 0) -> np.ndarray:
    """conv2d whose border is made by numpy.pad, moved by `shift` pixels up and left."""
    (p, q), x = pads(a), a.x
    unless(p == q == 0 or (mode == "reflect" and min(x.shape[1:3]) <= max(p, q)))
    x = np.pad(x, ((0, 0), (max(0, p - shift), p + shift), (max(0, q - shift), q + shift), (0, 0)), mode)
    return op(a.but(x=x, padding=0))


def activated(y: np.ndarray, a: Given) -> np.ndarray:
    """The activation of a fused convolution."""
    slope = {"none": 1.0, "relu": 0.0, "leaky_relu": a.slope}[a.activation]
    return np.where(y > 0, y, y * y.dtype.type(slope))


def without(a: Given, **changes: object) -> Given:
    """The call without its activation."""
    return a.but(activation="none", **changes)


@mistake("border", "conv2d")
def border_repeats_the_edge(op: Op, a: Given) -> np.ndarray:
    """a border that repeats the edge in place of zeros."""
    return bordered(op, a, "edge")


@mistake("border", "conv2d")
def border_is_mirrored(op: Op, a: Given) -> np.ndarray:
    """a mirrored border (reflect) in place of zeros."""
    return bordered(op, a, "reflect")


@mistake("border", "conv2d")
def border_wraps(op: Op, a: Given) -> np.ndarray:
    """a border that wraps around (circular) in place of zeros."""
    return bordered(op, a, "wrap")


@mistake("border", "conv2d")
def border_as_tensorflow(op: Op, a: Given) -> np.ndarray:
    """the padding of TensorFlow's SAME: at stride 2 the odd row and column of zeros lie at the end."""
    unless(a.stride == 1)
    return bordered(op, a, "constant", shift=1)


@mistake("order", *ALL)
def kernel_flipped(op: Op, a: Given) -> np.ndarray:
    """the kernel flipped (a true convolution in place of a correlation, or the reverse)."""
    unless(a.weight.shape[-4] == a.weight.shape[-3] == 1)
    return op(a.but(weight=a.weight[..., ::-1, ::-1, :, :]))


@mistake("order", *ALL)
def kernel_rows_reversed(op: Op, a: Given) -> np.ndarray:
    """the rows of the kernel in reverse."""
    unless(min(a.weight.shape[-4:-2]) == 1)
    return op(a.but(weight=a.weight[..., ::-1, :, :, :]))


@mistake("order", *ALL)
def kernel_columns_reversed(op: Op, a: Given) -> np.ndarray:
    """the columns of the kernel in reverse."""
    unless(min(a.weight.shape[-4:-2]) == 1)
    return op(a.but(weight=a.weight[..., ::-1, :, :]))


@mistake("order", *ALL)
def kernel_transposed(op: Op, a: Given) -> np.ndarray:
    """the rows and columns of the kernel exchanged."""
    unless(a.weight.shape[-4] == 1 or a.weight.shape[-4] != a.weight.shape[-3])
    return op(a.but(weight=np.ascontiguousarray(a.weight.swapaxes(-4, -3))))


@mistake("order", *ALL)
def channels_of_the_kernel_exchanged(op: Op, a: Given) -> np.ndarray:
    """the input and output channels of the kernel exchanged."""
    unless(a.weight.shape[-1] != a.weight.shape[-2] or a.weight.shape[-1] == 1)
    return op(a.but(weight=np.ascontiguousarray(a.weight.swapaxes(-1, -2))))


@mistake("order", "linear")
def matrix_transposed(op: Op, a: Given) -> np.ndarray:
    """the matrix transposed."""
    unless(a.weight.shape[0] != a.weight.shape[1])
    return op(a.but(weight=np.ascontiguousarray(a.weight.T)))


@mistake("order", *ALL)
def kernel_read_in_the_memory_order_of_pytorch(op: Op, a: Given) -> np.ndarray:
    """the kernel's memory taken for (o, c, kh, kw) although it is (kh, kw, c, o)."""
    axes = a.weight.ndim
    swapped = a.weight.reshape([a.weight.shape[k] for k in (axes - 1, axes - 2, *range(axes - 2))])
    return op(a.but(weight=np.ascontiguousarray(np.moveaxis(swapped, (0, 1), (axes - 1, axes - 2)))))


@mistake("place", "conv2d", "deform_conv2d")
def dilation_ignored(op: Op, a: Given) -> np.ndarray:
    """the dilation ignored."""
    unless(a.dilation == 1)
    p, q = (side - (a.dilation - 1) * (k // 2) for side, k in zip(pads(a), a.weight.shape))
    unless(min(p, q) < 0)
    return op(a.but(dilation=1, padding=p if p == q else (p, q)))


@mistake("place", "conv2d")
def stride_begins_at_the_second_pixel(op: Op, a: Given) -> np.ndarray:
    """the stride beginning at the second pixel."""
    unless(a.stride == 1)
    y = op(without(a, stride=1, residual=None))[:, 1::a.stride, 1::a.stride]
    unless(a.residual is not None and a.residual.shape != y.shape)
    return activated(y if a.residual is None else y + a.residual, a)


@mistake("order", "conv2d")
def outputs_of_groups_interleaved(op: Op, a: Given) -> np.ndarray:
    """output o belonging to group o % groups in place of o // (outputs in a group)."""
    each = a.weight.shape[3] // a.groups
    unless(a.groups == 1 or each == 1)
    y = op(a.but(residual=None, bias=None, activation="none"))
    y = np.concatenate([y[..., k::each] for k in range(each)], axis=-1)
    y = y if a.bias is None else y + a.bias
    return activated(y if a.residual is None else y + a.residual, a)


@mistake("order", "conv2d", "deform_conv2d")
def inputs_of_groups_interleaved(op: Op, a: Given) -> np.ndarray:
    """input channel c belonging to group c % groups in place of c // (inputs in a group)."""
    unless(a.groups == 1 or a.groups == a.x.shape[3])
    return op(a.but(x=np.concatenate([a.x[..., k::a.groups] for k in range(a.groups)], axis=-1)))


@mistake("order", "conv2d")
def depthwise_outputs_grouped_by_multiplier(op: Op, a: Given) -> np.ndarray:
    """the outputs of a depthwise convolution ordered multiplier by multiplier, not channel by channel."""
    m = a.weight.shape[3] // a.groups
    unless(a.groups != a.x.shape[3] or m == 1)
    y = op(a.but(residual=None, activation="none"))
    y = y.reshape(*y.shape[:3], a.groups, m).swapaxes(3, 4).reshape(y.shape)
    return activated(y if a.residual is None else y + a.residual, a)

"""Mistakes in transposed convolutions."""
from __future__ import annotations

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.verify.mistakes._catalogue import Given, Op, mistake, subject, unless

subject("conv_transpose2d", ops.conv_transpose2d, x="image", weight="kernel_transposed", bias="vector")


@mistake("place", "conv_transpose2d")
def output_padding_at_the_top(op: Op, a: Given) -> np.ndarray:
    """the rows and columns of output_padding at the top and left."""
    unless(not a.output_padding)
    return op(a.but(x=a.x[:, ::-1, ::-1], weight=a.weight[::-1, ::-1]))[:, ::-1, ::-1]


@mistake("place", "conv_transpose2d")
def cut_one_pixel_further(op: Op, a: Given) -> np.ndarray:
    """the result cut one pixel too far down and right (padding p + 1 at the top, p - 1 at the bottom)."""
    unless(not a.padding)
    y = op(a.but(padding=a.padding - 1))
    rows, columns = (size - 2 for size in y.shape[1:3])
    return y[:, 2:2 + rows, 2:2 + columns]


@mistake("place", "conv_transpose2d")
def nearest_pixels_then_convolution(op: Op, a: Given) -> np.ndarray:
    """pixels repeated and then convolved (resize-convolution) in place of spread out."""
    sizes = [(size - 1) * a.stride - 2 * a.padding + k + a.output_padding
             for size, k in zip(a.x.shape[1:3], a.weight.shape)]
    unless(any(k % 2 == 0 for k in a.weight.shape[:2]) or sizes != [size * a.stride for size in a.x.shape[1:3]])
    big = np.repeat(np.repeat(a.x, a.stride, axis=1), a.stride, axis=2)
    return array_of(ops.conv2d(big, a.weight, a.bias, activation=a.activation, slope=a.slope))

"""Linear layer: the last axis times a matrix.

    y[..., o] = sum_c x[..., c] weight[c, o] + bias[o]

It is a 1x1 convolution of x as a row of pixels, and runs as one: same order of sums, same kernels, same adjoint
(ops/conv2d.py). weight is the transpose of torch.nn.Linear's.
"""
from __future__ import annotations

from refvr.ops.arrange import reshape
from refvr.ops.conv2d import conv2d
from refvr.shapes import check
from refvr.types import Array


def linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    """(..., c) -> (..., o); weight (c, o), bias (o,) or None. Raises ShapeError if they do not fit."""
    c, o = check(weight, "c o", who="linear weight")
    check(x, "... c", who="linear input", c=c)
    pixels = reshape(x, (1, 1, -1, c))
    return reshape(conv2d(pixels, reshape(weight, (1, 1, c, o)), bias), (*x.shape[:-1], o))

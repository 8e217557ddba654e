"""Transposed convolution: the adjoint of a strided convolution, which networks use to enlarge.

    z[n,y,x,o] = sum over i, j, c with y = h*s - p + i and x = w*s - p + j of input[n,h,w,c] * weight[i,j,c,o] + bias[o]
    output     = act(z),   rows = (h - 1)*s - 2p + kh + output_padding, columns likewise

Every input pixel paints the kernel, scaled, s apart from the next; the output loses p on each side and gains
`output_padding` at the bottom and right, where the kernel may reach or not. Pixels outside of the input count nothing.
Seen from an output row y, only the taps with (y + p - i) % s = 0 take part: 4/2/1 (kernel, stride, padding) gives row
2m the taps i = 3, 1 on input rows m-1, m and row 2m+1 the taps 2, 0 on rows m, m+1; 3/2/1 gives row 2m tap 1 on row m.
So it is s*s convolutions of stride 1, each filling every s-th row and column, and no zeros are inserted anywhere. Each
sum is one chain of fused multiply-adds from 0, input rows and columns ascending, then c; bias and activation follow.

Adjoint, with dz = dy * act'(z), decided from the output as in conv2d:
    dinput    = convolution of dz with weight, c and o exchanged, stride s, padding p
    dweight[i,j,c,o] = sum_{n,h,w} input[n,h,w,c] * dz[n, h*s - p + i, w*s - p + j, o],   dbias[o] = sum dz

Sources: Zeiler et al., "Deconvolutional networks", CVPR 2010; torch.nn.ConvTranspose2d, whose weights are (c, o, i, j).
"""
from __future__ import annotations

from fractions import Fraction

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import InputError, ShapeError
from refvr.ops.conv2d import SLOPE_BELOW_ZERO, scaled_below_zero
from refvr.ops.core.bands import Bands, Reach, Rows, Shape
from refvr.ops.core.operation import Operation
from refvr.ops.kernels.conv_forward import correlate, input_gradient
from refvr.ops.kernels.conv_weight import output_gradient, weight_gradient
from refvr.shapes import check
from refvr.types import Array


def plain(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *, stride: int, padding: int,
          output_padding: int, activation: str, slope: float) -> np.ndarray:
    """The definition: each tap adds the input times its matrix to every s-th pixel of a canvas, which is then cut."""
    rows, columns = _size(x.shape, weight.shape, stride, padding, output_padding)
    canvas = np.zeros((len(x), rows + 2 * padding, columns + 2 * padding, weight.shape[3]), x.dtype)
    for i, j in np.ndindex(weight.shape[:2]):
        _seen(canvas, x, i, j, stride)[...] += np.einsum("nhwc,co->nhwo", x, weight[i, j], optimize=True)
    z = canvas[:, padding:padding + rows, padding:padding + columns]
    return scaled_below_zero(z, z, activation, slope) if bias is None \
        else scaled_below_zero(z + bias, z + bias, activation, slope)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *,
                  needs: tuple[bool, ...], stride: int, padding: int, output_padding: int, activation: str,
                  slope: float) -> tuple[np.ndarray | None, ...]:
    """The adjoint of each tap's matrix product."""
    dz = scaled_below_zero(dy, y, activation, slope)
    canvas = np.pad(dz, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    dx, dw = np.zeros_like(x), np.zeros_like(weight)
    for i, j in np.ndindex(weight.shape[:2]):
        seen = _seen(canvas, x, i, j, stride)                                    # (n, h, w, o)
        dx += np.einsum("nhwo,co->nhwc", seen, weight[i, j], optimize=True)
        dw[i, j] = np.einsum("nhwc,nhwo->co", x, seen, optimize=True)
    return dx, dw, dz.sum((0, 1, 2)) if needs[2] else None


def _seen(canvas: np.ndarray, x: np.ndarray, i: int, j: int, stride: int) -> np.ndarray:
    """The pixels (n, h, w, o) of the canvas that the input pixels (n, h, w) reach through tap i, j."""
    h, w = x.shape[1:3]
    return canvas[:, i:i + (h - 1) * stride + 1:stride, j:j + (w - 1) * stride + 1:stride]


def _size(shape: tuple[int, ...], kernel_shape: tuple[int, ...], stride: int, padding: int,
          output_padding: int) -> tuple[int, int]:
    """Rows and columns of the result."""
    rows, columns = ((size - 1) * stride - 2 * padding + k + output_padding
                     for size, k in zip(shape[1:3], kernel_shape[:2]))
    return rows, columns


def fast(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *, stride: int, padding: int,
         output_padding: int, activation: str, slope: float) -> np.ndarray:
    """As s*s convolutions: see `input_gradient` in kernels/conv_forward.py, of which this is one more use."""
    size = _size(x.shape, weight.shape, stride, padding, output_padding)
    return input_gradient(x, weight.transpose(0, 1, 3, 2), size, (-padding, -padding), stride, 1, 1, bias=bias,
                          slope=SLOPE_BELOW_ZERO[activation](slope))


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *,
            needs: tuple[bool, ...], stride: int, padding: int, output_padding: int, activation: str,
            slope: float) -> tuple[np.ndarray | None, ...]:
    """A strided convolution for the input, and its weight gradient with input and output exchanged."""
    dz, dbias = output_gradient(dy, y, SLOPE_BELOW_ZERO[activation](slope))
    transposed, offset = weight.transpose(0, 1, 3, 2), (-padding, -padding)          # (i, j, o, c)
    dx = correlate(dz, transposed, x.shape[1:3], offset, stride=stride) if needs[0] else None
    dw = weight_gradient(dz, x, transposed.shape, offset, stride=stride, dilation=1,
                         groups=1).transpose(0, 1, 3, 2) if needs[1] else None
    return dx, dw, dbias if needs[2] else None


def shape(x: Shape, weight: Shape, bias: Shape | None, *, stride: int, padding: int, output_padding: int,
          **options: object) -> Shape:
    """(n, y, x, o)."""
    return x[0], *_size(x, weight, stride, padding, output_padding), weight[3]


def rows(x: Rows, weight: Rows, bias: Rows | None, *, stride: int, padding: int, **options: object) -> Bands:
    """Row h of the input paints rows h * stride - padding + i, i < kh."""
    above, below = (weight.shape[0] - 1 - padding) // stride, (padding - 1) // stride + 1
    return Bands(1, (Reach(1, Fraction(1, stride), above, below), None, None), stride)


_conv_transpose2d = Operation("conv_transpose2d", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint,
                              shape=shape, rows=rows)


def conv_transpose2d(x: Array, weight: Array, bias: Array | None = None, *, stride: int = 2, padding: int = 1,
                     output_padding: int = 0, activation: str = "none", slope: float = 0.1) -> Array:
    """Transposed convolution, bias and activation (formula in the module's docstring).

    x               (n, h, w, c)
    weight          (kh, kw, c, o),  bias (o,) or None
    padding         rows and columns that are cut off on each side
    output_padding  rows and columns that are added at the bottom and right, less than `stride`
    activation      "none", "relu" or "leaky_relu", whose values below zero are multiplied by `slope` (>= 0)
    Returns (n, y, x, o), y = (h - 1) * stride - 2 * padding + kh + output_padding.
    Raises ShapeError or InputError naming what came and what was expected.
    """
    _, h, w, c = check(x, "n h w c", who="conv_transpose2d input")
    kh, kw, _, o = check(weight, "i j c o", who="conv_transpose2d weight", c=c)
    if stride < 1 or padding < 0 or not 0 <= output_padding < stride:
        raise InputError(f"conv_transpose2d: got stride {stride}, padding {padding}, output_padding {output_padding}, "
                         "expected at least 1, at least 0, and from 0 to less than the stride")
    if activation not in SLOPE_BELOW_ZERO or slope < 0:
        raise InputError(f"conv_transpose2d: got activation {activation!r} with slope {slope}, expected one of "
                         f"{', '.join(SLOPE_BELOW_ZERO)} and at least 0")
    if not min(h, w, c, kh, kw, o):
        raise ShapeError(f"conv_transpose2d: got input {tuple(x.shape)} and weight {tuple(weight.shape)}, expected no "
                         "empty axis")
    rows, columns = _size(x.shape, weight.shape, stride, padding, output_padding)
    if rows < 1 or columns < 1:
        raise ShapeError(f"conv_transpose2d: got input of {h}x{w}, kernel {kh}x{kw} and padding {padding}, which leave "
                         f"{rows}x{columns}, expected at least one pixel", fix="lower the padding")
    if bias is not None:
        check(array_of(bias), "o", who="conv_transpose2d bias", o=o)
    return _conv_transpose2d(x, weight, bias, stride=stride, padding=padding, output_padding=output_padding,
                             activation=activation, slope=slope)

"""Three-dimensional convolution over time, rows and columns, with bias and activation in one operation.

    z[n,z,y,x,o] = sum_{f,i,j,c} input[n, z + f - p_t, y + i - p_h, x + j - p_w, c] * weight[f,i,j,c,o] + bias[o]
    output       = act(z)

input   (n, t, h, w, c)          weight  (kt, kh, kw, c, o): f, i, j count its frames, rows, columns
A correlation at stride 1 (the kernel is not flipped); outside of the input there are zeros, in time as in space. The
sum is one chain of fused multiply-adds in the order f, i, j, c, from which taps that lie outside are left out; bias
and activation follow. Neither threads nor tiles can change a bit of the result. In precision "winograd"
(core/precision.py), kernels of 3x3 pixels and one or three frames in float32 take the Winograd algorithm, with chains
of their own, and so do their gradients.

Adjoint, with dz = dy * act'(z), where act'(0) is 0 for relu and `slope` for leaky relu:
    dinput    = convolution of dz with the kernel reversed in f, i, j, c and o exchanged, padding k - 1 - p
    dweight[f,i,j,c,o] = sum_{n,z,y,x} input[... as above ...] * dz[n,z,y,x,o]
    dbias[o]  = sum_{n,z,y,x} dz[n,z,y,x,o]
Source: tf.nn.conv3d with explicit padding, as yhjo09/VSR-DUF uses it in nets.py; equal to torch.nn.functional.conv3d.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import InputError, ShapeError
from refvr.ops.conv2d import SLOPE_BELOW_ZERO, scaled_below_zero
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.operation import Operation
from refvr.ops.core.precision import current_precision
from refvr.ops.kernels import volume, winograd, winograd_gradient
from refvr.ops.kernels.conv3d_forward import correlate
from refvr.ops.kernels.conv_weight import output_gradient, weight_gradient
from refvr.shapes import check
from refvr.types import Array

Sides = tuple[int, ...]  # frames, rows, columns; of a band see `_borders`


def plain(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *, padding: Sides, activation: str,
          slope: float) -> np.ndarray:
    """The definition: add up the taps, each the moved input times one matrix."""
    z = sum(np.einsum("nzyxc,co->nzyxo", tap, matrix, optimize=True)
            for tap, matrix in _taps(_bordered(x, padding), weight))
    z = z if bias is None else z + bias
    return scaled_below_zero(z, z, activation, slope)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *,
                  needs: tuple[bool, ...], padding: Sides, activation: str, slope: float
                  ) -> tuple[np.ndarray | None, ...]:
    """The adjoint of each tap's matrix product, added up in place."""
    dz, bordered = scaled_below_zero(dy, y, activation, slope), _bordered(x, padding)
    dx, dw = np.zeros_like(bordered), np.zeros_like(weight)
    for dtap, matrix in _taps(dx, weight) if needs[0] else ():
        dtap += np.einsum("nzyxo,co->nzyxc", dz, matrix, optimize=True)
    for tap, dmatrix in _taps(bordered, dw) if needs[1] else ():
        dmatrix[:] = np.einsum("nzyxc,nzyxo->co", tap, dz, optimize=True)
    inside = tuple(slice(p, p + size) for p, size in zip(padding, x.shape[1:4]))
    return (dx[(slice(None), *inside)] if needs[0] else None, dw if needs[1] else None,
            dz.sum((0, 1, 2, 3)) if needs[2] else None)


def _bordered(x: np.ndarray, padding: Sides) -> np.ndarray:
    """`x` with its border of zeros."""
    return np.pad(x, ((0, 0), *_borders(padding), (0, 0)))


def _borders(padding: Sides) -> tuple[tuple[int, int], ...]:
    """Of frames, rows and columns, before and after. A band of an image has a padding of five: that of the image, and
    the rows of it that lie above and below the band."""
    frames, rows, columns, *band = padding
    above, below = band or (rows, rows)
    return (frames, frames), (above, below), (columns, columns)


def _taps(bordered: np.ndarray, weight: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For every tap (f, i, j) the view (n, z, y, x, c) of what it sees, and its matrix (c, o)."""
    sizes = [size - k + 1 for size, k in zip(bordered.shape[1:4], weight.shape[:3])]
    for tap in np.ndindex(weight.shape[:3]):
        yield bordered[(slice(None), *(slice(k, k + size) for k, size in zip(tap, sizes)))], weight[tap]


def _size(shape: Shape, kernel_shape: Shape, padding: Sides) -> tuple[int, int, int]:
    """Frames, rows and columns of the result."""
    z, y, x = (size + before + after - k + 1
               for size, k, (before, after) in zip(shape[1:4], kernel_shape[:3], _borders(padding)))
    return z, y, x


def _first(padding: Sides) -> tuple[int, int, int]:
    """Frame, row and column of the input that the first pixel of the result sees first."""
    before, above, left = (-first for first, _ in _borders(padding))
    return before, above, left


def fast(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *, padding: Sides, activation: str,
         slope: float) -> np.ndarray:
    """The definition by register tiles: see kernels/conv3d_forward.py."""
    return correlate(x, weight, _size(x.shape, weight.shape, padding), _first(padding), bias=bias,
                     slope=SLOPE_BELOW_ZERO[activation](slope))


def short(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *, padding: Sides, activation: str,
          slope: float) -> np.ndarray | None:
    """With fewer products (kernels/winograd.py, volume.py), or None where kernel, type or border forbid it."""
    slope, (pad, rows, columns, *_), (_, top, left) = SLOPE_BELOW_ZERO[activation](slope), padding, _first(padding)
    if x.dtype != np.float32:
        return None
    if volume.fits(weight.shape) and (rows, columns) == (1, 1):
        return volume.correlate(x, weight, pad, bias=bias, slope=slope, above=1 + top,
                                rows=_size(x.shape, weight.shape, padding)[1])
    if len(weight) > 1 or pad or not winograd.fits(weight.shape[1:], 1, 1, 1):
        return None
    z, y, x_ = _size(x.shape, weight.shape, padding)
    images = winograd.correlate(x.reshape(-1, *x.shape[2:]), weight[0], (y, x_), (top, left), bias=bias,
                                 slope=slope)
    return images.reshape(len(x), z, y, x_, -1)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *,
            needs: tuple[bool, ...], padding: Sides, activation: str, slope: float) -> tuple[np.ndarray | None, ...]:
    """The adjoint by register tiles; the gradient of a frame of the kernel is that of a convolution of images."""
    dz, dbias = output_gradient(dy, y, SLOPE_BELOW_ZERO[activation](slope))
    dx = dw = None
    if needs[0]:
        mirrored = np.ascontiguousarray(weight[::-1, ::-1, ::-1].swapaxes(3, 4))
        border = tuple(k - 1 - p for p, k in zip(padding, weight.shape[:3]))
        options: dict[str, Any] = {"padding": border, "activation": "none", "slope": 0.0}
        dx = short(dz, mirrored, None, **options) if current_precision() == "winograd" else None
        dx = fast(dz, mirrored, None, **options) if dx is None else dx
    if needs[1]:
        dw = np.stack([_frame_gradient(x, dz, weight.shape[1:], f - padding[0], (padding[1], padding[2]))
                       for f in range(len(weight))])
    return dx, dw, dbias if needs[2] else None


def _frame_gradient(x: np.ndarray, dz: np.ndarray, kernel_shape: tuple[int, ...], later: int,
                    padding: tuple[int, int]) -> np.ndarray:
    """dweight of the frame of the kernel through which frame z of dz sees frame z + later of x."""
    first, last = max(0, -later), min(dz.shape[1], x.shape[1] - later)
    if first >= last:
        return np.zeros(kernel_shape, x.dtype)
    seen, by = x[:, first + later:last + later], dz[:, first:last]
    images, offset = (seen.reshape(-1, *x.shape[2:]), by.reshape(-1, *dz.shape[2:])), (-padding[0], -padding[1])
    if x.dtype == np.float32 and winograd.fits(kernel_shape, 1, 1, 1) and current_precision() == "winograd":
        return winograd_gradient.weight_gradient(*images, offset)
    return weight_gradient(*images, kernel_shape, offset, stride=1, dilation=1, groups=1)


def shape(x: Shape, weight: Shape, bias: Shape | None, *, padding: Sides, **options: object) -> Shape:
    """(n, z, y, x, c_out)."""
    return x[0], *_size(x, weight, padding), weight[4]


def rows(x: Rows, weight: Rows, bias: Rows | None, *, padding: Sides, **options: object) -> Bands:
    """Those under the taps; tiles of the Winograd algorithm have 4 rows."""
    above = padding[1]
    return Bands(2, (Reach(2, 1, above, weight.shape[1] - 1 - above), None, None), winograd.TILE, band_rows)


def band_rows(band: Band, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *, padding: Sides,
              **options: object) -> np.ndarray:
    """Rows of the result; those of the input above and below came along, so there is no border but the image's."""
    return _conv3d(x, weight, bias, padding=(*padding, *band.outside[0]), **options)


_conv3d = Operation("conv3d", plain, fast=fast, short=short, adjoint=adjoint, plain_adjoint=plain_adjoint, shape=shape,
                    rows=rows)


def conv3d(x: Array, weight: Array, bias: Array | None = None, *, padding: int | Sides = 0, activation: str = "none",
           slope: float = 0.1) -> Array:
    """Convolve `x` with `weight`, add the bias, apply the activation (formula in the module's docstring).

    x           (n, t, h, w, c_in)
    weight      (kt, kh, kw, c_in, c_out)
    bias        (c_out,) or None
    padding     frames, rows and columns of zeros on each side, or one number for all three
    activation  "none", "relu" or "leaky_relu", whose values below zero are multiplied by `slope` (>= 0)
    Returns (n, z, y, x, c_out), each side input + 2 * padding - k + 1.
    Raises ShapeError or InputError naming what came and what was expected.
    """
    xs, ws = array_of(x), array_of(weight)
    *_, c_in = check(xs, "n t h w c", who="conv3d input")
    *_, c_out = check(ws, "f i j c o", who="conv3d weight", c=c_in)
    sides = (padding,) * 3 if isinstance(padding, int) else tuple(int(p) for p in padding)
    if len(sides) != 3 or min(sides) < 0:
        raise InputError(f"conv3d: got padding {padding}, expected a number or (frames, rows, columns), none negative")
    if activation not in SLOPE_BELOW_ZERO or slope < 0:
        raise InputError(f"conv3d: got activation {activation!r} with slope {slope}, expected one of "
                         f"{', '.join(SLOPE_BELOW_ZERO)} and a slope of at least 0")
    if not ws.size or min(_size(xs.shape, ws.shape, sides)) < 1:
        raise ShapeError(f"conv3d: got input {xs.shape}, weight {ws.shape} and padding {sides}, expected at least as "
                         "many frames, rows and columns as the kernel has", fix="raise the padding")
    if bias is not None:
        check(array_of(bias), "o", who="conv3d bias", o=c_out)
    return _conv3d(x, weight, bias, padding=sides, activation=activation, slope=slope)

"""Two-dimensional convolution with bias, residual and activation in one operation.

    z[n,y,x,o] = sum_{i,j,c} input[n, y*s + i*d - p, x*s + j*d - p, g*cg + c] * weight[i,j,c,o]
                 + bias[o] + residual[n,y,x,o]
    output     = act(z),   g = o // (c_out / groups),   cg = c_in / groups

A correlation, as networks have it (the kernel is not flipped); outside of the input there are zeros. With groups = c_in
it is depthwise: output o reads input o // m alone, m outputs of each input. The sum is one chain of fused multiply-adds
from 0 in the order i, j, c; bias, residual and activation follow, in this order. Tiles, vector width, threads and
blocks cut between outputs, never through a chain, so they cannot change a bit of the result. In precision "winograd"
(core/precision.py), 3x3 kernels in float32 take the Winograd algorithm, with its own chains, and so do their gradients.

Adjoint, with dz = dy * act'(z); both are decided from the output, act'(0) is 0 for relu and `slope` for leaky relu:
    dinput    = convolution of dz, its rows and columns s apart, with the flipped kernel, c and o exchanged
    dweight[i,j,c,o] = sum_{n,y,x} input[... as above ...] * dz[n,y,x,o]
    dbias[o]  = sum_{n,y,x} dz[n,y,x,o],   dresidual = dz
"""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import InputError, ShapeError
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.operation import Operation
from refvr.ops.core.precision import current_precision
from refvr.ops.kernels import depthwise, winograd, winograd_gradient
from refvr.ops.kernels.conv_forward import correlate, few_inputs_gradient, input_gradient
from refvr.ops.kernels.conv_weight import output_gradient, weight_gradient
from refvr.shapes import check
from refvr.types import Array

_FEW = 16  # channels of all phases of a stride that run together; a vector of AVX-512
SLOPE_BELOW_ZERO = {"none": lambda slope: 1.0, "relu": lambda slope: 0.0, "leaky_relu": lambda slope: slope}


def plain(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, residual: np.ndarray | None, *, stride: int,
          dilation: int, groups: int, padding: tuple[int, int], activation: str, slope: float) -> np.ndarray:
    """The definition: add up the taps, each the moved input times one matrix per group."""
    kh, kw, cg, c_out = weight.shape
    matrices = weight.reshape(kh, kw, cg, groups, c_out // groups)
    z = sum(np.einsum("nyxgc,cgo->nyxgo", tap, matrices[i, j], optimize=True)
            for i, j, tap in _taps(_bordered(x, padding), kh, kw, stride, dilation, groups))
    z = z.reshape(*z.shape[:3], c_out)
    z = z if bias is None else z + bias
    z = z if residual is None else z + residual
    return scaled_below_zero(z, z, activation, slope)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None,
                  residual: np.ndarray | None, *, needs: tuple[bool, ...], stride: int, dilation: int, groups: int,
                  padding: tuple[int, int], activation: str, slope: float) -> tuple[np.ndarray | None, ...]:
    """The adjoint of each tap's matrix product, added up in place."""
    kh, kw, cg, c_out = weight.shape
    matrices = weight.reshape(kh, kw, cg, groups, c_out // groups)
    dz = scaled_below_zero(dy, y, activation, slope)
    dz_groups = dz.reshape(*dz.shape[:3], groups, -1)
    bordered = _bordered(x, padding)
    dx, dw = np.zeros_like(bordered), np.zeros_like(matrices)
    for i, j, dtap in _taps(dx, kh, kw, stride, dilation, groups) if needs[0] else ():
        dtap += np.einsum("nyxgo,cgo->nyxgc", dz_groups, matrices[i, j], optimize=True)
    for i, j, tap in _taps(bordered, kh, kw, stride, dilation, groups) if needs[1] else ():
        by_row = np.einsum("nyxgc,nyxgo->nycgo", tap, dz_groups, optimize=True)   # short sums round less than long ones
        dw[i, j] = by_row.sum((0, 1))
    (ph, pw), (_, h, w, _) = padding, x.shape
    return (dx[:, ph:ph + h, pw:pw + w] if needs[0] else None, dw.reshape(weight.shape) if needs[1] else None,
            dz.sum((0, 1, 2)) if needs[2] else None, dz if needs[3] else None)


def _bordered(x: np.ndarray, padding: tuple[int, ...]) -> np.ndarray:
    """`x` with its border of zeros."""
    above, columns, *below = padding
    return np.pad(x, ((0, 0), (above, *(below or [above])), (columns, columns), (0, 0)))


def _taps(bordered: np.ndarray, kh: int, kw: int, stride: int, dilation: int, groups: int
          ) -> Iterator[tuple[int, int, np.ndarray]]:
    """For every tap (i, j) the view (n, y, x, g, c) of what it sees."""
    n, h, w, c = bordered.shape
    by_group = bordered.reshape(n, h, w, groups, c // groups)
    rows, columns = h - (kh - 1) * dilation, w - (kw - 1) * dilation
    for i in range(kh):
        for j in range(kw):
            top, left = i * dilation, j * dilation
            yield i, j, by_group[:, top:top + rows:stride, left:left + columns:stride]


def output_size(shape: tuple[int, ...], kernel_shape: tuple[int, ...], stride: int, dilation: int,
                padding: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the result. A band of an image has a padding of three: rows above, columns, rows below."""
    above, columns, *below = padding
    y, x = ((size + pad - dilation * (k - 1) - 1) // stride + 1
            for size, k, pad in zip(shape[1:3], kernel_shape[:2], (above + (below or [above])[0], 2 * columns)))
    return y, x


def scaled_below_zero(values: np.ndarray, sign: np.ndarray, activation: str, slope: float) -> np.ndarray:
    """`values`, times the slope of the activation where `sign` is not positive; slope 0 gives 0 even at infinity."""
    if activation == "none":
        return values
    slope = SLOPE_BELOW_ZERO[activation](slope)
    return np.where(sign <= 0, values.dtype.type(slope) * values if slope else np.zeros_like(values), values)


def fast(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, residual: np.ndarray | None, *, stride: int,
         dilation: int, groups: int, padding: tuple[int, int], activation: str, slope: float) -> np.ndarray:
    """The definition by register tiles: see kernels/conv_forward.py; depthwise: kernels/depthwise.py."""
    size = output_size(x.shape, weight.shape, stride, dilation, padding)
    if depthwise.serves(x.shape[3], weight.shape, stride, dilation, groups, x.itemsize):
        return depthwise.spatial(x, weight, bias, residual, size, stride=stride, groups=groups, padding=padding,
                                  slope=SLOPE_BELOW_ZERO[activation](slope))
    return correlate(x, weight, size, (-padding[0], -padding[1]), stride=stride, dilation=dilation, groups=groups,
                     bias=bias, residual=residual, slope=SLOPE_BELOW_ZERO[activation](slope))


def short(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, residual: np.ndarray | None, *, stride: int,
          dilation: int, groups: int, padding: tuple[int, int], activation: str, slope: float) -> np.ndarray | None:
    """The definition with fewer products (see kernels/winograd.py), or None where kernel and type do not allow it."""
    if not _is_short(x, weight, stride, dilation, groups):
        return None
    size = output_size(x.shape, weight.shape, stride, dilation, padding)
    return winograd.correlate(x, weight, size, (-padding[0], -padding[1]), bias=bias, residual=residual,
                               slope=SLOPE_BELOW_ZERO[activation](slope))


def _is_short(x: np.ndarray, weight: np.ndarray, stride: int, dilation: int, groups: int) -> bool:
    """Whether there is a way with fewer products."""
    return x.dtype == np.float32 and winograd.fits(weight.shape, stride, dilation, groups)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None,
            residual: np.ndarray | None, *, needs: tuple[bool, ...], stride: int, dilation: int, groups: int,
            padding: tuple[int, int], activation: str, slope: float) -> tuple[np.ndarray | None, ...]:
    """The adjoint by register tiles (kernels/conv_forward.py, conv_weight.py) or, as `short`, with fewer products."""
    dz, dbias = output_gradient(dy, y, SLOPE_BELOW_ZERO[activation](slope))
    offset, dx, dw = (-padding[0], -padding[1]), None, None
    if _is_short(x, weight, stride, dilation, groups) and current_precision() == "winograd":
        dx = winograd_gradient.input_gradient(dz, weight, x.shape[1:3], offset) if needs[0] else None
        dw = winograd_gradient.weight_gradient(x, dz, offset) if needs[1] else None
    else:
        few = groups == dilation == 1 < stride and x.shape[3] * stride ** 2 <= _FEW
        if needs[0]:
            dx = few_inputs_gradient(dz, weight, x.shape[1:3], offset, stride) if few else \
                input_gradient(dz, weight, x.shape[1:3], offset, stride, dilation, groups)
        dw = weight_gradient(x, dz, weight.shape, offset, stride=stride, dilation=dilation,
                             groups=groups) if needs[1] else None
    return dx, dw, dbias if needs[2] else None, dz if needs[3] else None


def shape(x: Shape, weight: Shape, bias: Shape | None, residual: Shape | None, *, stride: int, dilation: int,
          padding: tuple[int, int], **options: object) -> Shape:
    """(n, y, x, c_out)."""
    return x[0], *output_size(x, weight, stride, dilation, padding), weight[3]


def row_reach(k: int, stride: int, dilation: int, padding: int) -> Reach:
    """Rows of the input that k taps see: from start * stride - padding on."""
    return Reach(1, stride, padding, dilation * (k - 1) + 1 - stride - padding)


def rows(x: Rows, weight: Rows, bias: Rows | None, residual: Rows | None, *, stride: int, dilation: int,
         padding: tuple[int, int], **options: object) -> Bands:
    """Those under the taps; tiles of the Winograd algorithm have 4 rows."""
    reach = row_reach(weight.shape[0], stride, dilation, padding[0])
    return Bands(1, (reach, None, None, residual and Reach(1)), winograd.TILE, band_rows)


def band_rows(band: Band, x: np.ndarray, *others: np.ndarray | None, padding: tuple[int, int],
              **options: object) -> np.ndarray:
    """Rows of the result; those of the input above and below came along, so there is no border but the image's."""
    above, below = band.outside[0]
    return _conv2d(x, *others, padding=(above, padding[1], below), **options)


_conv2d = Operation("conv2d", plain, fast=fast, short=short, adjoint=adjoint, plain_adjoint=plain_adjoint, shape=shape,
                    rows=rows)


def conv2d(x: Array, weight: Array, bias: Array | None = None, residual: Array | None = None, *, stride: int = 1,
           dilation: int = 1, groups: int = 1, padding: int | tuple[int, int] | None = None, activation: str = "none",
           slope: float = 0.1) -> Array:
    """Convolve `x` with `weight`, add bias and residual, apply the activation (formula in the module's docstring).

    x           (n, h, w, c_in)
    weight      (kh, kw, c_in / groups, c_out)
    bias        (c_out,) or None
    residual    (n, y, x, c_out) like the result, or None
    padding     rows and columns of zeros on each side, one number or (rows, columns);
                None: dilation * (k // 2), which keeps the size for odd kernels at stride 1
    activation  "none", "relu" or "leaky_relu", whose values below zero are multiplied by `slope` (>= 0)
    Returns (n, y, x, c_out), y = (h + 2 * padding - dilation * (kh - 1) - 1) // stride + 1.
    Raises ShapeError or InputError naming what came and what was expected.
    """
    xs, ws = array_of(x), array_of(weight)
    _, h, w, c_in = check(xs, "n h w c", who="conv2d input")
    kh, kw, cg, c_out = check(ws, "i j c o", who="conv2d weight")
    check_options(stride, dilation, groups, activation, slope)
    if cg * groups != c_in or c_out % groups or not kh * kw * cg * c_out:
        raise ShapeError(f"conv2d: got {c_in} channels of input and weight {ws.shape} with groups = {groups}, expected "
                         "weight (kh, kw, c_in / groups, c_out) with groups dividing c_in and c_out")
    if padding is None:
        padding = (dilation * (kh // 2), dilation * (kw // 2))
    pads = sides(padding, "conv2d")
    rows, columns = output_size(xs.shape, ws.shape, stride, dilation, pads)
    if rows < 1 or columns < 1:
        raise ShapeError(f"conv2d: got input of {h}x{w} and padding {pads}, expected at least the extent "
                         f"{dilation * (kh - 1) + 1}x{dilation * (kw - 1) + 1} of the kernel", fix="raise the padding")
    if bias is not None:
        check(array_of(bias), "o", who="conv2d bias", o=c_out)
    if residual is not None:
        check(array_of(residual), "n y x o", who="conv2d residual", n=xs.shape[0], y=rows, x=columns, o=c_out)
    return _conv2d(x, weight, bias, residual, stride=stride, dilation=dilation, groups=groups, padding=pads,
                   activation=activation, slope=slope)


def sides(padding: int | tuple[int, int], who: str) -> tuple[int, int]:
    """Rows and columns of zeros on each side, from one number or both. Raises InputError."""
    pads = (padding, padding) if isinstance(padding, int) else tuple(int(p) for p in padding)
    if len(pads) != 2 or min(pads) < 0:
        raise InputError(f"{who}: got padding {padding}, expected a number or (rows, columns), none negative")
    return pads


def check_options(stride: int, dilation: int, groups: int, activation: str, slope: float) -> None:
    """Raise InputError when one of them makes no sense."""
    if min(stride, dilation, groups) < 1:
        raise InputError(f"conv2d: got stride {stride}, dilation {dilation}, groups {groups}, expected all at least 1")
    if activation not in SLOPE_BELOW_ZERO:
        raise InputError(f"conv2d: got activation {activation!r}, expected one of {', '.join(SLOPE_BELOW_ZERO)}")
    if slope < 0:
        raise InputError(f"conv2d: got slope {slope}, expected at least 0",
                         fix="use a separate leaky_relu; the sign of the output must tell the sign of its input")

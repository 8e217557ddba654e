"""Separable convolution: k x k within groups, then 1x1 across channels, with nothing in between.

    z = conv2d(x, spatial, groups=g, stride=s)                        (n, y, x, o)
    y = act(conv2d(z, pointwise) + residual)                          (n, y, x, k)

The border is k // 2 zeros, or as the caller says. Sums and what follows are those of the two convolutions
(ops/conv2d.py), so the bits are the same as if they ran one after the other; but a row of z is used while it lies in
the cache, and z is never stored. The adjoint computes z again, which is cheaper than keeping it.

Source: Xiang et al., AAAI 2022 (ReMoNet), whose separable convolutions have no norm or activation in the middle.
"""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import ShapeError
from refvr.ops.conv2d import SLOPE_BELOW_ZERO, check_options, output_size, row_reach, sides
from refvr.ops.conv2d import adjoint as conv_adjoint
from refvr.ops.conv2d import fast as conv_fast
from refvr.ops.conv2d import plain as conv_plain
from refvr.ops.conv2d import plain_adjoint as conv_plain_adjoint
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.operation import Operation
from refvr.ops.kernels import depthwise
from refvr.shapes import check
from refvr.types import Array

Options = dict[str, Any]


def _parts(stride: int, groups: int, padding: tuple[int, int], activation: str, slope: float
           ) -> tuple[Options, Options]:
    """Options of the two convolutions."""
    first = {"stride": stride, "groups": groups, "padding": padding, "activation": "none", "slope": 0.0}
    second = {"stride": 1, "groups": 1, "padding": (0, 0), "activation": activation, "slope": slope}
    return {"dilation": 1, **first}, {"dilation": 1, **second}


def plain(x: np.ndarray, spatial: np.ndarray, pointwise: np.ndarray, residual: np.ndarray | None, *, stride: int,
          groups: int, padding: tuple[int, int], activation: str, slope: float,
          conv: Callable[..., np.ndarray] = conv_plain) -> np.ndarray:
    """The definition: one convolution, then the other."""
    first, second = _parts(stride, groups, padding, activation, slope)
    return conv(conv(x, spatial, None, None, **first), pointwise, None, residual, **second)


def fast(x: np.ndarray, spatial: np.ndarray, pointwise: np.ndarray, residual: np.ndarray | None, *, stride: int,
         groups: int, padding: tuple[int, int], activation: str, slope: float) -> np.ndarray:
    """Row by row (kernels/depthwise.py) for the kernels that networks use; any other as two convolutions."""
    if not depthwise.fuses(x.shape[3], spatial.shape, pointwise.shape, stride, groups, x.itemsize):
        return plain(x, spatial, pointwise, residual, stride=stride, groups=groups, padding=padding,
                     activation=activation, slope=slope, conv=conv_fast)
    return depthwise.separable(x, spatial, pointwise[0, 0], residual,
                                output_size(x.shape, spatial.shape, stride, 1, padding), stride=stride, groups=groups,
                                padding=padding, slope=SLOPE_BELOW_ZERO[activation](slope))


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, spatial: np.ndarray, pointwise: np.ndarray,
            residual: np.ndarray | None, *, needs: tuple[bool, ...], stride: int, groups: int,
            padding: tuple[int, int], activation: str, slope: float, conv: Callable[..., np.ndarray] = conv_fast,
            back: Callable[..., Any] = conv_adjoint) -> tuple[np.ndarray | None, ...]:
    """The adjoint of the second convolution at z, then that of the first."""
    first, second = _parts(stride, groups, padding, activation, slope)
    z = conv(x, spatial, None, None, **first)
    dz, dpointwise, _, dresidual = back(dy, y, z, pointwise, None, residual, **second,
                                        needs=(needs[0] or needs[1], needs[2], False, needs[3]))
    if dz is None:
        return None, None, dpointwise, dresidual
    dx, dspatial, _, _ = back(dz, z, x, spatial, None, None, **first, needs=(*needs[:2], False, False))
    return dx, dspatial, dpointwise, dresidual


def shape(x: Shape, spatial: Shape, pointwise: Shape, residual: Shape | None, *, stride: int,
          padding: tuple[int, int], **options: object) -> Shape:
    """(n, y, x, k)."""
    return x[0], *output_size(x, spatial, stride, 1, padding), pointwise[3]


def rows(x: Rows, spatial: Rows, pointwise: Rows, residual: Rows | None, *, stride: int, padding: tuple[int, int],
         **options: object) -> Bands:
    """Those under the taps of the first convolution."""
    reach = row_reach(spatial.shape[0], stride, 1, padding[0])
    return Bands(1, (reach, None, None, residual and Reach(1)), compute=band_rows)


def band_rows(band: Band, x: np.ndarray, *others: np.ndarray | None, padding: tuple[int, int],
              **options: object) -> np.ndarray:
    """As in conv2d."""
    above, below = band.outside[0]
    return _separable(x, *others, padding=(above, padding[1], below), **options)


_separable = Operation("separable_conv2d", plain, fast=fast, adjoint=adjoint, shape=shape, rows=rows,
                       plain_adjoint=partial(adjoint, conv=conv_plain, back=conv_plain_adjoint))


def separable_conv2d(x: Array, spatial: Array, pointwise: Array, residual: Array | None = None, *, stride: int = 1,
                     groups: int, padding: int | tuple[int, int] | None = None, activation: str = "none",
                     slope: float = 0.1) -> Array:
    """Convolve `x` with `spatial` within groups, then with `pointwise`; add the residual, apply the activation.

    x           (n, h, w, c)
    spatial     (kh, kw, c / groups, o), odd sides
    pointwise   (1, 1, o, k)
    residual    (n, y, x, k) like the result, or None
    padding     rows and columns of zeros on each side, one number or (rows, columns); None: kh // 2 and kw // 2
    activation  "none", "relu" or "leaky_relu", as in `conv2d`
    Returns (n, y, x, k), y = (h + 2 * padding - kh) // stride + 1: without a padding ceil(h / stride).
    Raises ShapeError or InputError naming what came and what was expected.
    """
    xs = array_of(x)
    n, h, w, c = check(xs, "n h w c", who="separable_conv2d input")
    kh, kw, cg, o = check(array_of(spatial), "i j c o", who="separable_conv2d spatial")
    *_, k = check(array_of(pointwise), f"1 1 {o} k", who="separable_conv2d pointwise")
    check_options(stride, 1, groups, activation, slope)
    if cg * groups != c or o % groups or kh % 2 == 0 or kw % 2 == 0 or not o * cg * k:
        raise ShapeError(f"separable_conv2d: got {c} channels of input and spatial {(kh, kw, cg, o)} with groups = "
                         f"{groups}, expected (kh, kw, c / groups, o), kh and kw odd, groups dividing c and o")
    padding = sides(padding if padding is not None else (kh // 2, kw // 2), "separable_conv2d")
    rows, columns = output_size(xs.shape, (kh, kw), stride, 1, padding)
    if h * w and min(rows, columns) < 1:
        raise ShapeError(f"separable_conv2d: got input of {h}x{w} and padding {padding}, expected at least the extent "
                         f"{kh}x{kw} of the kernel", fix="raise the padding")
    if residual is not None:
        check(array_of(residual), "n y x k", who="separable_conv2d residual", n=n, y=rows, x=columns, k=k)
    return _separable(x, spatial, pointwise, residual, stride=stride, groups=groups, padding=padding,
                      activation=activation, slope=slope)

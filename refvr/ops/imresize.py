"""Cubic resize as MATLAB's imresize does it: antialiased when it shrinks, symmetric border, weights that sum to 1.

    u = (d + 1/2) / s - 1/2                          place of output d among the inputs, s: scale
    y[d] = sum_k x[m(k)] v(u - k) / sum_k v(u - k)   k: all integers within reach; rows first, then columns
    v(t) = s K(s t) if it shrinks and antialias, else K(t)                          reach 2/s, or 2
    K(t) = 3/2 |t|^3 - 5/2 |t|^2 + 1                 for |t| <= 1
         = -1/2 |t|^3 + 5/2 |t|^2 - 4 |t| + 2        for 1 < |t| <= 2,  0 beyond          (Keys, a = -1/2)

x  (n, h, w, c); the result has ceil(h s) x ceil(w s) pixels, neither rounded nor clipped
m  mirrors indices at the edges, the border pixel twice (b a | a b c | c b), as far out as needed; the originals fail
   where the kernel is longer than the image. Weights are computed in float64 and rounded to the type of x.
Sources: MATLAB's imresize; basicsr/utils/matlab_functions.py (XPixelGroup/BasicSR); script/resize.py
(megvii-research/WACV2024-SAFA), which is the same function.
"""
from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from refvr.errors import InputError
from refvr.ops.core.bands import Band, Bands, Reach, Rows
from refvr.ops.core.operation import Operation
from refvr.ops.kernels import taps as _taps
from refvr.shapes import check
from refvr.types import Array


def keys(t: np.ndarray) -> np.ndarray:
    """K(t)."""
    t = np.abs(t)
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t <= 1, near, np.where(t <= 2, far, 0.0))


def taps(size: int, scale: float, antialias: bool) -> _taps.Taps:
    """All taps within reach of every output."""
    shrink = min(scale, 1.0) if antialias else 1.0
    u = (np.arange(math.ceil(size * scale)) + 0.5) / scale - 0.5
    k = np.floor(u - 2 / shrink).astype(np.int64)[:, None] + np.arange(math.ceil(4 / shrink) + 2)
    weight = keys((u[:, None] - k) * shrink)
    weight /= weight.sum(axis=1, keepdims=True)
    used = np.flatnonzero(weight.any(axis=0))  # the first and the last are out of reach
    cut = slice(used[0], used[-1] + 1)
    return _taps.Taps(np.ascontiguousarray(_taps.mirrored(k, size)[:, cut]), np.ascontiguousarray(weight[:, cut]), size)


def plain(x: np.ndarray, *, scale: float, antialias: bool) -> np.ndarray:
    """The definition."""
    for axis in (1, 2):
        x = _taps.apply_plain(x, taps(x.shape[axis], scale, antialias), axis)
    return x


def fast(x: np.ndarray, *, scale: float, antialias: bool) -> np.ndarray:
    """The definition with the kernel of kernels/taps.py."""
    for axis in (1, 2):
        x = _taps.apply(x, taps(x.shape[axis], scale, antialias), axis)
    return x


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], scale: float, antialias: bool
            ) -> tuple[np.ndarray]:
    """Columns, then rows, each by its adjoint."""
    for axis in (2, 1):
        dy = _taps.apply_adjoint(dy, taps(x.shape[axis], scale, antialias), axis)
    return (dy,)


def rows(x: Rows, *, scale: float, antialias: bool) -> Bands | None:
    """As far as the kernel reaches; one row more, because the share of rows is rounded."""
    if x.axis != 1:
        return None
    reach = math.ceil(2 / min(scale, 1.0)) + 1
    return Bands(1, (Reach(1, Fraction(1 / scale).limit_denominator(1 << 16), reach, reach),), compute=band_rows)


def band_rows(band: Band, x: np.ndarray, *, scale: float, antialias: bool) -> np.ndarray:
    """The taps of these rows, counted from the first of `x`. What is below the last one is border, or not asked for."""
    top, size = band.tops[0], x.shape[2]
    whole = taps(top + x.shape[1], scale, antialias)
    part = _taps.Taps(whole.index[band.start:band.stop] - top, whole.weight[band.start:band.stop], x.shape[1])
    return _taps.apply(_taps.apply(x, part, 1), taps(size, scale, antialias), 2)


_imresize = Operation("imresize", plain, fast=fast, adjoint=adjoint, rows=rows,
                      shape=lambda x, scale, antialias: (
                          x[0], math.ceil(x[1] * scale), math.ceil(x[2] * scale), x[3]))


def imresize(x: Array, scale: float, *, antialias: bool = True) -> Array:
    """Resize x (n, h, w, c), a float array or Tensor, by `scale`; (n, ceil(h scale), ceil(w scale), c)."""
    _, h, w, _ = check(x, "n h w c", who="imresize x")
    if not 0 < scale <= 64 or min(h, w) < 1:
        raise InputError(f"imresize: got scale {scale} for {h} x {w} pixels, expected above 0, at most 64, and at "
                         "least one pixel")
    return _imresize(x, scale=float(scale), antialias=bool(antialias))

"""Bilinear resize, as PyTorch's interpolate(mode="bilinear") without antialiasing.

    y[n,y,x,c] = (1-b) ((1-a) X[r0,q0] + a X[r0,q1]) + b ((1-a) X[r1,q0] + a X[r1,q1])
    r = position of row y in the input,  r0 = floor(r),  r1 = min(r0 + 1, h - 1),  b = r - r0;  q and a for columns

    align_corners False    r = max((y + 0.5) * ratio - 0.5, 0): the outer edges of the images meet; borders repeat
                           ratio = 1 / scale where a scale is given, even if scale * h was rounded; else h / rows
    align_corners True     r = y (h - 1) / (rows - 1), 0 for one row: the centres of the corner pixels meet

x  (n, h, w, c)        rows = floor(h * scale), columns likewise
Positions are computed in float64 and only then rounded to the type of x: exact for scales 2, 4, 1/2, 1/4; elsewhere
PyTorch in float32 is off by up to 2e-5 of the values. Columns are blended before rows, as there.

Adjoint: the same blend read backwards; each input pixel gathers from the output pixels that used it, rows and columns
in order, so no two threads meet. Source: pytorch, aten/src/ATen/native/UpSample.h.
"""
from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np

from refvr.errors import InputError, ShapeError
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.channel_code import add_scaled, blend_pairs
from refvr.shapes import check
from refvr.types import Array

Ratios = tuple[float, float]  # input pixels per output pixel, by row and by column


def positions(size: int, out: int, ratio: float, align_corners: bool) -> np.ndarray:
    """r of every output row (or column), float64 (out,)."""
    if align_corners:
        return np.arange(out) * ((size - 1) / (out - 1) if out > 1 else 0.0)
    return np.maximum((np.arange(out) + 0.5) * ratio - 0.5, 0.0)


@lru_cache(maxsize=64)
def _taps(size: int, out: int, ratio: float, align_corners: bool, dtype: np.dtype
          ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(r0, r1, b) of every output row."""
    r = positions(size, out, ratio, align_corners)
    r0 = np.minimum(np.floor(r).astype(np.int64), size - 1)
    return r0, np.minimum(r0 + 1, size - 1), (r - r0).astype(dtype)


@lru_cache(maxsize=64)
def _users(size: int, out: int, ratio: float, align_corners: bool, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    """The taps by input row: row h is used with share[k] by output row user[k], k from begin[h] to begin[h + 1]."""
    r0, r1, b = _taps(size, out, ratio, align_corners, dtype)
    source = np.concatenate([r0, r1])
    order = np.argsort(source, kind="stable")
    begin = np.searchsorted(source[order], np.arange(size + 1))
    return begin, np.tile(np.arange(out), 2)[order], np.concatenate([1 - b, b])[order]


def plain(x: np.ndarray, *, size: tuple[int, int], ratios: Ratios, align_corners: bool) -> np.ndarray:
    """The definition: columns, then rows."""
    q0, q1, a = _taps(x.shape[2], size[1], ratios[1], align_corners, x.dtype)
    r0, r1, b = _taps(x.shape[1], size[0], ratios[0], align_corners, x.dtype)
    a, b = a[:, None], b[:, None, None]
    x = (1 - a) * x[:, :, q0] + a * x[:, :, q1]      # (n, h, x, c)
    return (1 - b) * x[:, r0] + b * x[:, r1]         # (n, y, x, c)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], size: tuple[int, int],
                  ratios: Ratios, align_corners: bool) -> tuple[np.ndarray]:
    """The two blends transposed, in reverse order."""
    q0, q1, a = _taps(x.shape[2], size[1], ratios[1], align_corners, x.dtype)
    r0, r1, b = _taps(x.shape[1], size[0], ratios[0], align_corners, x.dtype)
    a, b = a[:, None], b[:, None, None]
    rows, dx = np.zeros((*x.shape[:2], *dy.shape[2:]), x.dtype), np.zeros_like(x)
    for source, share in ((r0, 1 - b), (r1, b)):
        np.add.at(rows.swapaxes(0, 1), source, (share * dy).swapaxes(0, 1))
    for source, share in ((q0, 1 - a), (q1, a)):
        np.add.at(np.moveaxis(dx, 2, 0), source, np.moveaxis(share * rows, 2, 0))
    return (dx,)


@kernel
def _rows(start: int, stop: int, x: np.ndarray, r0: np.ndarray, r1: np.ndarray, b: np.ndarray, q0: np.ndarray,
          q1: np.ndarray, a: np.ndarray, y: np.ndarray) -> None:
    """Rows of the output, counted through all images. Four taps each: for x2 that costs less than keeping a row."""
    _, h, w, c = x.shape
    one, seen, to = x.dtype.type(1), x.reshape(-1), y.reshape(-1)
    for row in range(start, stop):
        n, top = divmod(row, y.shape[1])
        above, below, down = (n * h + r0[top]) * w, (n * h + r1[top]) * w, b[top]
        for column in range(y.shape[2]):
            left, right, across = q0[column], q1[column], a[column]
            places = (above + left) * c, (above + right) * c, (below + left) * c, (below + right) * c
            blend_pairs((one - across, across, one - across, across, one - down, down), seen, places, to,
                        (row * y.shape[2] + column) * c, c)


@kernel
def _adjoint_rows(start: int, stop: int, dy: np.ndarray, row_begin: np.ndarray, row_user: np.ndarray,
                  row_share: np.ndarray, begin: np.ndarray, user: np.ndarray, share: np.ndarray,
                  dx: np.ndarray) -> None:
    """Rows of dx: the rows of dy that used one are added up, then columns likewise."""
    h, w, c = dx.shape[1:]
    length = dy.shape[2] * c
    total, given, to = np.empty(length, dy.dtype), dy.reshape(-1), dx.reshape(-1)
    for at in range(start, stop):
        n, row = divmod(at, h)
        total[:] = 0
        for k in range(row_begin[row], row_begin[row + 1]):
            add_scaled(row_share[k], given, (n * dy.shape[1] + row_user[k]) * length, total, 0, length)
        for column in range(w):
            for k in range(begin[column], begin[column + 1]):
                add_scaled(share[k], total, user[k] * c, to, (at * w + column) * c, c)


def fast(x: np.ndarray, *, size: tuple[int, int], ratios: Ratios, align_corners: bool) -> np.ndarray:
    """The definition in one pass, channels side by side; taps are computed once for all rows."""
    y = empty((len(x), *size, x.shape[3]), x.dtype)
    taps = [array for k in (0, 1) for array in _taps(x.shape[1 + k], size[k], ratios[k], align_corners, x.dtype)]
    run_rows(_rows, len(x) * size[0], as_kernels_want(x), *taps, y, work=4 * y.size)
    return y


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], size: tuple[int, int],
            ratios: Ratios, align_corners: bool) -> tuple[np.ndarray]:
    """Gathered by rows of dx."""
    dx = np.zeros(x.shape, x.dtype)
    users = [array for k in (0, 1) for array in _users(x.shape[1 + k], size[k], ratios[k], align_corners, x.dtype)]
    run_rows(_adjoint_rows, len(x) * x.shape[1], np.ascontiguousarray(dy), *users, dx, work=4 * y.size)
    return (dx,)


def shape(x: Shape, *, size: tuple[int, int], **options: object) -> Shape:
    """(n, rows, columns, c)."""
    return x[0], *size, x[3]


def rows(x: Rows, *, size: tuple[int, int], ratios: Ratios, align_corners: bool) -> Bands | None:
    """For scales that are powers of two: positions in a band are then those in the image, to the last bit."""
    ratio, log = ratios[0], math.log2(ratios[0])
    if align_corners or not log.is_integer() or ratio * size[0] != x.shape[1]:
        return None
    per, more = (int(ratio), 0) if log > 0 else (Fraction(1, int(1 / ratio)), 1)
    return Bands(1, (Reach(1, per, more, more),), int(1 / ratio) or 1, band_rows)


def band_rows(band: Band, x: np.ndarray, *, size: tuple[int, int], ratios: Ratios, align_corners: bool) -> np.ndarray:
    """Rows of the result; the first rows of x are only looked at."""
    y = _resize(x, size=(int(x.shape[1] / ratios[0]), size[1]), ratios=ratios, align_corners=align_corners)
    return y[:, band.start - int(band.tops[0] / ratios[0]):]


_resize = Operation("resize_bilinear", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint, shape=shape,
                    rows=rows)


def resize_bilinear(x: Array, size: tuple[int, int] | None = None, *, scale: float | None = None,
                    align_corners: bool = False) -> Array:
    """(n, h, w, c) -> (n, rows, columns, c).

    size   (rows, columns), or
    scale  one factor for both: rows = floor(h * scale); it also sets the spacing of the positions (see above)
    Raises InputError unless exactly one of them is given, ShapeError where nothing would be left.
    """
    _, h, w, _ = check(x, "n h w c", who="resize_bilinear")
    factor = 1.0 if scale is None else scale
    if (size is None) == (scale is None) or not 0 < factor < math.inf:
        raise InputError(f"resize_bilinear: got size {size} and scale {scale}, expected one of them, a scale above 0")
    rows, columns = map(int, size) if size is not None else (math.floor(h * factor), math.floor(w * factor))
    if min(h, w, rows, columns) < 1:
        raise ShapeError(f"resize_bilinear: got {h} x {w} pixels to become {rows} x {columns}, "
                         "expected at least one of each")
    ratios = (1 / factor, 1 / factor) if size is None else (h / rows, w / columns)
    return _resize(x, size=(rows, columns), ratios=ratios, align_corners=bool(align_corners))

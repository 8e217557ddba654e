"""Cubic resize as OpenCV's INTER_CUBIC does it, for floats and for bytes: no antialiasing, borders repeat.

    f = (d + 1/2) / s - 1/2,  i = floor(f),  u = f - i            d: output row or column, s: scale
    y[d] = x[i-1] c0 + x[i] c1 + x[i+1] c2 + x[i+2] c3            indices moved inside; columns first, then rows
    c0 = ((A (u+1) - 5A)(u+1) + 8A)(u+1) - 4A,   c1 = ((A+2) u - (A+3)) u^2 + 1,   c2 = c1 at 1-u,
    c3 = 1 - c0 - c1 - c2,   A = -3/4

x  (n, h, w, c); the result has round(h s) x round(w s) pixels and is not clipped
floats: columns are summed c0 to c3, rows c3 to c0; everything in the type of x.
bytes:  coefficients times 2048, rounded to integers; columns summed in integers; rows in float32, c3 to c0, with
        coefficients times 2^-22; rounded half to even and clipped to 0 .. 255. OpenCV does so for eight elements at
        once, and the elements of a row beyond the last eight in integers, (sum + 2^21) >> 22: different on ties only.
With scale 4 every coefficient is an exact multiple of 1/2048, and both are equal to OpenCV (4.8.1 and 5.0.0, without
IPP) to the bit.
Source: opencv/opencv, modules/imgproc/src/resize.cpp.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.errors import InputError, ShapeError
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation, current_backend
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels import taps as _taps
from refvr.shapes import check
from refvr.types import Array, DType

_VECTOR = 8  # elements OpenCV treats at once


def taps(size: int, scale: float, dtype: DType) -> _taps.Taps:
    """The four taps of every output, computed in `dtype` as OpenCV computes them in float32."""
    outputs = round(size * scale)
    kind: Any = np.dtype(dtype).type   # a scalar type: what it makes has that precision
    f = ((np.arange(outputs) + 0.5) * (1 / scale) - 0.5).astype(kind)
    i = np.floor(f).astype(np.int64)
    u, a, one = f - i.astype(kind), kind(-0.75), kind(1)
    v = u + one
    c0 = ((a * v - 5 * a) * v + 8 * a) * v - 4 * a
    c1 = ((a + 2) * u - (a + 3)) * u * u + one
    c2 = ((a + 2) * (one - u) - (a + 3)) * (one - u) * (one - u) + one
    index = np.clip(i[:, None] + np.arange(-1, 3), 0, size - 1)
    return _taps.Taps(index, np.stack([c0, c1, c2, one - c0 - c1 - c2], axis=1), size)


def _both(x: np.ndarray, scale: float) -> tuple[_taps.Taps, _taps.Taps]:
    """Taps of the rows, back to front, and of the columns."""
    return taps(x.shape[1], scale, x.dtype).reversed(), taps(x.shape[2], scale, x.dtype)


def plain(x: np.ndarray, *, scale: float) -> np.ndarray:
    """The definition."""
    rows, columns = _both(x, scale)
    return _taps.apply_plain(_taps.apply_plain(x, columns, 2), rows, 1)


def fast(x: np.ndarray, *, scale: float) -> np.ndarray:
    """The definition with the kernel of kernels/taps.py."""
    rows, columns = _both(x, scale)
    return _taps.apply(_taps.apply(x, columns, 2), rows, 1)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, *, needs: tuple[bool], scale: float) -> tuple[np.ndarray]:
    """Rows, then columns, each by its adjoint."""
    rows, columns = _both(x, scale)
    return (_taps.apply_adjoint(_taps.apply_adjoint(dy, rows, 1), columns, 2),)


def bytes_plain(x: np.ndarray, scale: float) -> np.ndarray:
    """The definition for bytes."""
    (h, w), c = x.shape[1:3], x.shape[3]
    rows, columns = taps(h, scale, np.float32), taps(w, scale, np.float32)
    rows_i, columns_i = (np.rint(part.weight * 2048).astype(np.int32) for part in (rows, columns))
    wide = sum(x[:, :, columns.index[:, k]].astype(np.int32) * columns_i[:, k, None] for k in range(4))
    s = [wide[:, rows.index[:, k]].reshape(len(x), len(rows_i), -1) for k in range(4)]  # 4 x (n, y, x*c)
    b = rows_i.astype(np.float32) * np.float32(2.0 ** -22)
    products = [s[k].astype(np.float32) * b[:, k, None] for k in range(4)]
    y = np.rint(products[0] + (products[1] + (products[2] + products[3])))
    whole = y.shape[2] // _VECTOR * _VECTOR
    exact = sum(s[k][..., whole:] * rows_i[:, k, None] for k in range(4))
    y[..., whole:] = (exact + (1 << 21)) >> 22
    return np.clip(y, 0, 255).astype(np.uint8).reshape(len(x), len(rows_i), -1, c)


@kernel
def _byte_rows(start: int, stop: int, wide: np.ndarray, index: np.ndarray, weight: np.ndarray, y: np.ndarray) -> None:
    """Rows (n, y) of the result from the widened rows, (n, h, x*c) int32; no product goes beyond int32."""
    rows, elements = y.shape[1], y.shape[2]
    unit, magic = np.float32(2.0 ** -22), np.float32(1.5 * 2 ** 23)  # adding magic rounds half to even
    for row in range(start, stop):
        image, q, line = wide[row // rows], row % rows, y[row // rows, row % rows]
        s0, s1, s2, s3 = image[index[q, 0]], image[index[q, 1]], image[index[q, 2]], image[index[q, 3]]
        w0, w1, w2, w3 = weight[q, 0], weight[q, 1], weight[q, 2], weight[q, 3]
        b0, b1, b2, b3 = np.float32(w0) * unit, np.float32(w1) * unit, np.float32(w2) * unit, np.float32(w3) * unit
        whole = elements // _VECTOR * _VECTOR
        for k in range(whole):
            v = np.float32(s2[k]) * b2 + np.float32(s3[k]) * b3
            v = np.float32(s0[k]) * b0 + (np.float32(s1[k]) * b1 + v)
            v = (v + magic) - magic
            line[k] = np.uint8(min(max(v, np.float32(0)), np.float32(255)))
        for k in range(whole, elements):
            exact = np.int64(s0[k]) * w0 + np.int64(s1[k]) * w1 + np.int64(s2[k]) * w2 + np.int64(s3[k]) * w3
            line[k] = np.uint8(min(max((exact + (1 << 21)) >> 22, 0), 255))


@kernel
def _wide_rows(start: int, stop: int, x: np.ndarray, index: np.ndarray, weight: np.ndarray, y: np.ndarray) -> None:
    """Rows of x (rows, w, c), widened, in integers."""
    for row in range(start, stop):
        for q in range(len(index)):
            for c in range(x.shape[2]):
                total = np.int32(0)
                for k in range(4):
                    total += np.int32(x[row, index[q, k], c]) * weight[q, k]
                y[row, q, c] = total


def bytes_fast(x: np.ndarray, scale: float) -> np.ndarray:
    """The definition by kernels."""
    n, h, w, c = x.shape
    rows, columns = taps(h, scale, np.float32), taps(w, scale, np.float32)
    rows_i, columns_i = (np.rint(part.weight * 2048).astype(np.int32) for part in (rows, columns))
    wide = np.empty((n * h, len(columns_i), c), np.int32)
    run_rows(_wide_rows, n * h, np.ascontiguousarray(x).reshape(n * h, w, c), columns.index, columns_i, wide,
             work=4 * wide.size)
    y = np.empty((n, len(rows_i), len(columns_i) * c), np.uint8)
    run_rows(_byte_rows, n * len(rows_i), wide.reshape(n, h, -1), rows.index, rows_i, y, work=4 * y.size)
    return y.reshape(n, len(rows_i), len(columns_i), c)


_resize_cubic = Operation("resize_cubic", plain, fast=fast, adjoint=adjoint, shape=lambda x, scale: (
    x[0], round(x[1] * scale), round(x[2] * scale), x[3]))


def resize_cubic(x: Array, scale: float = 4) -> Array:
    """Resize x (n, h, w, c), a float array, a Tensor or bytes (uint8 in, uint8 out), by `scale`.

    Raises ShapeError, and InputError for a scale that leaves no pixel.
    """
    _, h, w, _ = check(x, "n h w c", who="resize_cubic x")
    if not 0 < scale <= 64 or min(round(h * scale), round(w * scale)) < 1:
        raise InputError(f"resize_cubic: got scale {scale} for {h} x {w} pixels, expected above 0, at most 64, and at "
                         "least one pixel left")
    if isinstance(x, np.ndarray) and x.dtype == np.uint8:
        return (bytes_plain if current_backend() == "plain" else bytes_fast)(x, scale)
    if x.dtype not in (np.float32, np.float64):
        raise ShapeError(f"resize_cubic: got {x.dtype}, expected float32, float64 or uint8")
    return _resize_cubic(x, scale=float(scale))

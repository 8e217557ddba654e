"""Modulated deformable convolution (DCNv2): every tap of every pixel reads where its own offset says.

    col[n,y,x,k,c] = mask[n,y,x,(g,k)] * sample(x[n,:,:,c], rows, columns)           k = i * kw + j,  g = c // (C / G)
        rows    = y*s - p + i*d + offset_px[n,y,x,(g,k,0)]
        columns = x*s - p + j*d + offset_px[n,y,x,(g,k,1)]
    output[n,y,x,o] = sum_{k,c} col[n,y,x,k, cg*group + c] * weight[i,j,c,o] + bias[o],    group = o // (O / groups)

    sample(X, r, q) = (1-b)(1-a) X[r0,q0] + (1-b) a X[r0,q0+1] + b (1-a) X[r0+1,q0] + b a X[r0+1,q0+1]
        r0 = floor(r), q0 = floor(q), b = r - r0, a = q - q0;  0 unless -1 < r < h and -1 < q < w

offset_px  (n, y, x, G*K*2) in pixels of the input, rows before columns: channel ((g*K) + k)*2 is dy, the next one dx
mask       (n, y, x, G*K), already through its sigmoid; no factor 2
G offset groups cut the input channels into runs of C / G; they know nothing of the `groups` of the convolution.
Border: each of the four corners is judged alone, and one outside of the image counts 0, so a value fades to 0 within
one pixel of the border. NaN, infinite and huge offsets are outside: what they read is 0.

Adjoint, with dcol[n,y,x,k,c] = sum_o dy[n,y,x,o] weight[i,j,c,o], v the sample and sums over the channels of g:
    dmask[(g,k)]     = sum dcol v
    doffset[(g,k,0)] = sum dcol mask ((1-a) (X[r0+1,q0] - X[r0,q0]) + a (X[r0+1,q0+1] - X[r0,q0+1]))
    doffset[(g,k,1)] = sum dcol mask ((1-b) (X[r0,q0+1] - X[r0,q0]) + b (X[r0+1,q0+1] - X[r0+1,q0]))
    dX[corner]      += dcol mask (weight of the corner);   dweight, dbias as in a convolution of col
floor is constant: on the grid itself this is the derivative to the right. Outside, at -1 exactly too, all are 0.

Sources: Zhu et al., "Deformable ConvNets v2", CVPR 2019; XPixelGroup/BasicSR, basicsr/ops/dcn/src (same order of sums
inside of a sample, same guard, same channels).
"""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import InputError, ShapeError
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.operation import Operation
from refvr.ops.kernels.deform_adjoint import gradients
from refvr.ops.kernels.deform_forward import deform
from refvr.ops.kernels.deform_sample import Sampling
from refvr.ops.reduce import channel_sum
from refvr.shapes import check
from refvr.types import Array


def plain(x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *,
          stride: int, dilation: int, groups: int, padding: int) -> np.ndarray:
    """The definition: fill col tap by tap, then one matrix product for each group."""
    sampling = Sampling.of(x, mask, weight, stride, dilation, groups, padding)
    col = np.concatenate([value * m for value, m, _ in _samples(x, offset_px, mask, sampling)], axis=-1)
    col = _by_group(col, sampling)                                            # (n, y, x, groups, K*cg)
    matrices = weight.reshape(col.shape[-1], groups, -1)                      # (K*cg, groups, og)
    y = np.einsum("nyxgk,kgo->nyxgo", col, matrices, optimize=True).reshape(*mask.shape[:3], -1)
    return y if bias is None else y + bias


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray,
                  weight: np.ndarray, bias: np.ndarray | None, *, needs: tuple[bool, ...], stride: int, dilation: int,
                  groups: int, padding: int) -> tuple[np.ndarray | None, ...]:
    """The adjoint, written as in the formula."""
    sampling = Sampling.of(x, mask, weight, stride, dilation, groups, padding)
    kernel, each = weight.shape[0] * weight.shape[1], x.shape[3] // sampling.offset_groups
    dz = dy.reshape(*dy.shape[:3], groups, -1)                                # (n, y, x, groups, og)
    matrices = weight.reshape(kernel, -1, groups, dz.shape[-1])               # (K, cg, groups, og)
    dcol = np.einsum("nyxgo,kcgo->nyxkgc", dz, matrices, optimize=True)       # (n, y, x, K, groups, cg)
    dcol = dcol.reshape(*mask.shape[:3], kernel, sampling.offset_groups, each)
    dx, doffset, dmask, col = np.zeros_like(x), np.zeros_like(offset_px), np.zeros_like(mask), []
    for at, (value, m, corners) in enumerate(_samples(x, offset_px, mask, sampling)):
        g, k = divmod(at, kernel)
        grad = dcol[..., k, g, :]
        dmask[..., at] = (grad * value).sum(-1)
        for axis in (0, 1):
            slope = sum(corner.slope[axis][..., None] * corner.value for corner in corners)
            doffset[..., 2 * at + axis] = (grad * m * slope).sum(-1)
        for corner in corners:
            np.add.at(dx[..., g * each:(g + 1) * each], corner.place, grad * m * corner.share[..., None])
        col.append(value * m)
    dweight = np.einsum("nyxgk,nyxgo->kgo", _by_group(np.concatenate(col, axis=-1), sampling), dz, optimize=True)
    return dx, doffset, dmask, dweight.reshape(weight.shape), dy.sum((0, 1, 2)) if needs[4] else None


class _Corner:
    """One of the four pixels around a sampling point, for all output pixels at once: (n, y, x).

    share  its weight in the sample;  slope: derivatives of that by row and by column;  place: where it lies in x
    value  (n, y, x, C / G) what it holds, 0 outside of the image
    """

    def __init__(self, x: np.ndarray, row: np.ndarray, column: np.ndarray, inside: np.ndarray, down: int, right: int,
                 sampling: Sampling) -> None:
        r0, q0 = np.floor(row), np.floor(column)
        along_row, along_column = (row - r0 if down else 1 - (row - r0)), (column - q0 if right else 1 - (column - q0))
        r, q = r0.astype(np.int64) + down, q0.astype(np.int64) + right
        seen = inside & (r >= 0) & (r < sampling.h) & (q >= 0) & (q < sampling.w)
        n = np.broadcast_to(np.arange(len(x))[:, None, None], r.shape)
        self.place = (n, np.where(seen, r, 0), np.where(seen, q, 0))
        self.share = np.where(seen, along_row * along_column, 0)
        self.slope = (np.where(seen, (2 * down - 1) * along_column, 0), np.where(seen, (2 * right - 1) * along_row, 0))
        self.value = np.where(seen[..., None], x[self.place], 0)


def _samples(x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray, s: Sampling
             ) -> Iterator[tuple[np.ndarray, np.ndarray, list[_Corner]]]:
    """For every offset group and tap: the samples (n, y, x, C / G), their mask (n, y, x, 1) and the corners."""
    each, kind = x.shape[3] // s.offset_groups, x.dtype.type
    rows, columns = (np.arange(size, dtype=x.dtype) * kind(s.stride) for size in (s.y, s.x))
    for g in range(s.offset_groups):
        for k in range(s.kh * s.kw):
            i, j, at = k // s.kw, k % s.kw, g * s.kh * s.kw + k
            row = rows[:, None] + kind(i * s.dilation - s.padding) + offset_px[..., 2 * at]
            column = columns + kind(j * s.dilation - s.padding) + offset_px[..., 2 * at + 1]
            inside = (row > -1) & (column > -1) & (row < s.h) & (column < s.w)
            row, column = np.where(inside, row, 0), np.where(inside, column, 0)
            corners = [_Corner(x[..., g * each:(g + 1) * each], row, column, inside, down, right, s)
                       for down in (0, 1) for right in (0, 1)]
            parts = [corner.share[..., None] * corner.value for corner in corners]
            yield sum(parts, np.zeros_like(parts[0])), mask[..., at:at + 1], corners


def _by_group(col: np.ndarray, s: Sampling) -> np.ndarray:
    """(n, y, x, G K C/G) in the order of `_samples` -> (n, y, x, groups, K C/groups)."""
    kernel = s.kh * s.kw
    col = col.reshape(*col.shape[:3], s.offset_groups, kernel, s.c // s.offset_groups)
    col = np.moveaxis(col, 4, 3).reshape(*col.shape[:3], kernel, s.groups, s.c // s.groups)
    return np.moveaxis(col, 4, 3).reshape(*col.shape[:3], s.groups, -1)


def fast(x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *,
         stride: int, dilation: int, groups: int, padding: int) -> np.ndarray:
    """The definition, sampled into panels that stay in the cache: see kernels/deform_forward.py."""
    sampling = Sampling.of(x, mask, weight, stride, dilation, groups, padding)
    return deform(x, offset_px, mask, weight, bias, sampling)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray, weight: np.ndarray,
            bias: np.ndarray | None, *, needs: tuple[bool, ...], stride: int, dilation: int, groups: int,
            padding: int) -> tuple[np.ndarray | None, ...]:
    """The adjoint in bands of rows: see kernels/deform_adjoint.py."""
    sampling = Sampling.of(x, mask, weight, stride, dilation, groups, padding)
    dbias = channel_sum(dy).astype(dy.dtype) if needs[4] else None
    return *gradients(dy, x, offset_px, mask, weight, sampling), dbias


def shape(x: Shape, offset_px: Shape, mask: Shape, weight: Shape, bias: Shape | None, **options: object) -> Shape:
    """(n, y, x, o)."""
    return *mask[:3], weight[3]


def rows(x: Rows, offset_px: Rows, mask: Rows, weight: Rows, bias: Rows | None, **options: object) -> Bands:
    """Offsets and masks by rows; of what is sampled all, because an offset may point anywhere."""
    return Bands(1, (None, Reach(1), Reach(1), None, None), compute=band_rows)


def band_rows(band: Band, x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray, weight: np.ndarray,
              bias: np.ndarray | None, *, stride: int, dilation: int, groups: int, padding: int) -> np.ndarray:
    """Rows of the result. Where a sample lies is rounded with the number of its row in the image."""
    sampling = Sampling.of(x, mask, weight, stride, dilation, groups, padding, top=band.start)
    return deform(x, offset_px, mask, weight, bias, sampling)


_deform_conv2d = Operation("deform_conv2d", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint, shape=shape,
                           rows=rows)


def deform_conv2d(x: Array, offset_px: Array, mask: Array, weight: Array, bias: Array | None = None, *, stride: int = 1,
                  dilation: int = 1, groups: int = 1, padding: int | None = None) -> Array:
    """Deformable convolution (formula in the module's docstring).

    x          (n, h, w, c)
    offset_px  (n, y, x, G * K * 2): per offset group, per tap (row-major), rows then columns, in pixels
    mask       (n, y, x, G * K), factor of each sample;  G is read off: mask channels / K, K = kh * kw
    weight     (kh, kw, c / groups, o),  bias (o,) or None
    padding    zeros on each side; None: dilation * (kh // 2)
    Returns (n, y, x, o), y = (h + 2 * padding - dilation * (kh - 1) - 1) // stride + 1.
    Raises ShapeError or InputError naming what came and what was expected.
    """
    n, h, w, c = check(x, "n h w c", who="deform_conv2d input")
    kh, kw, cg, o = check(weight, "i j c o", who="deform_conv2d weight")
    padding = dilation * (kh // 2) if padding is None else padding
    if min(stride, dilation, groups) < 1 or padding < 0:
        raise InputError(f"deform_conv2d: got stride {stride}, dilation {dilation}, groups {groups}, padding "
                         f"{padding}, expected at least 1, 1, 1 and 0")
    if cg * groups != c or o % groups or not kh * kw * cg * o:
        raise ShapeError(f"deform_conv2d: got {c} channels of input and weight {tuple(weight.shape)} with groups = "
                         f"{groups}, expected weight (kh, kw, c / groups, o) with groups dividing c and o")
    rows, columns = ((size + 2 * padding - dilation * (k - 1) - 1) // stride + 1 for size, k in ((h, kh), (w, kw)))
    if rows < 1 or columns < 1:
        raise ShapeError(f"deform_conv2d: got input of {h}x{w} and padding {padding}, expected at least the extent "
                         f"{dilation * (kh - 1) + 1}x{dilation * (kw - 1) + 1} of the kernel", fix="raise the padding")
    *_, taps = check(mask, "n y x k", who="deform_conv2d mask", n=n, y=rows, x=columns)
    if taps % (kh * kw) or not taps or c % (taps // (kh * kw)):
        raise ShapeError(f"deform_conv2d: got a mask of {taps} channels for {kh * kw} taps and {c} channels of input, "
                         f"expected G * {kh * kw} with G dividing {c}")
    check(offset_px, "n y x k", who="deform_conv2d offset_px", n=n, y=rows, x=columns, k=2 * taps)
    if bias is not None:
        check(array_of(bias), "o", who="deform_conv2d bias", o=o)
    return _deform_conv2d(x, offset_px, mask, weight, bias, stride=stride, dilation=dilation, groups=groups,
                          padding=padding)

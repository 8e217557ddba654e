"""Gradients of a deformable convolution: bands of rows, in which col and its gradient are small.

For each band: dcol by a 1x1 convolution of dy with the transposed weights, then one walk over all samples that gathers
the gradients of offsets and masks, scatters those of the input and rebuilds col, then dweight from col and dy.
The scatter may hit any pixel of the image. So a band is cut into a fixed number of chunks, each adds into an image of
its own, and the images are added up in order: the number of threads does not change a bit.
"""
from __future__ import annotations

import numpy as np

from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.conv_forward import correlate
from refvr.ops.kernels.conv_weight import weight_gradient
from refvr.ops.kernels.deform_forward import Sampling

_CHUNKS = 4
_BAND_BYTES = 1 << 24  # of col


def gradients(dy: np.ndarray, x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray, weight: np.ndarray, s: Sampling
              ) -> tuple[np.ndarray, ...]:
    """Gradients of x, offset_px, mask and weight."""
    o, depth = weight.shape[3], s.kh * s.kw * s.c
    dx, doffset, dmask = np.empty_like(x), np.empty_like(offset_px), np.empty_like(mask)
    dweight = np.zeros((1, 1, depth // s.groups, o), x.dtype)
    by_group = weight.reshape(depth // s.groups, s.groups, o // s.groups)
    transposed = by_group.transpose(2, 1, 0).reshape(1, 1, o // s.groups, depth)   # dy -> dcol (groups, K, C / groups)
    step = max(1, _BAND_BYTES // (s.x * depth * x.itemsize))
    for n in range(len(x)):
        images = np.zeros((_CHUNKS, *x.shape[1:]), x.dtype)
        for top in range(0, s.y, step):
            band = slice(top, min(top + step, s.y))
            dz = np.ascontiguousarray(dy[n:n + 1, band])                       # (1, rows, x, o)
            dcol = correlate(dz, transposed, dz.shape[1:3], (0, 0), groups=s.groups)
            col = np.empty_like(dcol)                                          # (1, rows, x, groups K C/groups)
            run_rows(_chunks, _CHUNKS, s, top, np.ascontiguousarray(x[n]), np.ascontiguousarray(offset_px[n, band]),
                     np.ascontiguousarray(mask[n, band]), dcol[0], col[0], images, doffset[n, band], dmask[n, band],
                     work=dcol.size)
            dweight += weight_gradient(col, dz, dweight.shape, (0, 0), stride=1, dilation=1, groups=s.groups)
        dx[n] = images[0]
        for image in images[1:]:
            dx[n] += image
    return dx, doffset, dmask, dweight.reshape(weight.shape)


@kernel
def _chunks(start: int, stop: int, s: Sampling, top: int, x: np.ndarray, offset: np.ndarray, mask: np.ndarray,
            dcol: np.ndarray, col: np.ndarray, images: np.ndarray, doffset: np.ndarray, dmask: np.ndarray) -> None:
    """Chunks start to stop of the band that begins at row `top`; all arrays but x and images begin there too."""
    rows = len(mask)
    for chunk in range(start, stop):
        for row in range(rows * chunk // len(images), rows * (chunk + 1) // len(images)):
            for column in range(s.x):
                _pixel(s, top + row, column, x, offset[row, column], mask[row, column], dcol[row, column],
                       col[row, column], images[chunk], doffset[row, column], dmask[row, column])


@kernel
def _pixel(s: Sampling, row: int, column: int, x: np.ndarray, offset: np.ndarray, mask: np.ndarray, dcol: np.ndarray,
           col: np.ndarray, dx: np.ndarray, doffset: np.ndarray, dmask: np.ndarray) -> None:
    """All samples of one output pixel."""
    taps, each, cg, kind = s.kh * s.kw, s.c // s.offset_groups, s.c // s.groups, x.dtype.type
    zero, one = kind(0), kind(1)
    for at in range(taps * s.offset_groups):
        g, k = divmod(at, taps)
        r = kind(row * s.stride - s.padding + k // s.kw * s.dilation) + offset[2 * at]
        q = kind(column * s.stride - s.padding + k % s.kw * s.dilation) + offset[2 * at + 1]
        inside = r > -1 and q > -1 and r < s.h and q < s.w   # NaN is not
        r0, q0 = (np.int64(np.floor(r)), np.int64(np.floor(q))) if inside else (0, 0)
        b, a, m = r - kind(r0), q - kind(q0), mask[at]
        above, below = inside and r0 >= 0, inside and r0 + 1 < s.h
        left, right = q0 >= 0, q0 + 1 < s.w
        by_mask, by_row, by_column = zero, zero, zero
        for c in range(g * each, (g + 1) * each):
            place = (c // cg * taps + k) * cg + c % cg
            v0 = x[r0, q0, c] if above and left else zero
            v1 = x[r0, q0 + 1, c] if above and right else zero
            v2 = x[r0 + 1, q0, c] if below and left else zero
            v3 = x[r0 + 1, q0 + 1, c] if below and right else zero
            v = (one - b) * (one - a) * v0 + (one - b) * a * v1 + b * (one - a) * v2 + b * a * v3
            grad = dcol[place]
            col[place] = v * m if inside else zero
            by_mask += grad * v if inside else zero
            grad *= m
            by_row += grad * ((one - a) * (v2 - v0) + a * (v3 - v1)) if inside else zero
            by_column += grad * ((one - b) * (v1 - v0) + b * (v3 - v2)) if inside else zero
            if above and left:
                dx[r0, q0, c] += grad * ((one - b) * (one - a))
            if above and right:
                dx[r0, q0 + 1, c] += grad * ((one - b) * a)
            if below and left:
                dx[r0 + 1, q0, c] += grad * (b * (one - a))
            if below and right:
                dx[r0 + 1, q0 + 1, c] += grad * (b * a)
        dmask[at], doffset[2 * at], doffset[2 * at + 1] = by_mask, by_row, by_column

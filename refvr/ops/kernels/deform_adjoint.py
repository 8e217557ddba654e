"""Gradients of a deformable convolution: runs of images or of rows, in which col and its gradient are small.

For each run: dcol by a 1x1 convolution of dy with the transposed weights, then one walk over all samples that gathers
the gradients of offsets and masks, scatters those of the input and rebuilds col, then dweight from col and dy.
The scatter may hit any pixel of an image. So a thread owns images; where they are few, each is cut into a fixed number
of parts that add into images of their own, which are added up in order: the number of threads does not change a bit.
"""
from __future__ import annotations

import numpy as np

from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.channel_code import corner_samples, corners
from refvr.ops.kernels.conv_forward import correlate
from refvr.ops.kernels.conv_weight import weight_gradient
from refvr.ops.kernels.deform_sample import Sampling, targets

_PARTS = 4  # images that are owned at least, whole or in parts
_RUN_BYTES = 1 << 24  # of col


def gradients(dy: np.ndarray, x: np.ndarray, offset_px: np.ndarray, mask: np.ndarray, weight: np.ndarray, s: Sampling
              ) -> tuple[np.ndarray, ...]:
    """Gradients of x, offset_px, mask and weight."""
    n, o, depth = len(x), weight.shape[3], s.kh * s.kw * s.c
    dy, x, offset_px, mask = (np.ascontiguousarray(a) for a in (dy, x, offset_px, mask))
    doffset, dmask = np.empty_like(offset_px), np.empty_like(mask)
    dweight = np.zeros((1, 1, depth // s.groups, o), x.dtype)
    by_group = weight.reshape(depth // s.groups, s.groups, o // s.groups)
    transposed = by_group.transpose(2, 1, 0).reshape(1, 1, o // s.groups, depth)   # dy -> dcol (groups, K, C / groups)
    parts = -(-_PARTS // max(1, n))
    images = np.zeros((n * parts, *x.shape[1:]), x.dtype)
    flat = [a.reshape(-1) for a in (x, offset_px, mask, images, doffset, dmask)]
    rows = max(1, _RUN_BYTES // (s.x * depth * x.itemsize))
    together, rows = max(1, rows // s.y), min(rows, s.y)                           # images, rows of each
    for first in range(0, n, together):
        run = slice(first, min(first + together, n))
        for top in range(0, s.y, rows):
            band = run, slice(top, min(top + rows, s.y))
            dz = np.ascontiguousarray(dy[band])                                    # (images, rows, x, o)
            dcol = correlate(dz, transposed, dz.shape[1:3], (0, 0), groups=s.groups)
            col = np.empty_like(dcol)                                              # (images, rows, x, groups K C/G)
            run_rows(_parts, len(dz) * parts, s, first, top, len(dz[0]), parts, *flat, dcol.reshape(-1),
                     col.reshape(-1), work=dcol.size)
            dweight += weight_gradient(col, dz, dweight.shape, (0, 0), stride=1, dilation=1, groups=s.groups)
    dx = images if parts == 1 else images.reshape(n, parts, *x.shape[1:]).sum(1)
    return dx, doffset, dmask, dweight.reshape(weight.shape)


@kernel
def _parts(start: int, stop: int, s: Sampling, first: int, top: int, rows: int, parts: int, x: np.ndarray,
           offset: np.ndarray, mask: np.ndarray, images: np.ndarray, doffset: np.ndarray, dmask: np.ndarray,
           dcol: np.ndarray, col: np.ndarray) -> None:
    """Parts start to stop of the images from `first` on; dcol and col begin at that image and at row `top`, and have
    so many rows of each. All arrays are flat."""
    target, each = targets(s), s.kh * s.kw * s.offset_groups
    for at in range(start, stop):
        image, part = divmod(at, parts)
        for row in range(rows * part // parts, rows * (part + 1) // parts):
            for column in range(s.x):
                pixel = ((first + image) * s.y + top + row) * s.x + column
                _pixel(s, top + row, column, (first + image) * s.h * s.w * s.c,
                       ((first + image) * parts + part) * s.h * s.w * s.c, pixel * each,
                       ((image * rows + row) * s.x + column) * s.kh * s.kw * s.c, target, x, offset, mask, images,
                       doffset, dmask, dcol, col)


@kernel
def _pixel(s: Sampling, row: int, column: int, x_at: int, image_at: int, at: int, col_at: int, target: np.ndarray,
           x: np.ndarray, offset: np.ndarray, mask: np.ndarray, images: np.ndarray, doffset: np.ndarray,
           dmask: np.ndarray, dcol: np.ndarray, col: np.ndarray) -> None:
    """All samples of one output pixel: of the image of x and dx that begin at x_at and image_at, masks from `at`, and
    col from col_at on."""
    taps, cg, kind = s.kh * s.kw, s.c // s.groups, x.dtype.type
    chunks = s.c // s.offset_groups // s.run
    for g in range(s.offset_groups):
        i, j = 0, -1
        for k in range(taps):
            i, j = (i, j + 1) if j + 1 < s.kw else (i + 1, 0)
            t = at + g * taps + k
            r = kind(row * s.stride - s.padding + i * s.dilation) + offset[2 * t]
            q = kind(column * s.stride - s.padding + j * s.dilation) + offset[2 * t + 1]
            by_mask, by_row, by_column = kind(0), kind(0), kind(0)
            inside = r > -1 and q > -1 and r < s.h and q < s.w   # NaN is not
            r0, q0 = (int(np.floor(r)), int(np.floor(q))) if inside else (0, 0)
            parts = r - kind(r0), q - kind(q0), mask[t]
            places, seen = corners(r0, q0, s.h, s.w, s.c)
            for chunk in range(g * chunks, (g + 1) * chunks):
                place = col_at + target[chunk] + k * cg
                if inside:
                    first = chunk * s.run
                    sums = corner_samples(parts, seen, x, x_at + first, places, dcol, place, images, image_at + first,
                                          col, place, s.run)
                    by_mask, by_row, by_column = by_mask + sums[0], by_row + sums[1], by_column + sums[2]
                else:
                    col[place:place + s.run] = 0
            dmask[t], doffset[2 * t], doffset[2 * t + 1] = by_mask, by_row, by_column

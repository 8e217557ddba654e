"""Bilinear samples of an image on a grid of normalised coordinates, as torch.nn.functional.grid_sample.

    column q = (g + 1) / 2 * (w - 1)          align_corners: -1 and 1 are the centres of the first and last pixel
             = ((g + 1) w - 1) / 2            otherwise: -1 and 1 are the outer edges of the image
    g = grid_unit[n,y,x,0]; row p from grid_unit[n,y,x,1] and h likewise; then bilinear as in kernels/bilinear.py

x          (n, h, w, c)
grid_unit  (n, y, x, 2): horizontal first, then vertical, in units of half the image, 0 the middle
border     one of PLACES in kernels/borders.py:
           "zero"        each tap outside counts as 0                                           PyTorch's "zeros"
           "replicate"   places are moved to the nearest pixel centre                           "border"
           "reflection"  places are mirrored, at the outermost pixel centres (align_corners) or at the edges of the
                         image (otherwise), back and forth as often as needed, then moved to the nearest pixel centre
Coordinates are computed in float64 also for a float32 grid.

Adjoint: as in kernels/bilinear.py, times dq/dg = (w-1)/2 or w/2, its sign changed by each mirror; 0 where a place was
moved to the first or last pixel centre or lies on it ("replicate", "reflection"). On a pixel inside it is the
derivative to the right and downwards. These are PyTorch's choices.
"""
from __future__ import annotations

import numpy as np

from refvr.errors import ShapeError
from refvr.ops.core.operation import Operation
from refvr.ops.kernels import bilinear
from refvr.ops.kernels.borders import PLACES, check_border, moved
from refvr.shapes import check
from refvr.types import Array


def places(grid: np.ndarray, size: tuple[int, int], border: str, align_corners: bool
           ) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of each sample, and the derivative of each for its grid coordinate: two (n, y, x, 2) float64."""
    sizes = np.array(size, np.float64)
    grid = grid[..., ::-1].astype(np.float64)  # (row, column)
    at = (grid + 1) / 2 * (sizes - 1) if align_corners else ((grid + 1) * sizes - 1) / 2
    at, sign = moved(at, size, border, outermost=align_corners)
    return at, sign * ((sizes - 1) / 2 if align_corners else sizes / 2)


def plain(x: np.ndarray, grid: np.ndarray, *, border: str, align_corners: bool) -> np.ndarray:
    """The definition."""
    return bilinear.sample_plain(x, places(grid, x.shape[1:3], border, align_corners)[0])


def fast(x: np.ndarray, grid: np.ndarray, *, border: str, align_corners: bool) -> np.ndarray:
    """The definition with the kernel of kernels/bilinear.py."""
    return bilinear.sample(x, places(grid, x.shape[1:3], border, align_corners)[0])


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, grid: np.ndarray, *, needs: tuple[bool, bool],
                  border: str, align_corners: bool) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The definition's adjoint."""
    at, slope = places(grid, x.shape[1:3], border, align_corners)
    dx, dat = bilinear.sample_plain_adjoint(dy, x, at, needs)
    return dx, None if dat is None else np.ascontiguousarray((dat * slope)[..., ::-1], grid.dtype)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, grid: np.ndarray, *, needs: tuple[bool, bool],
            border: str, align_corners: bool) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The adjoint with the kernels of kernels/bilinear.py."""
    at, slope = places(grid, x.shape[1:3], border, align_corners)
    dx, dat = bilinear.sample_adjoint(dy, x, at, needs)
    return dx, None if dat is None else np.ascontiguousarray((dat * slope)[..., ::-1], grid.dtype)


_grid_sample = Operation("grid_sample", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint,
                         shape=lambda x, grid, **options: (*grid[:3], x[3]))


def grid_sample(x: Array, grid_unit: Array, *, border: str = "zero", align_corners: bool = False) -> Array:
    """Sample x (n, h, w, c) at grid_unit (n, y, x, 2: horizontal, vertical, -1 .. 1 across the image); (n, y, x, c).

    border "zero", "replicate" or "reflection"; the defaults are PyTorch's. Raises ShapeError, InputError.
    """
    n, h, w, _ = check(x, "n h w c", who="grid_sample x")
    check(grid_unit, "n y x 2", who="grid_sample grid_unit", n=n)
    check_border(border, PLACES, "grid_sample")
    if min(h, w) < 1:
        raise ShapeError(f"grid_sample: got an image of {h} x {w} pixels, expected at least one each way")
    return _grid_sample(x, grid_unit, border=border, align_corners=bool(align_corners))

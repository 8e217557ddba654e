"""Backward warp: fetch every pixel from where the flow points to, bilinearly.

    y[n,y,x,c] = X at row y + flow[n,y,x,1], column x + flow[n,y,x,0]          bilinear as in kernels/bilinear.py

x        (n, h, w, c)
flow_px  (n, h, w, 2) in pixels of x: channel 0 to the right, channel 1 downwards, the order in which flow networks
         give them (the one place where columns come before rows)
border   one of PLACES in kernels/borders.py. "replicate": the place is moved to the nearest pixel centre inside first;
         "reflection": it is mirrored at the outermost pixel centres; "zero": pixels outside count as 0
coordinates
  "pixels"      the formula; places are float64, so exact for float32 flow
  "round_trip"  by way of [-1, 1], as SAFA's code goes, in the type of the flow: base = linspace(-1, 1, w), then
                g = base[x] + flow / ((w-1)/2) and back, ((g + 1) / 2) (w - 1). The same in exact numbers; in float32
                it loses up to 1e-4 pixels at w = 1280, and zero flow no longer gives back the image exactly. It is for
                reproducing an official run to the last bit; sides of one pixel have no such coordinate.

Adjoint: as in kernels/bilinear.py. The flow has no gradient in a direction in which its place was moved to the first or
last pixel centre or lies on it (zero flow in the first and last row, say); on a pixel inside it is the derivative to
the right and downwards, its sign changed by each mirror ("reflection"); with "zero" it is that everywhere.
Source: SAFA, model/warplayer.py (megvii-research/WACV2024-SAFA); PyTorch's linspace and grid_sample.
"""
from __future__ import annotations

import numpy as np

from refvr.errors import InputError, ShapeError
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import Band, Bands, Reach, Rows, same_shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels import bilinear
from refvr.ops.kernels.borders import PLACES, check_border, moved
from refvr.shapes import check
from refvr.types import Array

_HELD = {"zero": False, "replicate": True}  # borders that the kernels below move places by; others: the definition does


def places(flow: np.ndarray, coordinates: str, top: int = 0, height: int | None = None) -> np.ndarray:
    """Row and column that each pixel is fetched from, before the border rule: (n, h, w, 2) float64.

    top, height  where `flow` has some rows of an image alone: the number of its first row, and the image's rows
    """
    _, rows, w, _ = flow.shape
    h = rows if height is None else height
    at = empty(flow.shape, np.float64)
    if coordinates == "pixels":
        np.add(flow[..., 1], np.arange(top, top + rows, dtype=np.float64)[:, None], out=at[..., 0])
        np.add(flow[..., 0], np.arange(w, dtype=np.float64), out=at[..., 1])
    else:
        at[..., 0] = _round_trip(_linspace(h, flow.dtype)[top:top + rows, None], flow[..., 1], h)
        at[..., 1] = _round_trip(_linspace(w, flow.dtype), flow[..., 0], w)
    return at


def _linspace(size: int, dtype: np.dtype) -> np.ndarray:
    """PyTorch's linspace(-1, 1, size): from both ends, each value rounded once (exactly so in float32)."""
    step = np.float64(dtype.type(2) / dtype.type(size - 1))
    k = np.arange(size)
    return np.where(k < size // 2, -1 + step * k, 1 - step * (size - 1 - k)).astype(dtype)


def _round_trip(base: np.ndarray, flow: np.ndarray, size: int) -> np.ndarray:
    """Pixels -> [-1, 1] -> pixels, every step rounded to the type of the flow."""
    kind = flow.dtype.type
    grid = base + flow / kind((size - 1) / 2)
    return (grid + kind(1)) / kind(2) * kind(size - 1)


@kernel
def _moved_rows(start: int, stop: int, flow: np.ndarray, top: int, size: tuple[int, int], held: bool,
                at: np.ndarray) -> None:
    """Rows (n, y) of what `moved` makes of `places` in pixels."""
    rows, columns = flow.shape[1], flow.shape[2]
    for k in range(start, stop):
        n, row = divmod(k, rows)
        for column in range(columns):
            p, q = flow[n, row, column, 1] + np.float64(top + row), flow[n, row, column, 0] + np.float64(column)
            at[n, row, column, 0] = min(max(p, 0.0), size[0] - 1.0) if held and p == p else p
            at[n, row, column, 1] = min(max(q, 0.0), size[1] - 1.0) if held and q == q else q


def _sampled_places(flow: np.ndarray, coordinates: str, border: str, size: tuple[int, int], top: int = 0) -> np.ndarray:
    """The places of `flow` after the border rule, in an image of `size` rows and columns; `top` as in `places`."""
    if coordinates != "pixels" or border not in _HELD:
        return moved(places(flow, coordinates, top, size[0]), size, border)[0]
    flow, at = as_kernels_want(flow), empty(flow.shape, np.float64)
    run_rows(_moved_rows, flow.shape[0] * flow.shape[1], flow, top, size, _HELD[border], at, work=8 * flow.size)
    return at


@kernel
def _flow_rows(start: int, stop: int, dat: np.ndarray, at: np.ndarray, held: bool, dflow: np.ndarray) -> None:
    """Rows (n, y) of `_flow_gradient`."""
    rows, columns = at.shape[1], at.shape[2]
    ends = rows - 1, columns - 1
    for k in range(start, stop):
        n, row = divmod(k, rows)
        for column in range(columns):
            for axis in range(2):
                p = at[n, row, column, axis]
                moves = not held or 0 < p < ends[axis]
                dflow[n, row, column, 1 - axis] = dat[n, row, column, axis] if moves else 0


def plain(x: np.ndarray, flow: np.ndarray, *, border: str, coordinates: str) -> np.ndarray:
    """The definition."""
    return bilinear.sample_plain(x, moved(places(flow, coordinates), x.shape[1:3], border)[0])


def fast(x: np.ndarray, flow: np.ndarray, *, border: str, coordinates: str) -> np.ndarray:
    """The definition with the kernel of kernels/bilinear.py."""
    return bilinear.sample(x, _sampled_places(flow, coordinates, border, x.shape[1:3]))


def _flow_gradient(dat: np.ndarray, slope: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """From the gradient for (row, column) to that for (right, down); 0 where the border rule holds a place."""
    return np.ascontiguousarray(np.where(slope != 0, dat * slope, 0)[..., ::-1], dtype)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, flow: np.ndarray, *, needs: tuple[bool, bool],
                  border: str, coordinates: str) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The definition's adjoint."""
    at, slope = moved(places(flow, coordinates), x.shape[1:3], border)
    dx, dat = bilinear.sample_plain_adjoint(dy, x, at, needs)
    return dx, None if dat is None else _flow_gradient(dat, slope, flow.dtype)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, flow: np.ndarray, *, needs: tuple[bool, bool],
            border: str, coordinates: str) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The adjoint with the kernels of kernels/bilinear.py."""
    at = _sampled_places(flow, coordinates, border, x.shape[1:3])
    dx, dat = bilinear.sample_adjoint(dy, x, at, needs)
    if dat is None:
        return dx, None
    if border not in _HELD:
        return dx, _flow_gradient(dat, moved(places(flow, coordinates), x.shape[1:3], border)[1], flow.dtype)
    dflow = np.empty(flow.shape, flow.dtype)
    run_rows(_flow_rows, flow.shape[0] * flow.shape[1], dat, at, _HELD[border], dflow, work=8 * flow.size)
    return dx, dflow


def rows(x: Rows, flow: Rows, **options: object) -> Bands:
    """The flow's own rows; of the image all, because a flow may point anywhere."""
    return Bands(1, (None, Reach(1)), compute=band_rows)


def band_rows(band: Band, x: np.ndarray, flow: np.ndarray, *, border: str, coordinates: str) -> np.ndarray:
    """Rows of the result."""
    return bilinear.sample(x, _sampled_places(flow, coordinates, border, x.shape[1:3], band.start))


_warp = Operation("warp", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint, shape=same_shape, rows=rows)


def warp(x: Array, flow_px: Array, *, border: str = "replicate", coordinates: str = "pixels") -> Array:
    """Fetch x (n, h, w, c) from where flow_px (n, h, w, 2: right, down) points to; (n, h, w, c).

    border "replicate", "zero" or "reflection"; coordinates "pixels" or "round_trip" (see the module).
    Raises ShapeError, InputError.
    """
    n, h, w, _ = check(x, "n h w c", who="warp x")
    check(flow_px, "n h w 2", who="warp flow_px", n=n, h=h, w=w)
    check_border(border, PLACES, "warp")
    if coordinates not in ("pixels", "round_trip"):
        raise InputError(f"warp: got coordinates {coordinates!r}, expected 'pixels' or 'round_trip'")
    if min(h, w) < (2 if coordinates == "round_trip" else 1):
        raise ShapeError(f"warp: got an image of {h} x {w} pixels, expected at least one each way, and two for "
                         "coordinates 'round_trip'", fix="use coordinates='pixels'")
    return _warp(x, flow_px, border=border, coordinates=coordinates)

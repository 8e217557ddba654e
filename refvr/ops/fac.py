"""Filter-adaptive convolution: every pixel, in every channel, has a kernel of its own.

    output[n,y,x,c] = sum_{i,j} input[n, f(y+i-p, h), f(x+j-p, w), c] * kernel[n, y, x, i*k + j, c]      p = (k - 1) / 2

Depthwise: channel c sees channel c alone. A correlation: the kernel is not flipped. Kernels are used as they come, not
normalised, and there is no bias. f is the border's rule, one of kernels/borders.py; where it has no pixel, the input
counts as 0. The taps are added in the order i, j, each product rounded first.

input   (n, h, w, c)
kernel  (n, y, w, k*k, c), k odd, row-major taps, channels together: what a pixel needs lies side by side
top     row of the input that the kernel's first row belongs to: kernels of a band of rows give that band of the output,
        and the large array of all kernels need never exist at once

Adjoint:
    dkernel[n,y,x,i*k+j,c] = dy[n,y,x,c] * input[n, f(y+i-p, h), f(x+j-p, w), c]
    dinput[n,Y,X,c] = sum of kernel[n,y,x,i*k+j,c] * dy[n,y,x,c] over y, i, x, j with f(y+i-p, h) = Y, f(x+j-p, w) = X
Each row of dinput gathers from the rows that read it, so no two threads add to the same element.

Sources: Zhou et al., "Spatio-temporal filter adaptive network for video deblurring", ICCV 2019 (STFAN), whose code has
the kernels' channels as c*k*k + i*k + j: checkpoints/names_stfan.py turns the weights that make them, once.
"""
from __future__ import annotations

from math import isqrt

import numpy as np

from refvr.errors import ShapeError
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.jit import kernel as compiled
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.borders import BORDERS, Pads, bordered, check_border, farthest, folded, sources
from refvr.shapes import check
from refvr.types import Array


def plain(x: np.ndarray, kernel: np.ndarray, *, border: str, top: int) -> np.ndarray:
    """The definition: pad, unfold, multiply, sum over the taps."""
    return (_unfolded(bordered(x, _pads(kernel), border), kernel, top) * kernel).sum(3)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, kernel: np.ndarray, *, needs: tuple[bool, bool],
                  border: str, top: int) -> tuple[np.ndarray | None, ...]:
    """Each step of the definition reversed: multiply, fold, fold the border."""
    dy = dy[:, :, :, None]                                                       # (n, y, w, 1, c)
    wide = bordered(x, _pads(kernel), border)
    dwide = np.zeros_like(wide)
    for t, tap in enumerate(_taps(dwide, kernel, top)):
        tap += kernel[:, :, :, t] * dy[:, :, :, 0]
    return (folded(dwide, x.shape[1:3], _pads(kernel), border) if needs[0] else None,
            _unfolded(wide, kernel, top) * dy if needs[1] else None)


def _pads(kernel: np.ndarray) -> Pads:
    p = isqrt(kernel.shape[3]) // 2
    return (p, p), (p, p)


def _taps(wide: np.ndarray, kernel: np.ndarray, top: int) -> list[np.ndarray]:
    """What each tap of the rows of `kernel` sees of wide (n, h + 2p, w + 2p, c): k*k views (n, y, w, c)."""
    _, rows, columns, taps, _ = kernel.shape
    k = isqrt(taps)
    return [wide[:, top + i:top + i + rows, j:j + columns] for i in range(k) for j in range(k)]


def _unfolded(wide: np.ndarray, kernel: np.ndarray, top: int) -> np.ndarray:
    """(n, y, w, k*k, c)."""
    return np.stack(_taps(wide, kernel, top), axis=3)


def fast(x: np.ndarray, kernel: np.ndarray, *, border: str, top: int) -> np.ndarray:
    """The definition without the unfolded input: the neighbours are read where they lie."""
    n, rows, w, taps, c = kernel.shape
    y = empty((n, rows, w, c), x.dtype)
    run_rows(_rows, n * rows, *(as_kernels_want(a) for a in (x, kernel)),
             *_seen(x, kernel, border), top, y, work=kernel.size)
    return y


def _seen(x: np.ndarray, kernel: np.ndarray, border: str) -> tuple[np.ndarray, np.ndarray]:
    """f for rows and for columns, from position -p on: (h + 2p,) and (w + 2p,), -1 where no pixel stands."""
    p = isqrt(kernel.shape[3]) // 2
    return sources(x.shape[1], p, p, border), sources(x.shape[2], p, p, border)


@compiled
def _rows(start: int, stop: int, x: np.ndarray, kernel: np.ndarray, seen_rows: np.ndarray, seen_columns: np.ndarray,
          top: int, y: np.ndarray) -> None:
    """Rows start to stop of the output, counted through all images. All channels of a tap are one vector loop."""
    _, rows, w, taps, c = kernel.shape
    k = int(np.sqrt(taps))
    for at in range(start, stop):
        n, row = divmod(at, rows)
        for column in range(w):
            out = y[n, row, column]
            out[:] = 0
            for i in range(k):
                r = seen_rows[top + row + i]
                for j in range(k):
                    q = seen_columns[column + j]
                    if r >= 0 and q >= 0:
                        seen, factor = x[n, r, q], kernel[n, row, column, i * k + j]
                        for channel in range(c):
                            out[channel] += seen[channel] * factor[channel]


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, kernel: np.ndarray, *, needs: tuple[bool, bool],
            border: str, top: int) -> tuple[np.ndarray | None, ...]:
    """Both gradients by rows that one thread owns."""
    seen, rows = _seen(x, kernel, border), kernel.shape[1]
    dy, x, kernel = (np.require(a, requirements=["C", "A", "W"]) for a in (dy, x, kernel))
    dx, dkernel = (np.zeros_like(x) if needs[0] else None), (np.empty_like(kernel) if needs[1] else None)
    if needs[0]:
        run_rows(_input_rows, len(x) * x.shape[1], dy, kernel, *seen, top, dx, work=kernel.size)
    if needs[1]:
        run_rows(_kernel_rows, len(x) * rows, dy, x, *seen, top, dkernel, work=kernel.size)
    return dx, dkernel


@compiled
def _kernel_rows(start: int, stop: int, dy: np.ndarray, x: np.ndarray, seen_rows: np.ndarray, seen_columns: np.ndarray,
                 top: int, dkernel: np.ndarray) -> None:
    """Rows start to stop of the kernels' gradient, counted through all images."""
    _, rows, w, taps, c = dkernel.shape
    k = int(np.sqrt(taps))
    for at in range(start, stop):
        n, row = divmod(at, rows)
        for column in range(w):
            for t in range(taps):
                r, q = seen_rows[top + row + t // k], seen_columns[column + t % k]
                out, grad = dkernel[n, row, column, t], dy[n, row, column]
                if r >= 0 and q >= 0:
                    seen = x[n, r, q]
                    for channel in range(c):
                        out[channel] = grad[channel] * seen[channel]
                else:
                    out[:] = 0


@compiled
def _input_rows(start: int, stop: int, dy: np.ndarray, kernel: np.ndarray, seen_rows: np.ndarray,
                seen_columns: np.ndarray, top: int, dx: np.ndarray) -> None:
    """Rows start to stop of the input's gradient, counted through all images: what every row saw of them."""
    _, rows, w, taps, c = kernel.shape
    h, k = dx.shape[1], int(np.sqrt(taps))
    for at in range(start, stop):
        n, own = divmod(at, h)
        for row in range(rows):
            for i in range(k):
                if seen_rows[top + row + i] != own:
                    continue
                for column in range(w):
                    for j in range(k):
                        q = seen_columns[column + j]
                        if q >= 0:
                            out, factor = dx[n, own, q], kernel[n, row, column, i * k + j]
                            grad = dy[n, row, column]
                            for channel in range(c):
                                out[channel] += factor[channel] * grad[channel]


def shape(x: Shape, kernel: Shape, **options: object) -> Shape:
    """(n, y, w, c)."""
    return *kernel[:3], kernel[4]


def rows(x: Rows, kernel: Rows, *, border: str, top: int) -> Bands | None:
    """Kernels of the rows, k // 2 rows more of x on both sides; no bands where a border shows rows further away."""
    p = isqrt(kernel.shape[3]) // 2
    if top or farthest(x.shape[1], p, border) > p:
        return None
    return Bands(1, (Reach(1, 1, p, p), Reach(1)), compute=band_rows)


def band_rows(band: Band, x: np.ndarray, kernel: np.ndarray, *, border: str, top: int) -> np.ndarray:
    """The kernels' first row lies on x's row `top`."""
    return _fac(x, kernel, border=border, top=band.tops[1] - band.tops[0])


_fac = Operation("fac", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint, shape=shape, rows=rows)


def fac(x: Array, kernel: Array, *, border: str = "replicate", top: int = 0) -> Array:
    """Filter-adaptive convolution (formula in the module's docstring).

    x       (n, h, w, c)
    kernel  (n, y, w, k*k, c), k odd; y = h, or fewer rows from row `top` of x on
    border  one of kernels/borders.py: "replicate" (STFAN's weights need it), "zero" (the re-implementation in
            networks/stfan_seed.py), "reflection"
    Returns (n, y, w, c). Raises ShapeError or InputError naming what came and what was expected.
    """
    check_border(border, BORDERS, "fac")
    n, h, w, c = check(x, "n h w c", who="fac input")
    _, rows, _, taps, _ = check(kernel, "n y w k c", who="fac kernel", n=n, w=w, c=c)
    if isqrt(taps) ** 2 != taps or taps % 2 == 0:
        raise ShapeError(f"fac: got kernels of {taps} taps, expected k * k of them with an odd k: 1, 9, 25, 49 ...")
    if not min(h, w, c):
        raise ShapeError(f"fac: got an input of {h} x {w} pixels and {c} channels, expected at least one of each")
    if top < 0 or top + rows > h:
        raise ShapeError(f"fac: got {rows} rows of kernels from row {top} on, expected at most the {h} rows of input")
    return _fac(x, kernel, border=border, top=top)

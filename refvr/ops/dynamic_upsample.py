"""Dynamic upsampling: every pixel of the large image is its own weighted mean of k x k pixels of the small one.

    filters  F[n,h,w,t,u] = e^(L[n,h,w,t,u] - m) / sum_t' e^(L[n,h,w,t',u] - m)      m = max over t of L[n,h,w,t,u]
    image    y[n, s h + a, s w + b, c] = sum_t F[n,h,w,t,u] * x[n, h + i - r, w + j - r, c] + R[n,h,w, u C + c]

    t = i k + j counts the taps, i, j = 0 .. k-1, k odd, r = (k - 1) / 2        u = a s + b the pixels of a cell

x  (n, h, w, c), C colours that share the filters       L  logits (n, h, w, k k s s), channel t s s + u
R  residual (n, h, w, s s c) or None, channel u C + c: colour fastest, the order of tf.nn.depth_to_space
Outside of x there are zeros, and they keep their share of the weights: nothing is normalised again at the border. The
filter is not flipped; its middle tap lies on the pixel under the cell. In DUF k is 5 and s is 2, 3 or 4.

Adjoint, with D[n,h,w,u,c] = dy[n, s h + a, s w + b, c]:
    dF = sum_c D x,   dL = F (dF - sum_t dF F),   dR = D,   dx[n,h,w,c] = sum_{t,u} F D at pixel h - i + r, w - j + r
Source: Jo et al., CVPR 2018, section 3.1; yhjo09/VSR-DUF, DynFilter3D and depth_to_space_3D in utils.py.
"""
from __future__ import annotations

from fractions import Fraction
from math import isqrt

import numpy as np

from refvr.autodiff.tape import array_of
from refvr.errors import ShapeError
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.kernels.simd import exp
from refvr.ops.shuffle import shuffle_plain, unshuffle_plain
from refvr.shapes import check
from refvr.types import Array


def filters_plain(logits: np.ndarray, *, s: int) -> np.ndarray:
    """The definition: (n, h, w, k k s s) -> (n, h, w, k k, s s), a softmax over the taps."""
    by_tap = logits.reshape(*logits.shape[:3], logits.shape[3] // (s * s), s * s)
    e = np.exp(by_tap - by_tap.max(axis=3, keepdims=True))
    return e / e.sum(axis=3, keepdims=True)


def filters_plain_adjoint(df: np.ndarray, f: np.ndarray, logits: np.ndarray, *, needs: tuple[bool], s: int
                          ) -> tuple[np.ndarray]:
    """dL = F (dF - sum_t dF F)."""
    return ((f * (df - (df * f).sum(axis=3, keepdims=True))).reshape(logits.shape),)


def plain(x: np.ndarray, logits: np.ndarray, residual: np.ndarray | None, *, s: int) -> np.ndarray:
    """The definition: patches times filters, plus residual, every cell spread over s x s pixels."""
    filters = filters_plain(logits, s=s)
    cells = np.einsum("nhwtc,nhwtu->nhwuc", _patches(x, isqrt(filters.shape[3])), filters)
    cells = cells if residual is None else cells + residual.reshape(cells.shape)
    return shuffle_plain(cells.reshape(*x.shape[:3], s * s * x.shape[3]), s=s, order="tf")


def plain_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, logits: np.ndarray, residual: np.ndarray | None, *,
                  needs: tuple[bool, ...], s: int) -> tuple[np.ndarray | None, ...]:
    """The adjoint of the definition, in its letters; dx folds the patches up again."""
    (n, h, w, c), d = x.shape, unshuffle_plain(dy, s=s, order="tf")
    cells, filters = d.reshape(n, h, w, s * s, c), filters_plain(logits, s=s)
    k = isqrt(filters.shape[3])
    df = np.einsum("nhwuc,nhwtc->nhwtu", cells, _patches(x, k))
    folded = np.zeros((n, h + k - 1, w + k - 1, c), x.dtype)
    for t, dpatch in enumerate(np.moveaxis(np.einsum("nhwuc,nhwtu->nhwtc", cells, filters), 3, 0)):
        folded[:, t // k:t // k + h, t % k:t % k + w] += dpatch
    return (folded[:, k // 2:k // 2 + h, k // 2:k // 2 + w] if needs[0] else None,
            filters_plain_adjoint(df, filters, logits, needs=(True,), s=s)[0] if needs[1] else None,
            d if needs[2] else None)


def _patches(x: np.ndarray, k: int) -> np.ndarray:
    """(n, h, w, c) -> (n, h, w, k k, c): what the taps of each pixel see."""
    _, h, w, _ = x.shape
    bordered = np.pad(x, ((0, 0), (k // 2,) * 2, (k // 2,) * 2, (0, 0)))
    return np.stack([bordered[:, i:i + h, j:j + w] for i in range(k) for j in range(k)], axis=3)


@kernel
def _weigh(logits: np.ndarray, cells: int, top: np.ndarray, e: np.ndarray, total: np.ndarray) -> None:
    """Filters of one pixel before the division: e = e^(L - max), total = its sums; one long loop of exponentials."""
    top[:] = logits[:cells]
    for t in range(1, len(logits) // cells):
        row = logits[t * cells:(t + 1) * cells]
        for u in range(cells):
            top[u] = row[u] if row[u] > top[u] else top[u]
    for t in range(len(logits) // cells):
        row, to = logits[t * cells:(t + 1) * cells], e[t * cells:(t + 1) * cells]
        for u in range(cells):
            to[u] = row[u] - top[u]
    for k in range(len(logits)):
        e[k] = exp(e[k])
    total[:] = 0
    for t in range(len(logits) // cells):
        row = e[t * cells:(t + 1) * cells]
        for u in range(cells):
            total[u] += row[u]


@kernel
def _filter_rows(start: int, stop: int, logits: np.ndarray, cells: int, filters: np.ndarray) -> None:
    """Filters of pixels start to stop; logits and filters (pixels, k k s s)."""
    top, total = np.empty(cells, logits.dtype), np.empty(cells, logits.dtype)
    for pixel in range(start, stop):
        f = filters[pixel]
        _weigh(logits[pixel], cells, top, f, total)
        for t in range(len(f) // cells):
            row = f[t * cells:(t + 1) * cells]
            for u in range(cells):
                row[u] = row[u] / total[u]


@kernel
def _rows(start: int, stop: int, s: int, k: int, top_row: int, x: np.ndarray, logits: np.ndarray,
          residual: np.ndarray, y: np.ndarray) -> None:
    """Rows start to stop of the logits, counted through all images; the first lies under row `top_row` of x.

    A pixel's filters are made once, for all colours.

    The s * s pixels of a cell lie side by side in the logits and are the vector; sums are divided, not filters.
    """
    (_, h, w, c), cells, r = x.shape, s * s, k // 2
    top, total = np.empty(cells, x.dtype), np.empty(cells, x.dtype)
    e, sums = np.empty(k * k * cells, x.dtype), np.empty(c * cells, x.dtype)
    for row in range(start, stop):
        n, band = divmod(row, logits.shape[1])
        at = top_row + band
        for column in range(w):
            _weigh(logits[n, band, column], cells, top, e, total)
            sums[:] = 0
            for i in range(max(0, r - at), min(k, h + r - at)):
                for j in range(max(0, r - column), min(k, w + r - column)):
                    seen, weights = x[n, at + i - r, column + j - r], e[(i * k + j) * cells:(i * k + j + 1) * cells]
                    for o in range(c):
                        value, to = seen[o], sums[o * cells:(o + 1) * cells]
                        for u in range(cells):
                            to[u] += weights[u] * value
            for u in range(cells):
                pixel = y[n, at * s + u // s, column * s + u % s]
                for o in range(c):
                    z = sums[o * cells + u] / total[u]
                    pixel[o] = z + residual[n, band, column, u * c + o] if residual.size else z


@kernel
def _logit_gradient_rows(start: int, stop: int, k: int, cells: int, x: np.ndarray, d: np.ndarray, filters: np.ndarray,
                         dlogits: np.ndarray) -> None:
    """dL of rows start to stop; d (n, h, w, s s c) is dy by cells."""
    (_, h, w, c), r = x.shape, k // 2
    along = np.empty(cells, x.dtype)
    for row in range(start, stop):
        n, at = divmod(row, h)
        for column in range(w):
            d_p, f, dl = d[n, at, column], filters[n, at, column], dlogits[n, at, column]
            dl[:] = 0
            along[:] = 0
            for i in range(max(0, r - at), min(k, h + r - at)):
                for j in range(max(0, r - column), min(k, w + r - column)):
                    seen, t = x[n, at + i - r, column + j - r], (i * k + j) * cells
                    for u in range(cells):
                        for o in range(c):
                            dl[t + u] += d_p[u * c + o] * seen[o]
                        along[u] += dl[t + u] * f[t + u]
            for t in range(0, k * k * cells, cells):
                for u in range(cells):
                    dl[t + u] = f[t + u] * (dl[t + u] - along[u])


@kernel
def _input_gradient_rows(start: int, stop: int, k: int, cells: int, d: np.ndarray, filters: np.ndarray,
                         dx: np.ndarray) -> None:
    """dx of rows start to stop: each pixel gathers from the k x k pixels whose taps see it, taps in order."""
    (_, h, w, c), r = dx.shape, k // 2
    for row in range(start, stop):
        n, at = divmod(row, h)
        for column in range(w):
            to = dx[n, at, column]
            to[:] = 0
            for i in range(max(0, at + r + 1 - h), min(k, at + r + 1)):
                for j in range(max(0, column + r + 1 - w), min(k, column + r + 1)):
                    f, d_p = filters[n, at - i + r, column - j + r], d[n, at - i + r, column - j + r]
                    for u in range(cells):
                        weight = f[(i * k + j) * cells + u]
                        for o in range(c):
                            to[o] += weight * d_p[u * c + o]


def filters_fast(logits: np.ndarray, *, s: int) -> np.ndarray:
    """`_simd.exp` instead of the platform's; see `_weigh`."""
    flat = as_kernels_want(logits).reshape(-1, logits.shape[3])
    filters = empty(flat.shape, flat.dtype)
    run_rows(_filter_rows, len(flat), flat, s * s, filters, work=flat.size)
    return filters.reshape(*logits.shape[:3], logits.shape[3] // (s * s), s * s)


def fast(x: np.ndarray, logits: np.ndarray, residual: np.ndarray | None, *, s: int) -> np.ndarray:
    """One pass over the logits; see `_rows`."""
    n, h, w, c = x.shape
    y = empty((n, s * h, s * w, c), x.dtype)
    residual = np.empty((0, 0, 0, 0), x.dtype) if residual is None else residual
    x, logits, residual = (as_kernels_want(part) for part in (x, logits, residual))
    run_rows(_rows, n * h, s, isqrt(logits.shape[3]) // s, 0, x, logits, residual, y, work=logits.size)
    return y


def upsample_rows(x: np.ndarray, top: int, logits: np.ndarray, residual: np.ndarray, y: np.ndarray, *, s: int) -> None:
    """Some rows of `dynamic_upsample`, so that not all filters have to be there at a time; on arrays, the same bits.

    x (h, w, c);  logits (rows, w, k k s s) and residual (rows, w, s s c) of rows top, top + 1, ... of x
    y (s h, s w, c)  gets its rows s top, s top + 1, ...
    """
    run_rows(_rows, len(logits), s, isqrt(logits.shape[2]) // s, top,
             *(as_kernels_want(part[None]) for part in (x, logits, residual)), y[None],
             work=logits.size)


def adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, logits: np.ndarray, residual: np.ndarray | None, *,
            needs: tuple[bool, ...], s: int) -> tuple[np.ndarray | None, ...]:
    """Rows of each gradient belong to one thread."""
    (n, h, _, _), k, d = x.shape, isqrt(logits.shape[3]) // s, unshuffle_plain(dy, s=s, order="tf")
    filters = filters_fast(logits, s=s).reshape(logits.shape) if needs[0] or needs[1] else None
    dx, dlogits = (np.empty(part.shape, x.dtype) if need else None for part, need in zip((x, logits), needs))
    if needs[0]:
        run_rows(_input_gradient_rows, n * h, k, s * s, d, filters, dx, work=logits.size)
    if needs[1]:
        run_rows(_logit_gradient_rows, n * h, k, s * s, np.require(x, requirements=["C", "A", "W"]), d, filters,
                 dlogits, work=logits.size)
    return dx, dlogits, d if needs[2] else None


def shape(x: Shape, logits: Shape, residual: Shape | None, *, s: int) -> Shape:
    """(n, s h, s w, c)."""
    n, h, w, c = x
    return n, s * h, s * w, c


def rows(x: Rows, logits: Rows, residual: Rows | None, *, s: int) -> Bands:
    """Logits and residual of the cells, r rows more of x on both sides."""
    own, r = Reach(1, Fraction(1, s)), isqrt(logits.shape[3]) // s // 2
    return Bands(1, (own._replace(above=r, below=r), own, residual and own), s, band_rows)


def band_rows(band: Band, x: np.ndarray, logits: np.ndarray, residual: np.ndarray | None, *, s: int) -> np.ndarray:
    """Rows of the result; the first rows of x are only looked at."""
    (n, h, w, c), top = x.shape, band.tops[1] - band.tops[0]
    y = empty((n, s * h, s * w, c), x.dtype)
    residual = np.empty((n, 0, 0, 0), x.dtype) if residual is None else residual
    for parts in zip(x, logits, residual, y):
        upsample_rows(parts[0], top, *parts[1:], s=s)
    return y[:, s * top:]


_filters = Operation("dynamic_filters", filters_plain, fast=filters_fast, adjoint=filters_plain_adjoint,
                     shape=lambda logits, s: (*logits[:3], logits[3] // (s * s), s * s),
                     rows=lambda logits, s: Bands(1, (Reach(1),)))
_upsample = Operation("dynamic_upsample", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint, shape=shape,
                      rows=rows)


def dynamic_filters(logits: Array, s: int) -> Array:
    """(n, h, w, k k s s) -> filters (n, h, w, k k, s s), positive, with sum 1 over the taps."""
    _check_logits("dynamic_filters", array_of(logits), s)
    return _filters(logits, s=s)


def dynamic_upsample(x: Array, logits: Array, residual: Array | None = None, *, s: int) -> Array:
    """Enlarge `x` s times by filters of its own for every pixel of the result, and add the residual.

    x         (n, h, w, c)
    logits    (n, h, w, k k s s), from which the filters are made; k odd follows from their number
    residual  (n, h, w, s s c) or None
    Returns (n, s h, s w, c). Raises ShapeError naming what came and what was expected.
    """
    n, h, w, c = check(array_of(x), "n h w c", who="dynamic_upsample input")
    _check_logits("dynamic_upsample", array_of(logits), s)
    check(array_of(logits), "n h w k", who="dynamic_upsample logits", n=n, h=h, w=w)
    if residual is not None:
        check(array_of(residual), "n h w k", who="dynamic_upsample residual", n=n, h=h, w=w, k=s * s * c)
    return _upsample(x, logits, residual, s=s)


def _check_logits(who: str, logits: np.ndarray, s: int) -> None:
    *_, channels = check(logits, "n h w k", who=f"{who} logits")
    side = isqrt(channels)
    if s < 1 or channels == 0 or side * side != channels or side % s or side // s % 2 == 0:
        raise ShapeError(f"{who}: got {channels} logits per pixel and scale {s}, expected scale >= 1 and "
                         "(k * scale)^2 logits with k odd", fix="DUF has 25 * scale^2")

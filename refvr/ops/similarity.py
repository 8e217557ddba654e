"""Similarity loss: two networks are to agree on how alike the frames of a clip are (ReMoNet's mutual distillation).

For every clip n, with F = y[n] as a matrix of t rows (frames) and h w c columns:

    G = F F^T                                         (t, t): products of every two frames
    r_i = ||G_i||,  Ghat_i = G_i / max(r_i, guard)     each row of length 1
    loss = sum over n of  sum (Ghat(y2) - Ghat(y1))^2 / t^2

y1, y2  (n, t, h, w, c)         guard  1e-12
The loss is a sum over clips, not a mean; t^2 divides it. Neither input is held constant: it drives both.
Adjoint, per clip: g = dL/dGhat = -+ 2 (Ghat2 - Ghat1) / t^2, then
    dG_i = (g_i - Ghat_i (Ghat_i . g_i)) / r_i        where r_i >= guard
    dG_i = g_i / guard                                where r_i < guard: an all-zero frame has gradients of order 1e11
    dF = (dG + dG^T) F
Gram matrices are kept in float64: of two close float32 ones the difference has no correct digit.
Source: Xiang et al., "ReMoNet", AAAI 2022; xiangly55/ReMoNet, Gaussian_exp/models_ReMoNet.py, class Similarity.
"""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refvr.ops.core.bands import no_shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.shapes import check
from refvr.types import Array


def _rows(y: np.ndarray) -> np.ndarray:
    """F of every clip, (n, t, h w c) of float64."""
    return y.reshape(*y.shape[:2], -1).astype(np.float64)


def gram_plain(y: np.ndarray) -> np.ndarray:
    """F F^T of every clip, (n, t, t) of float64."""
    return _rows(y) @ _rows(y).transpose(0, 2, 1)


def row_normalised(gram: np.ndarray, guard: float) -> tuple[np.ndarray, np.ndarray]:
    """Ghat and the norms r (n, t, 1)."""
    r = np.sqrt((gram * gram).sum(axis=-1, keepdims=True))
    return gram / np.maximum(r, guard), r


def _loss(gram: Callable[[np.ndarray], np.ndarray], y1: np.ndarray, y2: np.ndarray, guard: float) -> np.ndarray:
    (ghat1, _), (ghat2, _) = (row_normalised(gram(y), guard) for y in (y1, y2))
    return np.asarray(np.sum((ghat2 - ghat1) ** 2) / y1.shape[1] ** 2, y1.dtype)


def plain(y1: np.ndarray, y2: np.ndarray, *, guard: float) -> np.ndarray:
    """The definition."""
    return _loss(gram_plain, y1, y2, guard)


def plain_adjoint(dy: np.ndarray, y: np.ndarray, y1: np.ndarray, y2: np.ndarray, *, needs: tuple[bool, bool],
                  guard: float) -> tuple[np.ndarray | None, ...]:
    """dF = (dG + dG^T) F for both inputs, as in the formula above."""
    gradients = _gram_gradients(dy, y1, y2, gram_plain, guard)
    return tuple((m @ _rows(part)).reshape(part.shape).astype(part.dtype) if need else None
                 for m, part, need in zip(gradients, (y1, y2), needs))


def _gram_gradients(dy: np.ndarray, y1: np.ndarray, y2: np.ndarray, gram: Callable[[np.ndarray], np.ndarray],
                    guard: float) -> list[np.ndarray]:
    """dG + dG^T for y1 and for y2, each (n, t, t)."""
    normalised = [row_normalised(gram(y), guard) for y in (y1, y2)]
    g2 = float(dy) * 2 * (normalised[1][0] - normalised[0][0]) / y1.shape[1] ** 2
    gradients = []
    for g, (ghat, r) in zip((-g2, g2), normalised):
        along = ghat * (ghat * g).sum(axis=-1, keepdims=True)
        dgram = np.where(r < guard, g / guard, (g - along) / np.maximum(r, guard))
        gradients.append(dgram + dgram.transpose(0, 2, 1))
    return gradients


@kernel
def _gram_rows(start: int, stop: int, f: np.ndarray, gram: np.ndarray) -> None:
    """gram[n, i, j <= i] = sum over p of f[n, i, p] f[n, j, p]; rows are (n, i). p goes to lane p % 8."""
    _, t, size = f.shape
    lanes = np.empty(8)
    for row in range(start, stop):
        n, i = row // t, row % t
        for j in range(i + 1):
            a, b = f[n, i], f[n, j]
            lanes[:] = 0.0
            for p in range(0, size - size % 8, 8):
                for lane in range(8):
                    lanes[lane] += np.float64(a[p + lane]) * np.float64(b[p + lane])
            total = 0.0
            for lane in range(8):
                total += lanes[lane]
            for p in range(size - size % 8, size):
                total += np.float64(a[p]) * np.float64(b[p])
            gram[n, i, j] = total


@kernel
def _mix_rows(start: int, stop: int, m: np.ndarray, f: np.ndarray, df: np.ndarray) -> None:
    """df[n, i] = sum over j of m[n, i, j] f[n, j]; rows are (n, i)."""
    t, size = f.shape[1], f.shape[2]
    total = np.empty(size)
    for row in range(start, stop):
        n, i = row // t, row % t
        total[:] = 0.0
        for j in range(t):
            weight, f_j = m[n, i, j], f[n, j]
            for p in range(size):
                total[p] += weight * f_j[p]
        df_i = df[n, i]
        for p in range(size):
            df_i[p] = total[p]


def gram_fast(y: np.ndarray) -> np.ndarray:
    """As `gram_plain`: half of a symmetric matrix, no BLAS (whose order of summation is its own affair)."""
    n, t = y.shape[:2]
    gram = np.zeros((n, t, t))
    run_rows(_gram_rows, n * t, np.ascontiguousarray(y).reshape(n, t, -1), gram, work=y.size * t / 2)
    return gram + np.tril(gram, -1).transpose(0, 2, 1)


def fast(y1: np.ndarray, y2: np.ndarray, *, guard: float) -> np.ndarray:
    """The definition on `gram_fast`; what follows is t^2 elements."""
    return _loss(gram_fast, y1, y2, guard)


def adjoint(dy: np.ndarray, y: np.ndarray, y1: np.ndarray, y2: np.ndarray, *, needs: tuple[bool, bool],
            guard: float) -> tuple[np.ndarray | None, ...]:
    """As the plain one, the products in kernels."""
    grads: list[np.ndarray | None] = [None, None]
    for k, m in enumerate(_gram_gradients(dy, y1, y2, gram_fast, guard)):
        if needs[k]:
            f = np.ascontiguousarray((y1, y2)[k]).reshape(*y1.shape[:2], -1)
            df = np.empty_like(f)
            run_rows(_mix_rows, df.shape[0] * df.shape[1], m, f, df, work=df.size * df.shape[1])
            grads[k] = df.reshape(y1.shape)
    return tuple(grads)


_similarity_loss = Operation("similarity_loss", plain, fast=fast, adjoint=adjoint, plain_adjoint=plain_adjoint,
                             shape=no_shape)


def similarity_loss(y1: Array, y2: Array, *, guard: float = 1e-12) -> Array:
    """ReMoNet's mutual loss between two clips or batches of clips y1, y2 (n, t, h, w, c); a single value, shape ()."""
    sizes = dict(zip("nthwc", check(y1, "n t h w c", who="similarity_loss y1")))
    check(y2, "n t h w c", who="similarity_loss y2", **sizes)
    return _similarity_loss(y1, y2, guard=float(guard))

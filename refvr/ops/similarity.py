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

from typing import Any

import numpy as np

from refvr.ops._operation import Operation
from refvr.shapes import check


def gram_plain(y: np.ndarray) -> np.ndarray:
    """F F^T of every clip, (n, t, t) of float64."""
    f = y.reshape(*y.shape[:2], -1).astype(np.float64)
    return f @ f.transpose(0, 2, 1)


def row_normalised(gram: np.ndarray, guard: float) -> tuple[np.ndarray, np.ndarray]:
    """Ghat and the norms r (n, t, 1)."""
    r = np.sqrt((gram * gram).sum(axis=-1, keepdims=True))
    return gram / np.maximum(r, guard), r


def plain(y1: np.ndarray, y2: np.ndarray, *, guard: float) -> np.ndarray:
    """The definition."""
    (ghat1, _), (ghat2, _) = (row_normalised(gram_plain(y), guard) for y in (y1, y2))
    return np.asarray(np.sum((ghat2 - ghat1) ** 2) / y1.shape[1] ** 2, y1.dtype)


def adjoint(dy: np.ndarray, y: np.ndarray, y1: np.ndarray, y2: np.ndarray, *, needs: tuple[bool, bool],
            guard: float) -> tuple[np.ndarray | None, ...]:
    """dF = (dG + dG^T) F for both inputs, as in the formula above."""
    (ghat1, r1), (ghat2, r2) = (row_normalised(gram_plain(part), guard) for part in (y1, y2))
    g = float(dy) * 2 * (ghat2 - ghat1) / y1.shape[1] ** 2
    dy1 = _through_gram(-g, ghat1, r1, y1, guard) if needs[0] else None
    dy2 = _through_gram(g, ghat2, r2, y2, guard) if needs[1] else None
    return dy1, dy2


def _through_gram(g: np.ndarray, ghat: np.ndarray, r: np.ndarray, y: np.ndarray, guard: float) -> np.ndarray:
    """dL/dGhat -> dL/dy."""
    along = ghat * (ghat * g).sum(axis=-1, keepdims=True)
    dgram = np.where(r < guard, g / guard, (g - along) / np.maximum(r, guard))
    f = y.reshape(*y.shape[:2], -1).astype(np.float64)
    return ((dgram + dgram.transpose(0, 2, 1)) @ f).reshape(y.shape).astype(y.dtype)


_similarity_loss = Operation("similarity_loss", plain, adjoint=adjoint)


def similarity_loss(y1: Any, y2: Any, *, guard: float = 1e-12) -> Any:
    """ReMoNet's mutual loss between two clips or batches of clips y1, y2 (n, t, h, w, c); a single value, shape ()."""
    sizes = dict(zip("nthwc", check(y1, "n t h w c", who="similarity_loss y1")))
    check(y2, "n t h w c", who="similarity_loss y2", **sizes)
    return _similarity_loss(y1, y2, guard=float(guard))

"""What may have happened to a value as a whole, whatever made it: for hints of `compare` and the search of `diagnose`.

A transform is judged by how much of a difference goes with it (patterns.py), or by whether it explains all of it
(diagnose/result_transforms.py).
"""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Symmetry(NamedTuple):
    """Of a picture (..., h, w, c): name, what follows "the result", a view of the picture so."""

    name: str
    says: str
    of: Callable[[np.ndarray], np.ndarray]


SYMMETRIES = (
    Symmetry("transposed", "with rows and columns exchanged", lambda y: y.swapaxes(-3, -2)),
    Symmetry("upside_down", "upside down", lambda y: y[..., ::-1, :, :]),
    Symmetry("mirrored", "mirrored, left to right", lambda y: y[..., ::-1, :]),
)


def factor_of(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The factor with which ours is nearest to theirs."""
    return float((ours * theirs).sum() / max(float((ours * ours).sum()), 1e-300))


def offset_of(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The constant with which ours is nearest to theirs."""
    return float((theirs - ours).mean())


def order_of_channels(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """order with theirs[:, c] nearest to ours[:, order[c]], of samples (p, c)."""
    distances = (theirs * theirs).sum(0)[:, None] - 2 * theirs.T @ ours + (ours * ours).sum(0)[None]
    return distances.argmin(1)

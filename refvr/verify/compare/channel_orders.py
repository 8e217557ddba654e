"""Where official code has its channels in another order than we have: both orders are tried, the one that fits stays.

STFAN   filters: c * 25 + tap, ours tap * C + c
SAFA    colours blue first: the last convolution (colour * 4 + place), images
DUF     residual: BasicSR has colour * s * s + place, we and TensorFlow place * 3 + colour
"""
from __future__ import annotations

from fnmatch import fnmatchcase

import numpy as np

Order = tuple[int, ...] | None


def _filters(c: int) -> np.ndarray:
    return np.arange(c).reshape(-1, 25).T.ravel()      # ours t * C + c reads theirs c * 25 + t


def _colours(c: int) -> np.ndarray:
    return np.arange(c)[::-1]


def _colours_of_four(c: int) -> np.ndarray:
    return np.arange(c).reshape(3, 4)[::-1].ravel()


def _residual(c: int) -> np.ndarray:
    return np.arange(c).reshape(3, -1).T.ravel()


_TABLE = {
    "stfan": [("*.filters", _filters)], "stfan_seed": [("*.filters", _filters)],
    "safa": [("decoder.out", _colours_of_four), ("warped?", _colours), ("decoder", _colours), ("output", _colours)],
    "duf": [("residual2", _residual)],
}


def orders_of(network: str, base: str, channels: int) -> list[Order]:
    """The orders that the channels of somebody's value of this name may have; None is ours."""
    known = [order for pattern, order in _TABLE.get(network, ()) if fnmatchcase(base, pattern)]
    return [None, *(tuple(int(k) for k in order(channels)) for order in known)]

"""The nine transforms that FastDVDnet and ReMoNet draw from for every batch: the eight symmetries of a square, a shift.

x  (..., h, w, c); rot90 turns the axis h towards the axis w (numpy.rot90), flipud reverses h after a rotation
add_constant adds one normal value of std 5/255 per sample (first axis) to all of its pixels
Source: m-tassano/fastdvdnet, utils.py, normalize_augment; the weights 32 and 12 are its too.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from refvr.errors import InputError

WEIGHTS = {"do_nothing": 32, "flipud": 12, "rot90": 12, "rot90_flipud": 12, "rot180": 12, "rot180_flipud": 12,
           "rot270": 12, "rot270_flipud": 12, "add_constant": 12}
KINDS = tuple(WEIGHTS)
CONSTANT_STD = 5 / 255

Key = TypeVar("Key")


def augment(x: np.ndarray, kind: str, rng: np.random.Generator | None = None) -> np.ndarray:
    """Transform `x` (..., h, w, c) by the named kind; only "add_constant" needs `rng`. A new, contiguous array."""
    if kind not in WEIGHTS:
        raise InputError(f"augment: got {kind!r}, expected one of {', '.join(KINDS)}")
    if kind == "add_constant":
        if rng is None:
            raise InputError("augment: add_constant draws a number and needs rng", fix="give a numpy Generator")
        shift = CONSTANT_STD * rng.standard_normal((len(x),) + (1,) * (x.ndim - 1))
        return x + shift.astype(x.dtype)
    rotation, _, flip = kind.partition("_")
    turns = int(rotation[3:]) // 90 if rotation.startswith("rot") else 0
    y = np.rot90(x, turns, axes=(-3, -2))
    return np.ascontiguousarray(y[..., ::-1, :, :] if "flipud" in (rotation, flip) else y)


def draw_kind(rng: np.random.Generator) -> str:
    """One of the nine, with the official weights."""
    return draw_from(rng, WEIGHTS)


def draw_from(rng: np.random.Generator, weights: Mapping[Key, float]) -> Key:
    """A key of `weights`, with probability proportional to its value."""
    bounds = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(bounds, rng.random() * bounds[-1], side="right"))]

"""The recipe that every number of a conformance vector is made by: 32-bit integers, so that any language can repeat it.

    seed  FNV-1a of the UTF-8 bytes of "VECTOR/ARRAY":   h = 2166136261;  h = (h ^ byte) * 16777619
    z     of element k, counted in memory order:         z = seed + (k + 1) * 0x9E3779B9
          z = (z ^ z >> 16) * 0x21F0AAAD;  z = (z ^ z >> 15) * 0x735A2D97;  z = z ^ z >> 15
    u     (z >> 8) / 8388608 - 1                         or, with "levels" n:  2 (z mod n) / (n - 1) - 1
    value shift + scale * u                              in float64, then rounded to float32

All integers are unsigned and modulo 2^32; u lies in [-1, 1).
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Recipe:
    """How one array is made: shape, and scale, shift and levels as in the module."""

    shape: tuple[int, ...]
    scale: float = 1.0
    shift: float = 0.0
    levels: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"shape": list(self.shape), "scale": self.scale, "shift": self.shift, "levels": self.levels}


def seed_of(text: str) -> int:
    """FNV-1a, 32 bits.

    >>> hex(seed_of("a"))
    '0xe40c292c'
    """
    h = 2166136261
    for byte in text.encode():
        h = ((h ^ byte) * 16777619) & 0xFFFFFFFF
    return h


def draw(text: str, recipe: Recipe) -> np.ndarray:
    """The array named `text`, "VECTOR/ARRAY": float32.

    >>> draw("a/b", Recipe((3,)))
    array([-0.17...], dtype=float32)
    """
    k = np.arange(1, int(np.prod(recipe.shape, dtype=np.int64)) + 1, dtype=np.uint32)
    z = np.uint32(seed_of(text)) + k * np.uint32(0x9E3779B9)
    z = (z ^ z >> np.uint32(16)) * np.uint32(0x21F0AAAD)
    z = (z ^ z >> np.uint32(15)) * np.uint32(0x735A2D97)
    z = z ^ z >> np.uint32(15)
    if recipe.levels:
        u = 2.0 * (z % np.uint32(recipe.levels)) / (recipe.levels - 1) - 1.0
    else:
        u = (z >> np.uint32(8)) / 8388608.0 - 1.0
    return (recipe.shift + recipe.scale * u).reshape(recipe.shape).astype(np.float32)

"""Drawn numbers."""
import numpy as np


def numbers(*shape, seed=5, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)

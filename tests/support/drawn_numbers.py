"""Drawn numbers."""
import numpy as np


def numbers(*shape, seed=5):
    return np.random.default_rng(seed).standard_normal(shape)

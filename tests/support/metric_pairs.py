"""A clip and another near it."""
import numpy as np


def pair(shape, seed=3):
    rng = np.random.default_rng(seed)
    clean = rng.random(shape, np.float32)
    return np.clip(clean + 0.1 * rng.standard_normal(shape), 0, 1).astype(np.float32), clean

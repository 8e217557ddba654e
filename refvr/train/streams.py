"""Random numbers of a run: one independent stream for each purpose and step.

What is drawn in step k depends on the seed and on k only, not on what was drawn before. So a resumed run sees the same
batches as one that was never stopped, and a batch may be prepared ahead in another thread.
"""
from __future__ import annotations

import numpy as np

WEIGHTS, BATCH, VALIDATION, POOL = range(4)  # purposes


def stream(seed: int, purpose: int, *numbers: int) -> np.random.Generator:
    """The generator of `purpose` for step (or network, or clip) `numbers`."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, *numbers)))

"""Learning rates as functions of the step, counted from 0. They have no state, so a resumed run needs none.

    cosine_epochs   peak / 2 (1 + cos(pi (e + 1) / epochs)), e = step // steps_per_epoch       the official ReMoNet run
    warmup_cosine   peak (step + 1) / warmup, then floor + (peak - floor) / 2 (1 + cos(pi p)), p = share of the run done

`cosine_epochs` has the order of the published script, `scheduler.step()` at the start of every epoch: the first epoch
is one notch down already and the last epoch has rate 0. `late=False` gives cos(pi e / epochs), what the same script
does with PyTorch before 1.1.
"""
from __future__ import annotations

import math

from refvr.errors import InputError


def cosine_epochs(step: int, *, peak: float, epochs: int, steps_per_epoch: int, late: bool = True) -> float:
    """Learning rate of optimiser step `step`; constant within an epoch, 0 after the last."""
    _check(step, epochs)
    epoch = min(step // steps_per_epoch + late, epochs)
    return peak / 2 * (1 + math.cos(math.pi * epoch / epochs))


def warmup_cosine(step: int, progress: float, *, peak: float, warmup: int = 0, floor: float = 0.0) -> float:
    """Learning rate of step `step` (>= 0): a rise over `warmup` steps, then a cosine down to `floor` at progress 1."""
    _check(step, 1)
    if step < warmup:
        return peak * (step + 1) / warmup
    return floor + (peak - floor) / 2 * (1 + math.cos(math.pi * min(1.0, progress)))


def _check(step: int, length: int) -> None:
    if step < 0 or length < 1:
        raise InputError(f"schedule: got step {step} of {length}, expected step >= 0 and a length of at least 1")

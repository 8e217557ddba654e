"""Learning rates as functions of the step, counted from 0. They have no state, so a resumed run needs none.

    cosine_epochs   peak / 2 (1 + cos(pi (e + 1) / epochs)), e = step // steps_per_epoch       the official ReMoNet run
    warmup_cosine   peak (step + 1) / warmup, then floor + (peak - floor) / 2 (1 + cos(pi p)), p = share of the run done
    cosine_restarts floor + f (peak - floor) / 2 (1 + cos(pi (step - begin) / length)), f by period              EDVR
    multi_step      peak f^k after k of the milestones                                         STFAN

`cosine_epochs` has the order of the published script, `scheduler.step()` at the start of every epoch: the first epoch
is one notch down already and the last epoch has rate 0. `late=False` gives cos(pi e / epochs), what the same script
does with PyTorch before 1.1.
"""
from __future__ import annotations

import math
from collections.abc import Sequence

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


def cosine_restarts(step: int, *, peak: float, floor: float, periods: Sequence[int], factors: Sequence[float]) -> float:
    """Learning rate of step `step`: a cosine in each period; the step on a boundary belongs to the earlier one.

    periods  their lengths in steps; factors: of the rate in each. After the last period the rate is `floor`.
    Source: XPixelGroup/BasicSR, CosineAnnealingRestartLR; its training files of EDVR restart after 50k to 150k steps.
    """
    _check(step, min(periods))
    begin = 0
    for length, factor in zip(periods, factors):
        if step <= begin + length:
            return floor + factor * 0.5 * (peak - floor) * (1 + math.cos(math.pi * (step - begin) / length))
        begin += length
    return floor


def cosine_periods(progress: float, *, peak: float, floor: float, periods: Sequence[float], factors: Sequence[float]
                   ) -> float:
    """`cosine_restarts` for runs of any length: periods are shares of the run, `progress` is what is done."""
    begin = 0.0
    for length, factor in zip(periods, factors):
        if progress <= begin + length:
            return floor + factor * 0.5 * (peak - floor) * (1 + math.cos(math.pi * (progress - begin) / length))
        begin += length
    return floor


def multi_step(step: int, *, peak: float, milestones: Sequence[int], steps_per_epoch: int, factor: float = 0.1,
               late: bool = True) -> float:
    """Learning rate of step `step`: times `factor` from each of the epochs `milestones` on.

    late  as in `cosine_epochs`: the scheduler steps before each epoch, so that every fall comes an epoch early
    """
    _check(step, steps_per_epoch)
    epoch = step // steps_per_epoch + late
    return peak * factor ** sum(epoch >= milestone for milestone in milestones)


def _check(step: int, length: int) -> None:
    if step < 0 or length < 1:
        raise InputError(f"schedule: got step {step} of {length}, expected step >= 0 and a length of at least 1")

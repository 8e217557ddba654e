"""Parts of training: the optimiser with its schedule, augmentation, orthogonal kernels."""
from __future__ import annotations

import numpy as np

from refvr.checkpoints import names
from refvr.train.augment import KINDS, augment
from refvr.train.optim import Adam
from refvr.train.schedules import cosine_epochs
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, setting
from refvr.verify.cases.layout import channels_first, channels_last
from refvr.verify.cases.steps.orthogonalise import orthogonalise


def run_adam_cosine(case: Case, dtype: DType) -> Answer:
    """params[k] is the parameter after step k, lr[k] the rate of that step; a schedule that steps before each epoch."""
    w, grads = (array.astype(dtype) for array in given(case, "w", "grads"))
    peak, eps = (setting(case, case.config, name, float) for name in ("lr", "eps"))
    epochs, steps = (setting(case, case.config, name, int) for name in ("T_max", "steps_per_epoch"))
    rates = [cosine_epochs(k, peak=peak, epochs=epochs, steps_per_epoch=steps) for k in range(len(grads))]
    optimiser, path = Adam(betas=setting(case, case.config, "betas", tuple), eps=eps), []
    for rate, gradient in zip(rates, grads):
        optimiser.step({"w": w}, {"w": gradient}, lr=rate)
        path.append(w.copy())
    return Answer({"lr": np.array(rates), "params": np.stack(path)})


def run_augment(case: Case, dtype: DType) -> Answer:
    """The eight symmetries of a square."""
    (x,) = given(case, "x")
    return Answer({kind: channels_first(augment(channels_last(x, dtype), kind))
                   for kind in KINDS if kind != "add_constant"})


def run_orthogonalisation(case: Case, dtype: DType) -> Answer:
    """Each kernel of the case by itself."""
    return Answer({name: names.official_layout(orthogonalise(names.our_layout(weight).astype(dtype)))
                   for name, weight in case.inputs.items()})


ADAM_COSINE = Family(run_adam_cosine)
AUGMENT = Family(run_augment, exact=True)
ORTHOGONALISATION = Family(run_orthogonalisation)

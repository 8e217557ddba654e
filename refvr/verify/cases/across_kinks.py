"""Gradients beside a kink, judged exactly: against those in float64 of inputs a few roundings away.

Where rounding takes a ReLU's input to the other side of zero, gradients jump. How far can be measured (spread.py), but
so wide a tolerance says little, and a jump of a tenth of the peak leaves nothing to judge by. Yet what was computed
must be the gradient somewhere near: at inputs that differ by no more than rounding, on the same side of every kink. So
float64 runs at such inputs take the place of the original's answer, one after the other, until all gradients of the
case agree with one of them within their usual tolerances. A wrong gradient agrees with none.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from refvr.errors import InputError
from refvr.verify.cases.case import Case
from refvr.verify.cases.families import Family
from refvr.verify.cases.layout import sample

DRAWS = 32
ROUNDINGS = (1.0, 64.0)  # units in the last place by which inputs differ at most, from .. to: sums have many of them
SAYS = "from the float64 gradient at inputs some roundings away, where every ReLU's input has the same sign"


def moved_cases(case: Case, family: Family, names: Iterable[str]) -> Iterator[Case]:
    """The case with other answers for the gradients `names`: those in float64 at moved inputs, of DRAWS draws.

    Where it has answers in both types, that of float32 moves along, so that its noise stays what it is.
    """
    rng, names = np.random.default_rng(1), list(names)
    for _ in range(DRAWS):
        answer = family.run(replace(case, inputs=_moved(case.inputs, rng)), np.dtype(np.float64))
        try:
            near = {name: sample(answer.outputs[name], case.outputs[name].shape, case.sampling(name)) for name in names}
        except (InputError, KeyError):
            return   # the comparison says so
        double = {name: x for name, x in near.items() if name in case.outputs64}
        single = {name: x + (case.outputs[name] - case.outputs64[name]) if name in double else x.astype(np.float32)
                  for name, x in near.items()}
        yield replace(case, outputs=case.outputs | single, outputs64=case.outputs64 | double)


def _moved(inputs: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Every element of a floating type up or down by so many units of float32."""
    low, high = ROUNDINGS
    relative = low * (high / low) ** rng.random() * float(np.finfo(np.float32).eps) / 2
    return {name: x.astype(np.float64) * (1 + relative * rng.choice([-1.0, 1.0], x.shape)) if x.dtype.kind == "f" else x
            for name, x in inputs.items()}

"""The noise of outputs at which rounding grows, measured: float32 runs whose inputs differ in the last place.

Differences between our own runs: an error that they share is not among them, and stays to be found. A run is one draw
of that noise, so the largest of few draws may be small by luck and more draws can only bring it nearer to what it is.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from refvr.errors import InputError
from refvr.verify.cases.case import Case
from refvr.verify.cases.families import Answer, Family
from refvr.verify.cases.layout import sample

Spread = dict[str, np.ndarray]


def spreads(case: Case, family: Family, answer: Answer, names: Iterable[str]) -> Iterator[Spread]:
    """After one draw more each time: the largest change so far of each output among `names`, from `answer`.

    Changes have the shape of what the case keeps; outputs that cannot be compared with it have none.
    """
    rng = np.random.default_rng(0)
    found: Spread = {}
    names = [name for name in names if name in case.outputs64 and name in answer.outputs]
    while True:
        moved = family.run(replace(case, inputs=_moved(case.inputs, rng)), np.dtype(np.float32))
        for name in names:
            change = np.abs(moved.outputs[name].astype(np.float64) - answer.outputs[name])
            try:
                change = sample(change, case.outputs[name].shape, case.sampling(name))
            except InputError:
                continue  # the comparison says so
            found[name] = np.maximum(found.get(name, 0.0), change)
        yield found


def _moved(inputs: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Every element one unit in the last place up or down."""
    return {name: np.nextafter(x, rng.choice([-np.inf, np.inf], x.shape).astype(x.dtype)) if x.dtype.kind == "f" else x
            for name, x in inputs.items()}

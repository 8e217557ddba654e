"""Where most values of a port are off by a little each: whether weights or arithmetic in fewer digits explain that.

A mistake makes one layer wrong. Weights that were stored in bfloat16 and are computed with in float32 make nearly all
of them wrong, by little, and no value shows it: each has all digits of float32.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from refvr.verify.compare.isolate import Own, exact_run, isolate
from refvr.verify.compare.pairs import Alignment
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.emulate import rounded
from refvr.verify.runs.network_call import Subject

LEAST, MOST = 4, 0.5    # so many values, and this share of all, are "most"
LITTLE = 0.05           # of the peak, for the value in the middle of them
EXPLAINED = 0.9         # of the wrong values; one of them may have a mistake of its own besides
ARITHMETIC = ("tf32", "fp16", "bf16")   # that of int8 is near to almost anything

class Digits(NamedTuple):
    """What explains wrong values, in words, and whether it explains all: then there is no mistake to look for."""

    says: str = ""
    all: bool = False


Rounding = Callable[[np.ndarray], np.ndarray]


def in_fewer_digits(subject: Subject, alignment: Alignment, theirs: Arrays, owns: Sequence[Own]) -> Digits:
    """What would explain most of the wrong values; nothing where nothing does, or few are wrong."""
    wrong = {own.name: own for own in owns if own.times > 1}
    if len(wrong) < max(LEAST, MOST * len(owns)) or np.median([own.error.max_rel for own in wrong.values()]) > LITTLE:
        return Digits()
    stage_of = {own.name: own.stage for own in owns}
    for kind, says, other in _with_rounded_weights(subject):
        def few_are_right(trial: Mapping[str, Own]) -> bool:
            return _right(trial, wrong) < EXPLAINED * len(trial.keys() & wrong) and len(trial.keys() & wrong) >= LEAST

        right = _right(exact_run(other, alignment, theirs, stage_of=stage_of, enough=few_are_right).owns, wrong)
        if right >= EXPLAINED * len(wrong):
            return Digits(f"{right} of {len(wrong)} wrong values are right if our weights are {says}: so are yours "
                          f"(--precision {kind} allows for it)", right == len(wrong))
    for kind in ARITHMETIC:
        trial = isolate(subject, alignment, theirs, precision=kind, stage_of=stage_of)
        right = sum(own.times <= 1 for own in trial if own.name in wrong)
        if right >= EXPLAINED * len(wrong):
            return Digits(f"{right} of {len(wrong)} wrong values, all off by a little, are within what rounding to "
                          f"{kind} explains: is that what your port computes in? (--precision {kind} judges it so)",
                          right == len(wrong))
    return Digits()


def _right(trial: Mapping[str, Own], wrong: Mapping[str, Own]) -> int:
    return sum(trial[name].error.max_abs <= own.explained for name, own in wrong.items() if name in trial)


def _with_rounded_weights(subject: Subject) -> Iterator[tuple[str, str, Subject]]:
    """(precision, what was done to the weights, the subject with such weights); biases are rounded too, or not."""
    ways: list[tuple[str, str, Rounding]] = [
        ("fp16", "rounded to float16", partial(rounded, precision="fp16")),
        ("bf16", "rounded to bfloat16", partial(rounded, precision="bf16")),
        ("bf16", "rounded to bfloat16, halves away from zero", lambda x: _first_half(x, 0x8000)),
        ("bf16", "cut off to bfloat16", lambda x: _first_half(x, 0)),
        ("int8", "rounded to int8 with a scale for each output channel", partial(rounded, precision="int8",
                                                                               parameter=True))]
    for kind, says, change in ways:
        for least, apart in ((1, ""), (2, " (but for biases)")):
            net = deepcopy(subject.net).astype(np.float32)
            yield kind, says + apart, replace(subject, net=net.load({
                name: change(x) if x.dtype.kind == "f" and x.ndim >= least else x for name, x in net.state().items()}))


def _first_half(x: np.ndarray, more: int) -> np.ndarray:
    """The first two bytes of float32, with `more` added to all four before."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + np.uint32(more)) & np.uint32(0xFFFF0000)).view(np.float32)

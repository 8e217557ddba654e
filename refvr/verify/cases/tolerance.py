"""How far an answer may be from a case, and why: tolerances come from noise that was measured or stated, never tuned.

    noise      n32 = |float32 run of the original - its float64 run|, the largest in the output (stored in the case),
               or what the specification states for the family, whichever is more; at least eps32 times the peak
    float32    4 n32 from the original's float64 answer: another order of sums, the same kind of noise
    float64    8 n32 eps64 / eps32 from it: the same noise in float64, and the stored answer has it too
    on the way (traces, stored from the float32 run only) 8 n32 in float32, both runs have noise; 4 n32 in float64,
               only the stored one has
    counts, indices and whatever only moves elements: equal

The precisions "winograd" and "direct" have the same floors. Winograd's sums are other sums of the same kind of noise:
layer by layer their errors were measured at about those of direct sums (docs/verify.md), so nothing is added for them.

After optimiser steps rounding is amplified a thousandfold, and differently each time: there the specifications say to
judge in float64. For float32 the noise is measured anew, as the spread of runs whose inputs differ in the last place.
Gradients have kinks: where rounding takes the input of a ReLU to the other side of zero they jump, by 1e-2 of their
peak where a picture is small. Where stored noise does not explain a float32 gradient, that is measured the same way.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families import Family, matches

FACTOR = 4.0
LARGEST = 0.05  # noise, relative; of a case whose own two answers differ by more nothing can be said
_EPS32, _EPS64 = float(np.finfo(np.float32).eps), float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Tolerance:
    """Allowed |difference|: one number, or one for every element. `origin` says in words where it comes from."""

    value: np.ndarray
    origin: str


def truth(case: Case, group: str, name: str) -> np.ndarray:
    """What to compare with: the float64 answer of the original where there is one."""
    return case.outputs64.get(name, case.outputs[name]) if group == "outputs" else case.trace[name]


def tolerance(case: Case, family: Family, group: str, name: str, dtype: DType,
              spread: Mapping[str, np.ndarray]) -> Tolerance:
    """Tolerance of one output (group "outputs") or intermediate value (group "trace") in a run of type `dtype`.

    spread  {name: |difference|} between float32 runs whose inputs differ in the last place, where that was measured
    """
    want = truth(case, group, name)
    if family.exact or want.dtype.kind != "f":
        return Tolerance(np.zeros(()), "equal: it is counted or only moved")
    size, unit, factor = _size(family, name, want), *_factor(want, dtype)
    relative, origin = _noise(case, family, group, name)
    if name in spread:
        drawn = np.maximum(_over(spread[name], size), _stored(case, family, name))
        grows = matches(name, family.grows)
        relative = np.maximum(drawn if size.ndim else drawn.max(initial=0.0), _EPS32 if grows else relative)
        origin = "runs whose inputs differ in the last place: " + (
            "rounding grows after optimiser steps, judge in float64" if grows else
            "rounding takes a ReLU's input to the other side of zero, judge in float64")
    if np.max(relative) > LARGEST:
        return Tolerance(np.zeros(()), f"none: noise of {np.max(relative):.0%} ({origin}) leaves nothing to judge by")
    scaled = "eps64/eps32 x " if unit < 1 else ""
    return Tolerance(np.asarray(factor * unit * relative * size),
                     f"{factor:g} x {scaled}{np.max(relative):.1e} of the size ({origin})")


def _factor(want: np.ndarray, dtype: DType) -> tuple[float, float]:
    """(unit, factor): noise counts twice where both the run and the stored values have it."""
    if want.dtype == np.float64:
        return (_EPS64 / _EPS32, 2 * FACTOR) if dtype == np.float64 else (1.0, FACTOR)
    return 1.0, FACTOR if dtype == np.float64 else 2 * FACTOR


def _size(family: Family, name: str, want: np.ndarray) -> np.ndarray:
    """What noise is relative to: the peak, or the size of each element where these are different quantities."""
    size = np.abs(want.astype(np.float64))
    return size if matches(name, family.each) else size.max(initial=0.0)


def _noise(case: Case, family: Family, group: str, name: str) -> tuple[float, str]:
    """Float32 noise of the original relative to the size, and where it is known from.

    Intermediate values have no float64 run; the noise of the case's outputs stands for theirs.
    """
    names = [name] if group == "outputs" and name in case.outputs64 else list(case.outputs64)
    found = [(float(_stored(case, family, other).max(initial=0.0)),
              f"{other}, float32 against float64 run of the original") for other in names]
    if matches(name, family.floor_for):
        found.append((family.floor, family.stated))
    return max([*found, (_EPS32, "one float32 rounding")])


def _stored(case: Case, family: Family, name: str) -> np.ndarray:
    """|outputs - outputs64| of every element of one output, relative to the size."""
    truth64 = case.outputs64[name].astype(np.float64)
    if case.outputs64[name].dtype.kind != "f":
        return np.zeros(())
    return _over(np.abs(case.outputs[name] - truth64), _size(family, name, truth64))


def _over(noise: np.ndarray, size: np.ndarray) -> np.ndarray:
    """noise / size, 0 where the size is 0."""
    return np.divide(noise, size, out=np.zeros_like(noise), where=size > 0)

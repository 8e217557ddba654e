"""What a family of cases is: how to run it, and what its specification says about float32 noise."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from refvr.autodiff import Tensor
from refvr.errors import InputError, MissingGradientError
from refvr.nn import Trace, trace
from refvr.types import DType
from refvr.verify.cases.case import Case


def _unchanged(case: Case) -> Case:
    return case


@dataclass
class Answer:
    """What this engine computes for a case, under the names and in the layout of the case."""

    outputs: dict[str, np.ndarray]
    trace: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Family:
    """One kind of case.

    run     (case, dtype) -> Answer, under the backend in force; of a network (case, dtype, watched) -> Answer
    network whether the case is a network in use, which is judged twice: as `refvr restore` runs it, by the plan
            with norms folded (watched False), and traced. Only the traced run has intermediate values.
    floor   difference of the original's own float32 run from its float64 run, relative to the peak, as its
            specification or the cases state it; 0 where only the case itself says
    stated  where `floor` is stated; floor_for: the outputs it is stated for
    exact   the family only moves elements: every output must be equal to the bit
    each    outputs whose elements are different quantities (losses, norms): each is judged by its own size, not by
            the peak of them all. Patterns with * are allowed.
    grows   outputs after optimiser steps, where rounding grows: Adam divides by sqrt(v), so that where a gradient is
            nearly zero its sign decides. One float32 run of the original is one draw of that noise; more are made.
    kinks   gradients: where rounding takes the input of a ReLU to the other side of zero, they jump. Judged by the
            stored noise first; where that does not explain a difference, more draws are made.
    prepare takes out of a case what its notes say is not comparable, before noise is measured and answers are judged
    """

    run: Callable[..., Answer]
    network: bool = False
    floor: float = 0.0
    stated: str = ""
    floor_for: tuple[str, ...] = ("*",)
    exact: bool = False
    each: tuple[str, ...] = ()
    grows: tuple[str, ...] = ()
    kinks: tuple[str, ...] = ()
    prepare: Callable[[Case], Case] = _unchanged


@contextmanager
def heard(watched: bool) -> Iterator[Trace]:
    """`trace()` for a watched run; otherwise intermediate values are not requested, as in `refvr restore`."""
    if not watched:
        yield Trace()
        return
    with trace() as collected:
        yield collected


@contextmanager
def overheard(watched: bool) -> Iterator[None]:
    """A listener for whole clips, which keeps nothing."""
    if not watched:
        yield
        return
    with trace(lambda name, value: None):
        yield


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns, with *, fits the name."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def given(case: Case, *names: str) -> list[np.ndarray]:
    """The inputs of these names; InputError if the case lacks one."""
    missing = [name for name in names if name not in case.inputs]
    if missing:
        raise InputError(f"{case.path}: no input {missing[0]!r}, expected {', '.join(names)} for {case.family}")
    return [case.inputs[name] for name in names]


def bias(case: Case) -> list[np.ndarray]:
    """The bias of the case, if it has one."""
    return [case.inputs["bias"]] if "bias" in case.inputs else []


def setting(case: Case, values: Mapping[str, Any], name: str, kind: type) -> Any:
    """values[name] as `kind`; InputError if the case lacks it or has something else there."""
    try:
        return kind(values[name])
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{case.path}: got {name} = {values.get(name)!r} in meta, expected {kind.__name__}") from None


def leaves(dtype: DType, *arrays: np.ndarray) -> list[Tensor]:
    """Tensors of these arrays."""
    return [Tensor(np.ascontiguousarray(array, dtype)) for array in arrays]


def gradient(leaf: Tensor) -> np.ndarray:
    """What `backward` left there. Raises MissingGradientError where nothing came back."""
    if leaf.grad is None:
        raise MissingGradientError(f"{leaf!r}: no gradient came back, expected one")
    return leaf.grad


def gradients(parameters: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """Name -> gradient, of those that the loss depends on."""
    return {name: leaf.grad for name, leaf in parameters.items() if leaf.grad is not None}


def suffixes(names: Iterable[str], prefix: str) -> list[str]:
    """What follows `prefix` in the names that begin with it."""
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]

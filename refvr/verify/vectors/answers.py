"""The answers of a vector: what is right, how far float32 may be off, gradients, and the effect of every mistake.

    tolerance          8 times the difference between our float32 and float64 runs, at least 8 eps32 of the peak, or 8
                       times the floor that the vector states; direct sums (precision "direct"), so that no faster
                       algorithm of ours moves a tolerance, and with it the hash of an export
    tolerance_float64  the same times eps64 / eps32
    effect             max |wrong - right| / max |right| of a mistake, two digits; null where the shape is another one
A mistake is a flag of the vector if its effect is more than 4 tolerances.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from refvr import ops
from refvr.autodiff import Tensor, backward
from refvr.errors import MissingGradientError, RefvrError
from refvr.types import DType
from refvr.verify.mistakes import MISTAKES, SUBJECTS, Mistake, NotHereError, mistakes_of
from refvr.verify.runs.planted import planted, recorded
from refvr.verify.vectors.networks import NetworkVector
from refvr.verify.vectors.operations import MARGIN, Vector
from refvr.verify.vectors.recipe import Recipe, draw

EPS32, EPS64 = float(np.finfo(np.float32).eps), float(np.finfo(np.float64).eps)
SEEN = 4.0
_NO_GRADIENT = {("batch_norm", "mean"), ("batch_norm", "var")}


@dataclass
class Flag:
    """A mistake that a vector catches."""

    mistake: Mistake
    effect: float | None


@dataclass
class Answers:
    """`y` and `gradients` (operand -> array, "dy" given) in float64; tolerances of "y" and of each "grad_OPERAND"."""

    y: np.ndarray
    tolerance: dict[str, float]
    gradients: dict[str, np.ndarray] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)


def answers(vector: Vector | NetworkVector, flags: bool = True) -> Answers:
    """Compute everything, in our own kernels."""
    with ops.precision("direct"):
        (y, grads), (y32, grads32) = (
            _run_network(vector, dtype) if isinstance(vector, NetworkVector) else _run_operation(vector, dtype)
            for dtype in (np.float64, np.float32))
    found = Answers(y, {"y": _tolerance(y, y32, vector.floor)}, grads)
    found.tolerance |= {f"grad_{name}": _tolerance(grads[name], grads32[name], vector.floor) for name in grads}
    wrong = _wrong_networks(vector) if isinstance(vector, NetworkVector) else _wrong_operations(vector)
    for mistake, result in wrong if flags else ():
        effect = float(np.abs(result - y).max(initial=0.0)) if result.shape == y.shape else None
        if effect is None or not effect <= SEEN * found.tolerance["y"]:
            peak = float(np.abs(y).max(initial=0.0)) or 1.0
            found.flags.append(Flag(mistake, effect if effect is None or not np.isfinite(effect)
                                    else float(f"{effect / peak:.1e}")))
    return found


def _tolerance(double: np.ndarray, single: np.ndarray, floor: float) -> float:
    peak = float(np.abs(double).max(initial=0.0))
    noise = max(float(np.abs(single - double).max(initial=0.0)), max(EPS32, floor) * peak)
    return float(f"{MARGIN * noise:.1e}")


def dy_recipe(shape: tuple[int, ...]) -> Recipe:
    """How the gradient of the result is drawn."""
    return Recipe(shape)


def _run_operation(vector: Vector, dtype: DType) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    inputs = {name: array.astype(dtype) for name, array in vector.inputs().items()}
    subject = SUBJECTS[vector.operation]
    y = np.asarray(subject.call(vector.given(inputs)), np.float64)
    if not vector.gradients:
        return y, {}
    wanted = [name for name in inputs if (vector.operation, name) not in _NO_GRADIENT]
    leaves = {name: Tensor(inputs[name]) for name in wanted}
    given = vector.given({**inputs, **leaves})
    lists = [name for name in given if isinstance(given[name], tuple) and name == "xs"]
    result = subject.function(*(x for name in lists for x in given[name]),
                              **{name: value for name, value in given.items() if name not in lists})
    backward(result, draw(f"{vector.name}/dy", dy_recipe(y.shape)).astype(dtype))
    gradients = {name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None}
    if len(gradients) < len(wanted):
        raise MissingGradientError(f"{vector.name}: no gradient came back for {sorted(leaves.keys() - gradients)[0]}")
    return y, {name: np.asarray(gradient, np.float64) for name, gradient in gradients.items()}


def _run_network(vector: NetworkVector, dtype: DType) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    net = vector.build().astype(dtype)
    inputs = {name: array.astype(dtype) for name, array in vector.inputs().items()}
    return np.asarray(vector.run(net, inputs), np.float64), {}


def _wrong_operations(vector: Vector) -> Iterator[tuple[Mistake, np.ndarray]]:
    inputs = {name: array.astype(np.float64) for name, array in vector.inputs().items()}
    for mistake in (m for m in mistakes_of(vector.operation) if m.flagged):
        try:
            with np.errstate(all="ignore"):
                yield mistake, mistake.run(vector.given(inputs))
        except NotHereError:
            continue


def _wrong_networks(vector: NetworkVector) -> Iterator[tuple[Mistake, np.ndarray]]:
    """Every mistake in all calls of its operation at once; those of precision are left to single operations."""
    net = vector.build().astype(np.float64)
    inputs = {name: array.astype(np.float64) for name, array in vector.inputs().items()}
    with recorded() as calls:
        vector.run(net, inputs)
    for mistake in (m for m in MISTAKES.values() if m.operation in set(calls) and m.kind != "precision" and m.flagged):
        try:
            with planted(mistake), np.errstate(all="ignore"):
                yield mistake, vector.run(net, inputs)
        except (RefvrError, ValueError, IndexError):  # another shape on the way: the network does not run at all
            continue

"""Where a wrong gradient is born: each computed by this engine from *their* gradients after it.

A run on the tape is forced both ways. Forward, their values stand in place of ours, as in isolate.py. Backward, when
dL/d(value) is complete, it is compared with theirs, and theirs goes on to what the value was computed from. What is
left is the error made between this value and those that are computed from it, or in the parameter itself.

    L = sum(r * output), r random: every element of the output counts, none of them alike
    exact in float64; noise as in isolate.py
    a parameter's gradient is a sum over all K = n t h w places, and float32 sums of K terms in another order differ by
    sqrt(K) eps / 2 of the peak (Higham and Mary, 2019): its noise is never less
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from refvr import ops
from refvr.autodiff import Tensor, array_of, backward, record
from refvr.errors import InputError
from refvr.types import DType
from refvr.verify.compare.forced_run import in_last_place
from refvr.verify.compare.found import GradientRow, Row
from refvr.verify.compare.isolate import DRAWS
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.compare.pieces import difference
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.pre_activation import EARLY
from refvr.verify.runs.tracing import Named, listen

VALUE, INPUT, PARAMETER = "value", "input", "parameter"
BY_NAME = ("map", "exact", "official")   # what was paired by its values may stand elsewhere in their graph


@dataclass
class Gradients:
    """What a port computes backward, its own names and layouts aside: those are in the alignment.

    values      dL/d(value) under the names that the values have
    inputs, parameters  under our names, in our layout
    seed        r, in the layout of their output
    """

    values: Mapping[str, np.ndarray]
    inputs: Mapping[str, np.ndarray]
    parameters: Mapping[str, np.ndarray]
    seed: np.ndarray


def isolated_gradients(subject: Subject, alignment: Alignment, rows: list[Row], theirs: Arrays, gradients: Gradients
                       ) -> list[GradientRow]:
    """Every gradient that both have: values in order of the way back, then parameters, then inputs."""
    output = alignment.pairs.get(subject.results[0])
    if output is None or len(output.parts) > 1:
        raise InputError("your output is not known, where the way back begins", fix="return it first")
    stage = {row.name: row.stage for row in rows}
    pairs = {name: pair for name, pair in alignment.pairs.items() if pair.how in BY_NAME
             and stage.get(name, "") in ("", EARLY) and all(part in gradients.values for part, _ in pair.parts)}
    walk = _Walk(subject, pairs, stage, theirs, gradients, output.cut([gradients.seed]))
    exact = dict(walk.run(np.float64))
    noise = dict.fromkeys(exact, 0.0)
    for sums, moved in DRAWS:
        with ops.precision(sums):
            for key, found in walk.run(np.float32, np.random.default_rng(0) if moved else None):
                off = np.abs(found - exact[key])
                noise[key] = max(noise[key], float(off[np.isfinite(off)].max(initial=0)))
    return list(_judged(exact, noise, walk))


def _judged(exact: Mapping[tuple[str, str], np.ndarray], noise: Mapping[tuple[str, str], float], walk: _Walk
            ) -> Iterator[GradientRow]:
    last = ""
    for (kind, name), ours in exact.items():
        their = walk.theirs_of(kind, name)
        if their is None:
            continue
        if their.shape != ours.shape:
            raise InputError(f"the gradient of {name} is {'x'.join(map(str, their.shape))}, expected "
                             f"{'x'.join(map(str, ours.shape))}")
        yield GradientRow(name, kind, difference(their, ours), noise[kind, name], last if kind == VALUE else "",
                          walk.places if kind == PARAMETER else 1)
        last = name if kind == VALUE else last


class _Walk:
    """The network forward and backward, with their values and gradients in place of ours."""

    def __init__(self, subject: Subject, pairs: Mapping[str, Pair], stage: Mapping[str, str], theirs: Arrays,
                 gradients: Gradients, seed: np.ndarray) -> None:
        self.subject, self.pairs, self.stage, self.theirs = subject, pairs, stage, theirs
        self.gradients, self.seed = gradients, seed
        self.places = prod(next(iter(subject.operands.values())).shape[:-1])
        self.slopes: dict[str, np.ndarray | None] = {}   # of the activation, where theirs comes before it

    def theirs_of(self, kind: str, name: str) -> np.ndarray | None:
        """Their gradient, with the axes of ours."""
        if kind == VALUE:
            return self.pairs[name].read(self.gradients.values)
        return (self.gradients.inputs if kind == INPUT else self.gradients.parameters).get(name)

    def run(self, dtype: DType, rng: np.random.Generator | None = None) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
        """((kind, name), our gradient); rng: values are moved by one unit in the last place."""
        found: dict[tuple[str, str], np.ndarray] = {}

        def put(value: np.ndarray) -> np.ndarray:
            return (in_last_place(value, rng) if rng else value).astype(dtype)

        def tapped(named: Named, value: object) -> Any:
            name = named.name
            if name not in self.pairs or not isinstance(value, Tensor):
                return None
            their = self.pairs[name].read(self.theirs)
            early = self.stage.get(name) == EARLY
            if early and name not in self.slopes:
                self.slopes[name] = _slope(their, value.data)
            if early and self.slopes[name] is None:
                return None

            def vjp(dy: np.ndarray) -> list[np.ndarray]:
                slope, given = self.slopes.get(name), put(self.pairs[name].read(self.gradients.values))
                found[VALUE, name] = dy if slope is None else dy * slope.astype(dtype)
                return [given if slope is None else np.where(slope != 0, given / np.where(slope, slope, 1), 0)
                        .astype(dtype)]

            return record("tap", value.data if early else put(their), (value,), vjp)

        net = self.subject.net.astype(dtype)
        parameters = net.watch()
        try:
            operands = {name: Tensor(put(x), name=name) for name, x in self.subject.operands.items()}
            with listen(tapped, tensors=True):
                answer = self.subject.call(*operands.values())
                answer = answer[0] if isinstance(answer, tuple) else answer
                answer = tapped(Named(self.subject.results[0], "", "", 0), answer) or answer
            backward(answer, put(self.seed))
        finally:
            net.unwatch()
        found |= {(PARAMETER, name): array_of(x.grad) for name, x in parameters.items() if x.grad is not None}
        found |= {(INPUT, name): x.grad for name, x in operands.items() if x.grad is not None}
        yield from found.items()


def _slope(before: np.ndarray, after: np.ndarray) -> np.ndarray | None:
    """Derivative of a ReLU, leaky or not, from its argument and its result; None for another activation."""
    up = before > 0
    if not np.allclose(after[up], before[up], rtol=1e-3, atol=1e-6):
        return None
    ratios = after[~up & (before != 0)] / before[~up & (before != 0)]
    slope = round(float(np.median(ratios)), 4) if ratios.size else 0.0
    return np.where(up, 1.0, slope) if np.allclose(ratios, slope, atol=1e-3) else None

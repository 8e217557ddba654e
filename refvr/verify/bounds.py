"""How large the errors of a correct float32 implementation may be here: measured, and by running error analysis.

Four numbers for every named value of a run:

    own        the largest rounding error that the operations since the name before made, each from operands that are
               exact but for their last place: float32 against float64, several draws (see `_draws`)
    certain    what no order of sums can exceed: for a sum of K products gamma_K sum |x| |w|, gamma_K = K u / (1 - K u),
               u = 2^-24; computed by running the operation on absolute values; 0 where no such rule is known
    total      the largest difference of whole float32 runs from the float64 run: own and inherited
    peak       the largest magnitude, to which all of them may be related

Runs that make `total`: fast sums, direct sums, direct sums of an input that is moved by one unit in the last place, and
the plain definitions where the input is small. Source of the rule: Higham, Accuracy and Stability of Numerical
Algorithms, 2nd edition, sections 3.1 and 3.5.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from refvr import ops
from refvr.ops._operation import Operation, backend, watch
from refvr.verify.figures import Places, figures
from refvr.verify.isolate import SAFETY
from refvr.verify.subject import Subject
from refvr.verify.tracing import Named, listen

UNIT = 2.0 ** -24
SMALL = 1 << 16   # values of the input up to which the plain definitions run too

Progress = Callable[[int, "int | None"], None]


@dataclass(frozen=True)
class Bound:
    """Of one named value; see the module. `explained` is what compare grants: SAFETY times the measured noise."""

    name: str
    peak: float
    own: float
    certain: float
    total: float

    @property
    def explained(self) -> float:
        """Difference from float64 up to which nothing needs to be wrong."""
        return SAFETY * max(self.total, UNIT * self.peak)


class _Local:
    """Follows a float64 run and measures what each operation does in float32."""

    def __init__(self) -> None:
        self.own = self.certain = 0.0

    def take(self, op: Operation, operands: tuple[Any, ...], options: dict[str, Any], y: np.ndarray) -> None:
        """Compute the operation again in float32, both ways, and on absolute values."""
        if not isinstance(y, np.ndarray) or y.dtype != np.float64 or not y.size:
            return
        short = tuple(x.astype(np.float32) if isinstance(x, np.ndarray) else x for x in operands)
        for compute in {op.forward["fast"], op.short or op.forward["fast"]}:
            rounded = compute(*short, **options)
            if rounded is None:   # the shorter way does not serve these operands
                continue
            off = np.abs(rounded - y)
            self.own = max(self.own, float(off[np.isfinite(off)].max(initial=0)))
        self.certain = max(self.certain, _certain(op, operands, options))

    def collected(self) -> tuple[float, float]:
        """What was found since the last time."""
        found, self.own, self.certain = (self.own, self.certain), 0.0, 0.0
        return found


def _certain(op: Operation, operands: tuple[Any, ...], options: dict[str, Any]) -> float:
    """gamma_K max sum |x| |w| of a convolution; roundings of x and w to float32 add 2 to K, bias and residual 2."""
    if op.name not in ("conv2d", "conv3d", "conv_transpose2d", "deform_conv2d", "separable_conv2d"):
        return 0.0
    at = 3 if op.name == "deform_conv2d" else 1
    weights = list(operands[at:at + (2 if op.name == "separable_conv2d" else 1)])
    terms = sum(int(np.prod(w.shape[:-1])) for w in weights) + 4 + (8 if op.name == "deform_conv2d" else 0)
    keep = (1,) if op.name == "deform_conv2d" else ()   # offsets are places, not factors
    absolute = tuple(np.abs(x) if isinstance(x, np.ndarray) and k not in keep else x for k, x in enumerate(operands))
    size = float(op.forward["fast"](*absolute, **options).max(initial=0))
    return terms * UNIT / (1 - terms * UNIT) * size


def bounds(subject: Subject, progress: Progress = lambda done, total: None) -> list[Bound]:
    """The bounds of every named value, in order of computation."""
    found: dict[str, Bound] = {}
    places: dict[str, Places] = {}
    local = _Local()

    def exact(named: Named, value: np.ndarray) -> None:
        facts, places[named.name] = figures(value, value, with_places=True)
        own, certain = local.collected()
        found[named.name] = Bound(named.name, facts.peak, own, certain, 0.0)
        progress(len(found), None)

    with watch(local.take), listen(exact):
        subject.run(np.float64)
    for enter in _draws(subject):
        def drawn(named: Named, value: np.ndarray) -> None:
            there = places[named.name]
            off = np.abs(value.reshape(-1)[there.at] - there.values)
            bound = found[named.name]
            found[named.name] = replace(bound, total=max(bound.total, float(off[np.isfinite(off)].max(initial=0))))

        with ExitStack() as stack:
            run = enter(stack)
            stack.enter_context(listen(drawn))
            run.run(np.float32)
        progress(len(found), len(found))
    return list(found.values())


def _draws(subject: Subject) -> Iterator[Callable[[ExitStack], Subject]]:
    """Ways to run in float32: each enters what it needs and answers with the subject to run."""
    def precise(name: str, moved: bool) -> Callable[[ExitStack], Subject]:
        def enter(stack: ExitStack) -> Subject:
            stack.enter_context(ops.precision(name))
            return _moved(subject) if moved else subject
        return enter

    def plain(stack: ExitStack) -> Subject:
        stack.enter_context(backend("plain"))
        return subject

    yield from (precise("fast", False), precise("exact", False), precise("exact", True))
    if sum(x.size for x in subject.operands.values()) <= SMALL:
        yield plain


def _moved(subject: Subject) -> Subject:
    """The same with every value of the input moved by one unit in the last place, up or down."""
    rng = np.random.default_rng(0)
    operands = {name: np.nextafter(x, rng.choice(np.array([-np.inf, np.inf], np.float32), x.shape))
                for name, x in subject.operands.items()}
    return replace(subject, operands=operands)

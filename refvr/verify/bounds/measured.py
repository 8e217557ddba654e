"""How large the errors of a correct float32 implementation may be here: measured, and by running error analysis.

Four figures for every named value of a run:

    own        the largest rounding error that the operations since the name before made, each from operands that are
               exact but for their last place: float32 against float64, several draws (see `_draws`)
    worst_case what no float32 implementation of these operations can exceed (error_bounds.py); None, and `why`, where
               one of them has no such bound
    total      the largest difference of whole float32 runs from the float64 run: own and inherited
    peak       the largest magnitude, to which all of them may be related

A value that no operation of ours makes (the last layer's, as "output" once more) has neither own nor worst_case.

Runs that make `total`: fast sums, direct sums, direct sums of an input that is moved by one unit in the last place,
sums channel by channel (runs/channel_sums.py), and the plain definitions where the input is small.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from refvr import ops
from refvr.ops.core.operation import Operation, backend, watch
from refvr.verify.bounds.error_bounds import UNIT, bound_of
from refvr.verify.compare.isolate import SAFETY
from refvr.verify.compare.pieces import Places, difference_and_places
from refvr.verify.runs.channel_sums import channel_by_channel
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.tracing import Named, listen

SMALL = 1 << 16   # values of the input up to which the plain definitions run too

Progress = Callable[[int, "int | None"], None]


@dataclass(frozen=True)
class Bound:
    """Of one named value; see the module. `explained` is what compare grants: SAFETY times the measured noise."""

    name: str
    peak: float
    own: float | None
    worst_case: float | None
    total: float
    why: str = ""

    @property
    def explained(self) -> float:
        """Difference from float64 up to which nothing needs to be wrong."""
        return SAFETY * max(self.total, UNIT * self.peak)


class _Local:
    """Follows a float64 run and measures what each operation does in float32."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.own: float | None = None
        self.worst_case, self.why = 0.0, "no operation of its own"

    def take(self, op: Operation, operands: tuple[Any, ...], options: dict[str, Any], y: np.ndarray) -> None:
        """Compute the operation again in float32, both ways, and ask for its bound."""
        if not isinstance(y, np.ndarray) or y.dtype != np.float64 or not y.size:
            return
        self.why, own = ("", 0.0) if self.own is None else (self.why, self.own)
        short = tuple(x.astype(np.float32) if isinstance(x, np.ndarray) else x for x in operands)
        for compute in {op.forward["fast"], op.short or op.forward["fast"]}:
            rounded = compute(*short, **options)
            if rounded is None:   # the shorter way does not serve these operands
                continue
            off = np.abs(rounded - y)
            own = max(own, float(off[np.isfinite(off)].max(initial=0)))
        self.own = own
        bound = bound_of(op, operands, options, y)
        if isinstance(bound, str):
            self.why = self.why or bound
        else:
            self.worst_case = max(self.worst_case, bound)

    def collected(self) -> tuple[float | None, float | None, str]:
        """What was found since the last time: own, worst_case, why there is none."""
        found = self.own, None if self.why else self.worst_case, self.why
        self._start()
        return found


def bounds(subject: Subject, progress: Progress = lambda done, total: None) -> list[Bound]:
    """The bounds of every named value, in order of computation."""
    found: dict[str, Bound] = {}
    places: dict[str, Places] = {}
    local = _Local()

    def exact(named: Named, value: np.ndarray) -> None:
        facts, places[named.name] = difference_and_places(value, value)
        own, worst_case, why = local.collected()
        found[named.name] = Bound(named.name, facts.peak, own, worst_case, 0.0, why)
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

    def channels_outermost(stack: ExitStack) -> Subject:
        stack.enter_context(channel_by_channel())
        return subject

    def plain(stack: ExitStack) -> Subject:
        stack.enter_context(backend("plain"))
        return subject

    yield from (precise("winograd", False), precise("direct", False), precise("direct", True), channels_outermost)
    if sum(x.size for x in subject.operands.values()) <= SMALL:
        yield plain


def _moved(subject: Subject) -> Subject:
    """The subject with every value of the input moved by one unit in the last place, up or down."""
    rng = np.random.default_rng(0)
    operands = {name: np.nextafter(x, rng.choice(np.array([-np.inf, np.inf], np.float32), x.shape))
                for name, x in subject.operands.items()}
    return replace(subject, operands=operands)

"""Of which stage a wrong value is, before its activation or after it, where its error hides that.

A value that went wrong by more than an activation changes it is as far from ours at both stages. Taken for the wrong
one, everything that follows from it would seem wrong. So the run goes on from it at either stage, and the one stands
from which what follows comes out as the port has it. Where nothing tells, it is the stage that the port's other values
are of: a dump of hooks, or of nodes, has all of its values at the same place. All calls of a module are one question.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from refvr.verify.compare.forced_run import AFTER_RELU
from refvr.verify.compare.isolate import Exact, Own, exact_run
from refvr.verify.compare.pairs import Alignment
from refvr.verify.compare.what_follows import ONE, OTHER, UNCLEAR, computed_from, known
from refvr.verify.runs.arrays_in import Arrays
from refvr.verify.runs.network_call import Subject

MOST = 16   # modules that are tried

Progress = Callable[[int, "int | None"], None]


def with_stages(subject: Subject, alignment: Alignment, theirs: Arrays, exact: Exact, *, up_to: str = "",
                progress: Progress = lambda done, total: None) -> Exact:
    """The run in float64 with the stages that theirs are of; of names up to this one alone, if it is given."""
    base_of = {place.named.name: place.named.base for place in alignment.places}
    for k in range(MOST):
        first = next((own for own in exact.owns.values() if own.rival is not None), None)
        names = list(exact.owns)
        if first is None or up_to and names.index(first.name) > names.index(up_to):
            break
        progress(k + 1, None)
        calls = [own for own in exact.owns.values()
                 if own.rival is not None and base_of[own.name] == base_of[first.name]]
        exact = _decided(subject, alignment, theirs, exact, calls)
    return exact


def _decided(subject: Subject, alignment: Alignment, theirs: Arrays, exact: Exact, calls: Sequence[Own]) -> Exact:
    """The run with the better of two stages for the calls of a module."""
    values = [own.name for own in calls]
    after = dict.fromkeys(values, "")
    before = {own.name: own.rival or own.stage for own in calls}
    nearer, other = (before, after) if calls[0].stage else (after, before)
    if any(own.stage != nearer[own.name] for own in calls):
        exact = exact_run(subject, alignment, theirs, stage_of=exact.decided | nearer)
    going_on = exact_run(subject, alignment, theirs, stage_of=exact.decided | other,
                         enough=known(values, exact.owns, (ONE,)))
    told = computed_from(values, exact.owns, going_on.owns)
    if told == OTHER or told == UNCLEAR and _usual(exact.owns.values()) == (other is before):
        return going_on
    exact.decided |= nearer
    for name in values:
        exact.owns[name].rival = None
    return exact


def _usual(owns: Iterable[Own]) -> bool | None:
    """Whether most of the values whose stage is certain are of an early one; None where there are none such."""
    early = [own.stage not in ("", AFTER_RELU) for own in owns if own.staged and own.rival is None]
    return 2 * sum(early) > len(early) if early else None

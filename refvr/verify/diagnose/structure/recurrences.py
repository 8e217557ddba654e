"""Mistakes of a recurrence: nothing carried on, a step late, a step run twice, a state that was not reset.

Two kinds are known: steps within one call of a network (scopes step0, step1 ... in which values of the step before are
stacked with others: ReMoNet), and a network that is a step itself (its results include the state: STFAN).
"""
from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np

from refvr.verify.diagnose.structure.calls import Call, Operands, other_operands, recorded_calls
from refvr.verify.diagnose.structure.candidate import Span, Structural
from refvr.verify.diagnose.structure.pool import Pool
from refvr.verify.runs.earlier import carried_into
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.tracing import Named, listen

STEP = re.compile(r"step(\d+)\.$")
KIND = "recurrences"
Parts = dict[int, np.ndarray]              # number of an operand in a list -> what stands there
Steps = Mapping[int, Sequence[Call]]       # step -> its calls that take lists
Places = Mapping[int, Mapping[int, str]]   # number of a call in its step -> number in its list -> what is carried there


def recurrences(span: Span) -> list[Structural]:
    """All candidates, likeliest first; none where nothing is carried on."""
    if "output_state" in span.subject.results:
        return list(_of_a_step(span))
    if not any(name.startswith("step0.") for name in span.names):
        return []
    return list(_of_steps(span))


def _of_a_step(span: Span) -> Iterator[Structural]:
    """The network is one step: what it answers takes the place of what it was given."""
    calls, values = _whole(span)
    call = next(c for c in calls if c.module is span.subject.net)
    after = {"state": values["output_state"]}
    says = "the state after this frame in place of the one before it (a step run twice, or a state that was not reset)"
    yield _candidate(says, [(call, after)])
    yield _candidate(f"{says}, and its output in place of the restored frame",
                     [(call, after | {"restored": values["output"]})])
    for earlier in span.subject.earlier:
        for what, given in carried_into(span.subject, earlier):
            if given["state"].shape == values["output_state"].shape:
                yield _candidate(f"{what} after {_called(earlier)} when the clip begins: the state was not reset",
                                 [(call, given)])


def _of_steps(span: Span) -> Iterator[Structural]:
    """Steps within the network: lists of operands in which values of the step before stand."""
    calls, values = _whole(span)
    pool = Pool()
    for name, value in values.items():
        pool.add(name, value)
    steps: dict[int, list[Call]] = defaultdict(list)
    for call in calls:
        of = STEP.match(call.scope)
        if of and call.module is None and "xs" in call.operands:
            steps[int(of[1])].append(call)
    places = _carried(steps, pool)
    yield from _nothing(steps, places)
    yield from _late(steps, places)
    yield from _not_reset(span, steps, places)
    for t in steps:
        yield from _of_one(t, steps, places, values)
        yield from _again(t, steps, places)
    lists = [call for call in calls if call.module is None and "xs" in call.operands]
    yield from _used_twice(span, steps, places, values, lists, pool)


def _whole(span: Span) -> tuple[list[Call], dict[str, np.ndarray]]:
    """One right run to the end: all its calls, and its named values."""
    calls: list[Call] = []

    @contextmanager
    def recording() -> Iterator[None]:
        with recorded_calls() as heard:
            yield
        calls.extend(heard)

    values = span.values(Structural("", "", "", recording, reaches_back=True))
    return calls, values


def _carried(steps: Steps, pool: Pool) -> dict[int, dict[int, str]]:
    """Number of a call in its step -> number in its list -> what is carried on there ("guess", "state")."""
    places: dict[int, dict[int, str]] = defaultdict(dict)
    for t, calls in steps.items():
        for index, call in enumerate(calls):
            for k, x in enumerate(call.operands["xs"]):
                name = pool.name_of(x)
                if t and name.startswith(f"step{t - 1}."):
                    places[index][k] = name.partition(".")[2]
    return places


def _nothing(steps: Steps, places: Places) -> Iterator[Structural]:
    """Zeros for what is carried on: everywhere, and from one step to the next, all of it or a part."""
    for index, carried in places.items():
        for some in _subsets(carried):
            made = {t: (calls[index], _stacked(calls[index], {k: np.zeros_like(calls[index].operands["xs"][k])
                                                              for k in some}))
                    for t, calls in steps.items() if t}
            what = " and ".join(some.values())
            for t, one in made.items():
                says = f"zeros in place of {_names(t - 1, some)} in step{t}: nothing of it is carried on"
                yield _candidate(says, [one])
            yield _candidate(f"zeros in place of the {what} of the step before, in every step: nothing is carried on",
                             list(made.values()))


def _late(steps: Steps, places: Places) -> Iterator[Structural]:
    """In every step what was carried on to the step before."""
    for index, carried in places.items():
        for some in _subsets(carried):
            says = (f"the {' and '.join(some.values())} that the step before was given, in every step: carried on one "
                    "step late")
            yield Structural(KIND, "structure.recurrence", says, partial(
                _delayed, [steps[t][index] for t in sorted(steps)], list(some)), reaches_back=True)


@contextmanager
def _delayed(calls: Sequence[Call], at: Sequence[int]) -> Iterator[None]:
    """Inside, each of the calls gets what the one before it was given, at some places of its list."""
    held: Parts = {}

    def of(call: Call) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def operands(given: dict[str, Any]) -> dict[str, Any]:
            before = dict(held)
            held.update({k: given["xs"][k] for k in at})
            return _stacked(call, before, given["xs"])
        return operands

    with _planted([(call, of(call)) for call in calls]):
        yield


def _not_reset(span: Span, steps: Steps, places: Places) -> Iterator[Structural]:
    """The first step starts from what an earlier call left."""
    last = f"step{max(steps)}."
    for earlier in span.subject.earlier:
        left: dict[str, np.ndarray] = {}

        def heard(named: Named, value: np.ndarray, left: dict[str, np.ndarray] = left) -> None:
            if named.name.startswith(last):
                left[named.name.removeprefix(last)] = np.array(value)

        with listen(heard):
            earlier.run(np.float64)
        for index, carried in places.items():
            for some in _subsets(carried):
                says = (f"the {' and '.join(some.values())} that {_called(earlier)} left, in place of the zeros that "
                        "step0 starts from: the state was not reset")
                yield _candidate(says, [(steps[0][index], _stacked(steps[0][index], {
                    k: left[name] for k, name in some.items()}))])


def _called(earlier: Subject) -> str:
    return f"frame {earlier.about['frame']} of {earlier.about['input']}"


def _of_one(t: int, steps: Steps, places: Places, values: Mapping[str, np.ndarray]) -> Iterator[Structural]:
    """A step that starts from the values of another step than the one before."""
    last = max(steps)
    for index, carried in places.items():
        call = steps[t][index]
        for some in _subsets(carried):
            before = _names(t - 1, some) if t else "the zeros that it starts from"
            others = [(t, f"{_names(t, some)} in place of {before}: step{t} run twice")]
            if t == 0:
                others += [(last, f"{_names(last, some)}, of a run before on the same clip, in place of the zeros that "
                                  "step0 starts from: the state was not reset")]
            if t > 1:
                others += [(t - 2, f"{_names(t - 2, some)} in place of {before} in step{t}: one step late")]
            for of, says in others:
                given = {k: values[f"step{of}.{name}"] for k, name in some.items()}
                yield _candidate(says, [(call, _stacked(call, given))])


def _again(t: int, steps: Steps, places: Places) -> Iterator[Structural]:
    """A step that is given what another one is given, but for what is carried on."""
    for other, how in ((t - 1, "run twice"), (t + 1, "left out")):
        if other not in steps:
            continue
        changes = []
        for index, (call, theirs) in enumerate(zip(steps[t], steps[other])):
            pairs = enumerate(zip(call.operands["xs"], theirs.operands["xs"]))
            parts = {k: y for k, (x, y) in pairs if k not in places.get(index, {}) and not np.array_equal(x, y)}
            if parts and index <= min(places, default=-1):
                changes.append((call, _stacked(call, parts)))
        if changes:
            which = other if other < t else t
            yield _candidate(f"what step{other} is given, again in step{t}: step{which} {how}", changes)


def _used_twice(span: Span, steps: Steps, places: Places, values: Mapping[str, np.ndarray], calls: Sequence[Call],
                pool: Pool) -> Iterator[Structural]:
    """What comes after a step uses its second run: the first one is what the port's values show."""
    for t in steps:
        for index, carried in places.items():
            call = steps[t][index]
            again = _candidate("", [(call, _stacked(call, {k: values[f"step{t}.{name}"]
                                                           for k, name in carried.items()}))])
            second = span.values(again, ours=f"step{t}.")
            changes = []
            for user in calls:
                parts = {k: second[name] for k, x in enumerate(user.operands["xs"])
                         if (name := pool.name_of(x)).startswith(f"step{t}.") and user.scope != f"step{t}."}
                if parts:
                    changes.append((user, _stacked(user, parts)))
            if changes:
                yield _candidate(f"step{t} run twice, the second time from its own {' and '.join(carried.values())}",
                                 changes)


def _subsets(carried: Mapping[int, str]) -> list[dict[int, str]]:
    """Everything that is carried on, and each alone."""
    return [dict(carried), *({k: name} for k, name in carried.items() if len(carried) > 1)]


def _names(t: int, some: Mapping[int, str]) -> str:
    return " and ".join(f"step{t}.{name}" for name in some.values())


def _stacked(call: Call, parts: Parts, xs: Any = None) -> dict[str, Any]:
    """The list of the call, or `xs`, with some of its values others."""
    xs = call.operands["xs"] if xs is None else xs
    return {"xs": type(xs)(parts.get(k, x) for k, x in enumerate(xs))}


def _candidate(says: str, changes: Sequence[tuple[Call, dict[str, Any]]]) -> Structural:
    return Structural(KIND, "structure.recurrence", says, partial(_planted, changes), reaches_back=True)


def _planted(changes: Sequence[tuple[Call, Operands]]) -> AbstractContextManager[object]:
    """Several calls with other operands."""
    stack = ExitStack()
    for call, operands in changes:
        stack.enter_context(other_operands(call, operands))
    return stack

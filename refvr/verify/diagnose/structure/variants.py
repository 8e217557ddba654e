"""The mistakes of structure of a span, in stages: recurrences, other operands of operations and of modules, weights."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from refvr.verify.diagnose.structure.calls import Call, other_operands, other_weights, own_parameters, recorded_calls
from refvr.verify.diagnose.structure.candidate import Span, Structural
from refvr.verify.diagnose.structure.operands import changes_of
from refvr.verify.diagnose.structure.pool import Pool
from refvr.verify.diagnose.structure.recurrences import recurrences
from refvr.verify.runs.network_call import Subject

BLOCKS = 24   # modules whose weights are tried in one, the nearest by name first


def structural(span: Span) -> Iterator[list[Structural]]:
    """Stages; those of a later one are tried if the earlier ones explain nothing."""
    carried = recurrences(span)
    if carried:
        yield carried
    pool, calls = _recorded(span)
    operations = [call for call in calls if call.module is None]
    modules = [call for call in calls if call.module is not None and (call.inside is None or call.inside)]
    yield [_other(call, change) for call in operations for change in changes_of(call.operands, pool)]
    inner = [call for call in modules if (call.inside is not None or call.before) and _is_more(call)]
    yield [_other(call, change) for call in inner for change in changes_of(call.operands, pool)]
    paths = dict.fromkeys(call.name for call in modules if call.module and own_parameters(call.module))
    yield [each for path in paths for each in _of_weights(span.subject, path)]
    around = [call for call in modules if call.inside is None and not call.before]
    yield [_other(call, change, True) for call in around for change in changes_of(call.operands, pool)]


def _recorded(span: Span) -> tuple[Pool, list[Call]]:
    """One right run that keeps what operands may have been taken for: named values, frames that were given."""
    pool = Pool()
    for name, x in span.subject.operands.items():
        pool.add(f"the input {name}", x.astype(np.float64))
    calls: list[Call] = []

    @contextmanager
    def recording() -> Iterator[None]:
        with recorded_calls() as heard:
            yield
        calls.extend(heard)

    span.on_value = pool.add
    try:
        span.run(Structural("", "", "", recording))
    finally:
        span.on_value = None
    return pool, calls


def _is_more(call: Call) -> bool:
    """Whether the operands of a module are more than those of its only operation."""
    lists = any(isinstance(x, (tuple, list)) for x in call.operands.values())
    return lists or len(call.operands) > 1 or (call.inside or 0) > 1


def _other(call: Call, change: Any, reaches_back: bool = False) -> Structural:
    where = f"{call.scope}{call.name}" if call.module is not None and call.name else call.scope
    at = f" in {where}" if where else ""
    if call.module is None:
        at += f" ({call.name})"
    return Structural("other operands", f"structure.{change.name}", change.says + at,
                      partial(other_operands, call, change.operands), reaches_back)


def _of_weights(subject: Subject, path: str) -> Iterator[Structural]:
    """Modules with parameters of the same shapes, the nearest first."""
    modules = dict(subject.net.modules())
    shapes, order = own_parameters(modules[path]), list(modules)
    near = sorted((other for other in order if other != path and type(modules[other]) is type(modules[path])
                   and own_parameters(modules[other]) == shapes),
                  key=lambda other: abs(order.index(other) - order.index(path)))
    for other in near[:BLOCKS]:
        yield Structural("weights of other layers", "structure.weights_exchanged", f"the weights of {other} in {path}",
                         partial(other_weights, path, other, subject.net))

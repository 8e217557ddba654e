"""Row rules against truth: change a row of an operand, and every row of the result that changes must have asked for it.

Every operation that has a rule, for every value of its options that has a name: an operation names those that it takes
when it gets another, so a value that is new is tried here without being written down.
"""
from __future__ import annotations

import inspect
import re
import sys
from functools import partial

import numpy as np
import pytest
from ops_fuzz import CASES

import refvr
from refvr import ops
from refvr.errors import RefvrError
from refvr.ops.core.bands import Bands, Reach, Rows
from refvr.ops.core.operation import Operation, watch
from refvr.ops.kernels.borders import BORDERS, farthest
from refvr.plan import Like, capture
from refvr.plan.rows import needed
from refvr.plan.stream import Stream

IMAGES = {  # of what the table of cases has on arrays without rows, or with options that say it all
    **{name: (getattr(ops, name), [(1, 5, 7, 3)])
       for name in ("relu", "leaky_relu", "sigmoid", "tanh", "exp", "softmax")},
    "clip": (partial(ops.clip, lo=-90.0, hi=90.0), [(1, 5, 7, 3)]), "prelu": (ops.prelu, [(1, 5, 7, 3), (3,)]),
    **{name: (getattr(ops, name), [(1, 5, 7, 3), (5, 1, 3)]) for name in ("add", "sub", "mul")},
    "concat": (partial(ops.concat, axis=2), [(2, 5, 3, 5), (2, 5, 7, 5)]),
    "stack": (lambda a, b: ops.stack([a, b], axis=1), [(2, 5, 3, 2)] * 2),
    "slice": (lambda x: ops.slice(x, (slice(None), slice(None), slice(1, 6, 2))), [(2, 5, 7, 3)]),
    "reshape": (partial(ops.reshape, shape=(2, 5, 7, 3, 2)), [(2, 5, 7, 6)]),
    "zeros": (lambda x: ops.zeros((1, 5, 7, 2), x) + x, [(1, 5, 7, 2)]),
    "batch_norm": (lambda x, *others: ops.batch_norm(x, *others, np.ones(3, x.dtype), np.ones(3, x.dtype)),
                   [(1, 5, 7, 3), (3,), (3,)]),
}


def valued():
    """(what, function, shapes), functions with every value of their options that has a name."""
    for name, (function, shapes) in (CASES | {f"{name} of images": case for name, case in IMAGES.items()}).items():
        yield name, function, shapes
        inner = function.func if isinstance(function, partial) else function
        for option, known in inspect.signature(inner).parameters.items():
            if not isinstance(known.default, str):
                continue
            for value in named_values(function, option, drawn(shapes)):
                yield f"{name}, {option} {value}", partial(function, **{option: value}), shapes


def named_values(function, option, arrays):
    """Those that the operation says it expects, in place of one that there is not."""
    with pytest.raises(RefvrError) as told:
        function(*arrays, **{option: "no such"})
    for value in sorted(set(re.findall(r"\w+", str(told.value).partition("expected")[2]))):
        try:
            function(*arrays, **{option: value})
        except RefvrError:
            continue
        yield value


def drawn(shapes):
    rng = np.random.default_rng(7)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def calls(function, shapes):
    """(operation, operands, options) of everything that has a row rule for these operands, and the rule."""
    found = []
    with watch(lambda operation, operands, options, y: found.append((operation, operands, options))):
        function(*drawn(shapes))
    for operation, operands, options in found:
        seen = [None if x is None else Rows(x.shape, len(x.shape) - 3 if x.ndim > 3 else None) for x in operands]
        bands = operation.rows(*seen, **options) if any(x is not None and x.axis is not None for x in seen) else None
        if bands is not None:
            yield operation, operands, options, bands


def missed(operation, operands, options, bands, rng):
    """What the rule does not ask for, though the definition needs it; one sentence each."""
    with refvr.backend("plain"):
        y = operation(*operands, **options)
        for k, reach in enumerate(bands.reach):
            if reach is None:
                continue
            for row in range(operands[k].shape[reach.axis]):
                changed = operands[k].copy()
                part = changed[(slice(None),) * reach.axis + (row,)]
                part += rng.uniform(20, 40, part.shape).astype(part.dtype)      # more than a maximum or a kink hides
                other = operation(*operands[:k], changed, *operands[k + 1:], **options)
                others = tuple(axis for axis in range(y.ndim) if axis != bands.axis)
                for found in np.flatnonzero((y != other).any(others)):
                    start = int(found) // bands.tile * bands.tile
                    first, end = needed(reach, start, int(found) + 1)
                    if not first <= row < end:
                        yield f"row {found} depends on row {row} of operand {k}; the rule asks for {first} .. {end - 1}"


def streamed_otherwise(operation, operands, options, bands):
    """Heights of bands whose rows, put together, are not the whole."""
    images = [k for k, reach in enumerate(bands.reach) if reach is not None]

    def page(*given):
        made = {k: ops.leaky_relu(x, 0.9) for k, x in zip(images, given)}     # an input would be there as a whole
        return operation(*(made.get(k, x) for k, x in enumerate(operands)), **options)

    given = [operands[k] for k in images]
    graph, whole = capture(page, *(Like(x.shape) for x in given)), page(*given).tobytes()
    return [rows for rows in (1, 3) if Stream(graph, rows).run(*given).tobytes() != whole]


TABLE = [(what, *call) for what, function, shapes in valued() for call in calls(function, shapes)]


@pytest.mark.parametrize("call", [pytest.param(row[1:], id=row[0]) for row in TABLE])
def test_a_rule_asks_for_every_row_that_is_needed_and_bands_are_the_whole(call):
    assert list(missed(*call, np.random.default_rng(3))) == []
    assert streamed_otherwise(*call) == []


def test_no_rule_is_left_out():
    """Of operations, and of values of options that have a name."""
    every = {value for name, module in sys.modules.items() if name.startswith("refvr.ops.")
             for value in vars(module).values() if isinstance(value, Operation)}
    default = inspect.signature(Operation.__init__).parameters["rows"].default
    assert {op.name for op in every if op.rows is not default} <= {row[1].name for row in TABLE}
    assert {f"fac, border {border}" for border in BORDERS if farthest(5, 1, border) <= 1} <= {row[0] for row in TABLE}


def test_a_rule_that_asks_for_too_little_is_found():
    (what, operation, operands, options, bands), = [row for row in TABLE if row[0] == "fac zero"]
    short = Bands(1, (Reach(1, 1, 1, 0), Reach(1)), compute=bands.compute)
    assert "row 0 depends on row 1 of operand 0; the rule asks for -1 .. 0" in missed(
        operation, operands, options, short, np.random.default_rng(3))

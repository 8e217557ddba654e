"""refvr bounds: what is measured stays below the worst case, in every operation and in every layer of a network."""

import numpy as np
import pytest
from places import GOLDEN

from refvr.ops.core import operation as _operation
from refvr.ops.core.operation import watch
from refvr.verify.bounds.error_bounds import RULES, WITHOUT, bound_of
from refvr.verify.bounds.measured import bounds
from refvr.verify.mistakes import SUBJECTS
from refvr.verify.runs.inputs import subject_of
from refvr.verify.vectors.operations import VECTORS

CASES = ["duf_16L_x2_a", "edvr_tiny_a", "fastdvdnet_b", "remonet_t7_a", "safa_c", "stfan_seed_a"]


def calls(run):
    """Every operation on arrays that `run` makes."""
    found = []
    with watch(lambda op, operands, options, y: found.append((op, operands, options, y))):
        run()
    return found


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_float32_stays_within_the_bound_of_each_operation(vector):
    inputs = {name: x.astype(np.float64) for name, x in vector.inputs().items()}
    for op, operands, options, y in calls(lambda: SUBJECTS[vector.operation].call(vector.given(inputs))):
        bound = bound_of(op, operands, options, y)
        if isinstance(bound, str):
            assert WITHOUT[op.name] == bound
            continue
        short = [x.astype(np.float32) if isinstance(x, np.ndarray) else x for x in operands]
        peak = max(np.abs(y).max(), 1e-30)
        for compute in (op.forward["fast"], op.forward["plain"]):
            assert np.abs(compute(*short, **options) - y).max() <= bound
        assert bound < 3e-4 * max(1.0, peak)   # a bound that allows everything would hold as well


def test_every_operation_has_a_bound_or_says_why_not():
    import refvr.ops  # noqa: F401  (registers all)

    names = {op.name for op in _all_operations()}
    assert len(names) > 40 and names == RULES.keys() | WITHOUT.keys() and not RULES.keys() & WITHOUT.keys()


def _all_operations():
    import importlib
    import pkgutil

    import refvr.ops

    for module in pkgutil.iter_modules(refvr.ops.__path__, "refvr.ops."):
        yield from (x for x in vars(importlib.import_module(module.name)).values()
                    if isinstance(x, _operation.Operation))


@pytest.mark.parametrize("case", CASES)
def test_noise_stays_below_the_bound_in_every_layer(case):
    found = bounds(subject_of(None, str(GOLDEN / f"{case}.h5")))
    bounded = [b for b in found if b.worst_case is not None]
    assert {b.why for b in found if b.worst_case is None} <= {"no operation of its own", WITHOUT["route"]}
    assert len(bounded) > 0.5 * len(found)
    for b in bounded:
        assert b.own <= b.worst_case, b
    assert sum(b.own > 0 for b in bounded) > 0.9 * len(bounded)

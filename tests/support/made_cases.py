"""Cases made by a test, and what their family answers by the plain definitions, in float64."""
from dataclasses import replace
from pathlib import Path

import numpy as np

from refvr import ops
from refvr.verify.cases.case import Case
from refvr.verify.cases.families import families
from refvr.verify.cases.run import verify_loaded


def made(family, inputs, *, config=None, outputs=None, outputs64=None, trace=None, state=None, **meta):
    """A case in memory; config is left out of its meta where there is none."""
    about = {"family": family, **({} if config is None else {"config": config}), **meta}
    return Case(Path("made.h5"), about, state or {}, inputs, outputs or {}, outputs64 or {}, trace or {})


def answered(case, dtype=np.float64):
    """The Answer to a case of an operation."""
    with ops.backend("plain"):
        return families()[case.family].run(case, np.dtype(dtype))


def names(*asked):
    """Outputs of these names, for families that answer what a case has: their values do not matter."""
    return {name: np.zeros(1) for name in asked}


def same(found, expected, within=1e-12):
    """The arrays of a dictionary, all of them, within so much."""
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=within, atol=within, err_msg=name)


def slope(function, x, direction, step=1e-6):
    """The derivative of a number that `function` makes of x, along a direction, by central differences."""
    return (function(x + step * direction) - function(x - step * direction)) / (2 * step)


def failed(case, dtype="float32", backend="fast"):
    """Names of what a case in memory does not pass in."""
    report = verify_loaded(case, backend, dtype, "direct")
    return {row.name for row in report.outputs if not row.passed}


def spoilt(case, group, name, by):
    """The case with one element of an array (both of its answers, for an output) off by a share of the peak."""
    groups = (group, "outputs64") if group == "outputs" else (group,)
    changed = {}
    for each in groups:
        arrays = dict(getattr(case, each))
        if name in arrays:
            array = arrays[name] = arrays[name].copy()
            array.reshape(-1)[array.size // 2] += array.dtype.type(by * np.abs(array).max())
        changed[each] = arrays
    return replace(case, **changed)

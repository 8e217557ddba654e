"""Noise measured by runs whose inputs differ in the last place."""
from itertools import islice
from pathlib import Path

import numpy as np

from refvr.verify.cases.case import Case
from refvr.verify.cases.families import Answer, Family
from refvr.verify.cases.spread import spreads

X = np.float32([1.0, -3.0, 0.25])


def found(run, draws, names=("y",), inputs=None):
    case = Case(Path("made"), {"family": "made"}, {}, inputs or {"x": X, "count": np.array([2])},
                {"y": np.zeros(3, np.float32)}, {"y": np.zeros(3)}, {})
    family = Family(run)
    return [dict(found) for found in islice(spreads(case, family, run(case, np.float32), names), draws)]


def test_a_change_is_of_one_unit_in_the_last_place_and_only_grows():
    given = []

    def run(case, dtype):
        given.append(case.inputs)
        return Answer({"y": case.inputs["x"].copy()})

    draws = found(run, 6)
    unit = np.spacing(np.abs(X)).astype(np.float64)
    assert all((draw["y"] > 0).all() and (draw["y"] <= unit).all() for draw in draws)   # downwards from 1.0 it is half
    assert all((later["y"] >= earlier["y"]).all() for earlier, later in zip(draws, draws[1:]))
    assert draws[-1]["y"].tolist() == unit.tolist()
    assert all(inputs["count"] == 2 for inputs in given) and (given[0]["x"] == X).all()


def test_only_outputs_that_can_be_judged_have_a_spread():
    draws = found(lambda case, dtype: Answer({"y": np.zeros(4, np.float32), "other": X}), 1, ("y", "other", "third"))
    assert draws == [{}]

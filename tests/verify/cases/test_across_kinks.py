"""Gradients on the other side of a kink are those of inputs a rounding away; wrong ones are of none."""
from pathlib import Path

import numpy as np
import pytest

from refvr.verify.cases.across_kinks import DRAWS, SAYS, moved_cases
from refvr.verify.cases.case import Case
from refvr.verify.cases.families import Answer, Family
from refvr.verify.cases.run import verify_loaded

INPUTS = {"x": np.float32([1.0, 1e-8, -1.0]), "count": np.array([3])}


def run(case, dtype, wrong=1.0):
    """relu(x0 + x1 + x2), and its gradient times 10: in float32 the sum is 0."""
    total = dtype.type(0)
    for element in case.inputs["x"]:
        total = dtype.type(total + dtype.type(element))
    right = 10.0 if dtype == np.float64 else 10.0 * wrong
    return Answer({"grad": np.array([right if total > 0 else 0.0, 3.0], dtype)})


def case():
    answer = np.array([10.0, 3.0])
    return Case(Path("made"), {"family": "made"}, {}, INPUTS, {"grad": answer.astype(np.float32)}, {"grad": answer}, {})


@pytest.fixture
def judged(monkeypatch):
    def judge(family, dtype="float32"):
        monkeypatch.setattr("refvr.verify.cases.run._family", lambda case: family)
        monkeypatch.setattr("refvr.verify.cases.run._may_be_a_kink", lambda row, family: row.name in family.kinks)
        return verify_loaded(case(), "fast", dtype, "direct").outputs[0]

    return judge


def test_a_gradient_on_the_other_side_is_right(judged):
    assert np.array_equal(run(case(), np.dtype(np.float32)).outputs["grad"], [0, 3])
    row = judged(Family(run, kinks=("grad",)))
    assert row.passed and SAYS in row.origin and row.difference.max_abs == 0
    assert judged(Family(run, kinks=("grad",)), "float64").passed


def test_where_gradients_have_no_kinks_it_is_wrong(judged):
    assert not judged(Family(run)).passed


@pytest.mark.parametrize("error", [[0.5, 0.0], [0.0, 0.5]])
def test_a_wrong_gradient_is_that_of_no_inputs(judged, error):
    def wrong(case, dtype):
        found = run(case, dtype).outputs["grad"]
        return Answer({"grad": found + np.array(error, dtype) * (dtype == np.float32)})

    row = judged(Family(wrong, kinks=("grad",)))
    assert not row.passed and SAYS not in row.origin


def test_draws_fall_on_both_sides_and_keep_the_noise_of_the_original():
    family = Family(run, kinks=("grad",))
    moved = list(moved_cases(case(), family, ["grad"]))
    assert len(moved) == DRAWS and {each.outputs64["grad"][0] for each in moved} == {0.0, 10.0}
    noise = case().outputs["grad"] - case().outputs64["grad"]
    assert all(np.array_equal(each.outputs["grad"] - each.outputs64["grad"], noise) for each in moved)
    assert all(each.inputs is case().inputs or each.inputs["count"] == 3 for each in moved)

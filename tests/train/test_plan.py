"""What a run announces."""
import pytest

from refvr.errors import InputError
from refvr.train.plan import Plan


def test_plan_progress():
    plan = Plan([(0, 100)])
    assert [plan.progress(s) for s in (0, 25, 100)] == [0, 0.25, 1]
    plan.revise(50, 150)
    assert str(plan) == "0:100,50:150" and plan.total == 150
    assert [plan.progress(s) for s in (50, 100, 150)] == [0.5, 0.75, 1]
    plan.revise(149, 10)                                                     # too late to be shorter than this
    assert plan.total == 150
    progress = [Plan.parse(str(plan)).progress(s) for s in range(151)]
    assert progress == sorted(progress) and progress[-1] == 1
    assert str(Plan.parse("9000")) == "9000"
    for text in ("many", "0", "5:10", "0:10,0:20", "0:10,30:20"):
        with pytest.raises(InputError, match="steps"):
            Plan.parse(text)

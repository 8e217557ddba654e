"""What `compare` answers: in words, and as a test of a port fails."""
import numpy as np
import pytest

from refvr.verify.compare.found import Guilty
from refvr.verify.compare.pieces import difference
from refvr.verify.compare.report import CompareReport


def report(**more):
    return CompareReport("trace.h5", "mine.npz", [], {"exact": 2}, 7, ["a"], [], **more)


def guilty():
    return Guilty("conv2", 7.0, difference(np.ones(4), np.zeros(4) + 0.5), 1e-7, "", ("conv2",), (), (), (),
                  np.zeros((1, 1)))


def test_in_words_the_heading_comes_before_the_findings():
    lines = str(report(healthy=False, guilty=guilty(), notes=["mind this"])).splitlines()
    assert lines[0] == "reference  trace.h5" and lines[1].startswith("yours      mine.npz: 0 of our 7 names (2 exact)")
    assert [k for k, line in enumerate(lines) if line.startswith("first guilty layer: conv2")] == [3]
    assert lines[-1] == "  note: mind this"


@pytest.mark.parametrize("healthy", [False, None])
def test_what_is_wrong_or_was_not_judged_fails_with_all_that_was_found(healthy):
    wrong = report(healthy=healthy, guilty=guilty() if healthy is False else None)
    with pytest.raises(AssertionError) as caught:
        wrong.assert_healthy()
    assert str(caught.value) == str(wrong)


def test_a_healthy_port_passes():
    assert report(healthy=True).assert_healthy() is None

"""What was found, in words."""
import numpy as np

from refvr.verify.compare.found import Found, Guilty
from refvr.verify.compare.pieces import difference
from refvr.verify.compare.text import few, findings, heading


def found(**more):
    return Found("trace.h5", "mine.npz", [], {"exact": 2, "official": 1}, 7, ["a", "b"], [], **more)


def test_the_heading_says_what_was_paired_and_what_not():
    lines = list(heading(found(stopped="in conv2")))
    assert lines[0] == "reference  trace.h5"
    assert "0 of our 7 names (2 exact, 1 official)" in lines[1] and "your program stops in conv2" in lines[2]
    assert "2 of yours are unknown here: a, b" in lines[3]


def test_without_isolation_nothing_is_judged():
    assert "--isolate" in list(findings(found()))[-1]
    assert few("abcdef") == "a, b, c, d and 2 more" and few("ab") == "a, b"


def test_an_own_error_and_what_it_leads_to_are_told_apart():
    """Other inputs, another figure: one from theirs, one from the beginning; a value right there may be 0.98 off."""
    figure = difference(np.ones(4), np.zeros(4) + 0.5)
    guilty = Guilty("conv1", 7.0, figure, 1e-7, "", ("conv1",), (), (("conv1", 1e-6), ("conv2", 1.8), ("output", 0.1)),
                    (), np.zeros((1, 1)))
    text = list(findings(found(guilty=guilty, digits="rounded")))
    assert "computed from your own inputs" in text[1] and "against our own run from the input: 1e-06" in text[2]
    assert text[3] == "  digits       rounded"


def test_what_inherits_from_values_that_were_not_given_is_not_accused():
    figure = difference(np.ones(4), np.zeros(4) + 0.5)
    guilty = Guilty("b", 7.0, figure, 1e-7, "", ("a", "b"), (), (), (("c", 3.0), ("d", 4.0), ("e", 5.0)),
                    np.zeros((1, 1)), inherit=("e",), between=("d",))
    text = list(findings(found(guilty=guilty)))
    assert "  besides      2 more with errors of their own: c (3x), d (4x, or what leads to it)" in text
    assert any(line.startswith("  unclear      e: wrong, but computed from what you did not give") for line in text)

"""What was found, in words."""
from refvr.verify.compare.found import Found
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

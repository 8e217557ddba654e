"""`keep`: values of a port that is a function."""
from refvr.verify.compare.ports.kept import keep, keeping


def test_outside_of_a_comparison_it_does_nothing():
    assert keep("a", 3) == 3


def test_inside_the_innermost_taker_gets_what_is_kept():
    outer, inner = [], []
    with keeping(lambda name, x: outer.append((name, x))):
        keep("a", 1)
        with keeping(lambda name, x: inner.append((name, x))):
            keep("b", 2)
        keep("a", 3)
    keep("a", 4)
    assert outer == [("a", 1), ("a", 3)] and inner == [("b", 2)]

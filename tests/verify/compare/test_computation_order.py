"""Values are paired by their order alone: between known neighbours, if they are alike."""
from types import SimpleNamespace

from refvr.verify.compare.computation_order import by_order

OURS, THEIRS = [f"a{k}" for k in range(6)], [f"b{k}" for k in range(6)]


def nearness(likeness=0.9, others=0.4, fits=lambda ours, theirs: True):
    """Of values with the same number, and of others."""
    return SimpleNamespace(of=lambda theirs: {
        ours: SimpleNamespace(likeness=likeness if ours[1] == theirs[1] else others)
        for ours in OURS if fits(ours, theirs)})


def pairs(known, near=None, *, used=(), again=(), scarce=False, unlike=lambda theirs, ours: False, theirs=THEIRS):
    return dict(by_order(OURS, theirs, known, near or nearness(), {*known.values(), *used}, again, scarce, unlike))


def test_what_lies_between_known_values_is_paired_in_order():
    assert pairs({"a0": "b0", "a3": "b3", "a5": "b5"}) == {"a1": "b1", "a2": "b2", "a4": "b4"}


def test_of_a_gap_with_less_the_likest_are_taken():
    theirs = ["b0", "b2", "b3", "b4", "b5"]
    assert pairs({"a0": "b0", "a3": "b3", "a4": "b4", "a5": "b5"}, theirs=theirs) == {"a2": "b2"}


def test_shapes_likeness_names_and_repetitions_keep_values_apart():
    known = {"a0": "b0", "a2": "b2", "a3": "b3", "a4": "b4", "a5": "b5"}
    assert pairs(known) == {"a1": "b1"} == pairs(known, nearness(-0.9))   # a sign may be wrong there
    assert not pairs(known, nearness(0.2, 0.2)) and not pairs(known, nearness(fits=lambda *_: False))
    assert not pairs(known, again={"a1"}) and not pairs(known, used={"b1"})
    assert not pairs(known, unlike=lambda theirs, ours: (theirs, ours) == ("b1", "a1"))


def test_where_theirs_come_in_another_order_it_tells_nothing():
    assert not pairs({"a0": "b5", "a1": "b4", "a2": "b3", "a4": "b1", "a5": "b0"})


def test_a_branch_that_comes_late_there_is_bounded_by_three_known_values_on_both_sides():
    assert pairs({"a0": "b0", "a1": "b4", "a3": "b2", "a4": "b3", "a5": "b5"}) == {"a2": "b1"}   # b4 comes before
    assert pairs({"a0": "b0", "a1": "b1", "a3": "b2", "a4": "b3", "a5": "b5"}) == {"a2": "b4"}   # b2 comes after


def test_where_little_is_known_all_are_compared_whatever_their_likeness():
    assert pairs({}, nearness(0.02, 0.01), scarce=True) == dict(zip(OURS, THEIRS))
    assert not pairs({}, nearness(0.02, 0.01))

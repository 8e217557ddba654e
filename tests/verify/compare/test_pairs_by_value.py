"""Values whose names tell nothing: by what they are, and by their order."""
from pathlib import Path

import numpy as np

from refvr.verify.compare.found_pairs import Found
from refvr.verify.compare.nearness import CLOSE, NEAR, Place, sample_of
from refvr.verify.compare.pairs_by_value import by_order, by_value
from refvr.verify.runs.arrays_in import Arrays, Entry
from refvr.verify.runs.tracing import Named

rng = np.random.default_rng(0)
A, B, C, D = (rng.standard_normal((1, 6, 5, 3)) for _ in range(4))


def off(x, by):
    return x + by * np.random.default_rng(1).standard_normal(x.shape)


def made(ours, theirs):
    places = [Place(Named(name, name, "", 0), x.shape, sample_of(x)) for name, x in ours.items()]
    return Found(places, Arrays(Path("mine"), {name: Entry(x.shape, "float64", lambda x=x: x)
                                               for name, x in theirs.items()}), "edvr")


def paired(found):
    return {name: pair.parts[0][0] for name, pair in found.pairs.items()}


def test_the_nearest_is_taken_whatever_it_is_called():
    found = made({"a": A, "b": B}, {"x": off(A, 0.01), "y": off(A, 0.001), "z": off(B, 0.01), "far": C})
    by_value(found, NEAR)
    assert paired(found) == {"a": "y", "b": "z"} and {pair.how for pair in found.pairs.values()} == {"value"}
    strict = made({"a": A, "b": B}, {"x": off(A, 0.01), "z": off(B, 1e-5)})
    by_value(strict, CLOSE)
    assert paired(strict) == {"b": "z"}


def test_of_values_as_near_those_at_a_like_place_are_pairs():
    found = made({"a": A, "again": A, "b": B}, {"first": A, "second": A, "third": B})
    by_value(found, NEAR)
    assert paired(found) == {"a": "first", "again": "second", "b": "third"}
    late = made({"b": B, "a": A}, {"early": A, "late": A})
    by_value(late, NEAR)
    assert paired(late) == {"a": "late"}


def test_a_name_keeps_others_away_however_near_they_are():
    """Where the right answer is the input, as that of a warp along a flow of zeros, what is inside may equal it."""
    for inside in (off(A, 0.01), A):
        for most in (CLOSE, NEAR):
            found = made({"a": A}, {"inside": inside, "a": off(A, 0.3)})
            by_value(found, most)
            assert paired(found) == {}


def test_a_name_is_no_earlier_value_which_an_operation_that_does_nothing_gives():
    found = made({"a": A, "b": B}, {"b": A})
    by_value(found, CLOSE)
    assert paired(found) == {}
    folded = made({"conv": A, "norm": B}, {"conv": B})
    by_value(folded, CLOSE)
    assert paired(folded) == {"norm": "conv"}


def test_an_array_that_has_another_name_of_ours_may_be_as_good_as_equal():
    found = made({"a": A, "b": B, "c": C}, {"a": B, "b": C, "c": off(D, 1)})
    by_value(found, CLOSE)
    assert paired(found) == {"b": "a", "c": "b"}


def test_what_is_left_goes_by_order_between_known_values():
    found = made({"a": A, "b": B, "c": C, "d": D}, {"x": A, "y": off(B, 0.5), "z": off(C, 0.5), "last": D})
    by_value(found, NEAR)
    by_order(found)
    assert paired(found) == {"a": "x", "b": "y", "c": "z", "d": "last"}
    assert [found.pairs[name].how for name in "abcd"] == ["value", "order", "order", "value"]


def test_an_equal_array_is_the_earlier_one_where_a_later_value_has_its_own_name():
    """What is fetched where nothing moves is what it is fetched from; a port that fetches it wrongly is wrong there."""
    found = made({"head": A, "fetched": A, "b": B}, {"inside": A, "fetched": off(A, 0.3), "z": B})
    for most in (CLOSE, NEAR):
        by_value(found, most)
    assert paired(found) == {"head": "inside", "b": "z"}
    twice = made({"head": A, "fetched": A, "b": B}, {"head": A, "inside": A, "fetched": off(A, 0.3), "z": B})
    by_value(twice, CLOSE)
    assert paired(twice) == {"head": "head", "b": "z"}


def test_a_value_is_not_what_a_warp_that_moves_nothing_makes_of_it():
    """Both are right to rounding; the place in the order told them apart wrongly, and a right layer was accused."""
    ours = {"first": D, "second": B, "head": A, "fetched": A, "c": C}
    found = made(ours, {"true": off(A, 4e-7), "warped": off(A, 3e-7), "u": D, "v": B, "w": C, "x": C + 1, "z": C + 2})
    by_value(found, CLOSE)
    assert paired(found) == {"first": "u", "second": "v", "head": "true", "fetched": "warped", "c": "w"}

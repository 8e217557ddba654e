"""Pairs while they are being found: who stays, who gives way, what is left."""
from pathlib import Path

import numpy as np
import pytest

from refvr.verify.compare.found_pairs import Found
from refvr.verify.compare.nearness import NEAR, Place, sample_of
from refvr.verify.runs.arrays_in import Arrays, Entry
from refvr.verify.runs.tracing import Named

rng = np.random.default_rng(0)
SUM, OTHER, WRONG = (rng.standard_normal((1, 4, 5, 3)) for _ in range(3))
FINAL = np.where(SUM > 0, SUM, 0.1 * SUM) + 3   # what is added makes both unlike


def arrays(**values):
    return Arrays(Path("mine"), {name: Entry(value.shape, "float64", lambda value=value: value)
                                 for name, value in values.items()})


@pytest.fixture
def found():
    places = [Place(Named("conv", "conv", "", 0), SUM.shape, sample_of(FINAL), sample_of(SUM)),
              Place(Named("output", "output", "", 0), OTHER.shape, sample_of(OTHER))]
    return Found(places, arrays(early=SUM, wrong=WRONG, right=FINAL, other=OTHER, small=np.zeros((1, 2))), "edvr")


def paired(found):
    return {ours: pair.parts[0][0] for ours, pair in found.pairs.items()}


def test_the_first_stays_and_an_array_is_used_once(found):
    assert found.pair("exact", "conv", "right") and not found.pair("exact", "output", "right")
    assert not found.pair("exact", "conv", "wrong") and not found.pair("exact", "conv", "small")   # another shape
    assert paired(found) == {"conv": "right"} and found.used == {"right"}


def test_distance_counts_where_it_is_limited(found):
    assert not found.pair("value", "output", "wrong", most=NEAR) and found.pair("value", "output", "other", most=NEAR)
    assert found.within([found.pairs["output"]], 1e-9) and found.all_right()


def test_a_wrong_value_takes_the_place_of_a_right_one_before_the_activation(found):
    """Two arrays have the name: the first is ours before its activation, the second is what a mistake made of it."""
    assert found.pair("exact", "conv", "early") and found.pair("exact", "conv", "wrong")
    assert paired(found) == {"conv": "wrong"} and "early" not in found.used


@pytest.mark.parametrize("how, first, second", [
    ("exact", "early", "other"),     # the second is another value of ours, and right
    ("exact", "right", "wrong"),     # the first is ours as it is
    ("value", "early", "wrong")])    # no name says so
def test_otherwise_the_first_stays(how, first, second, found):
    assert found.pair(how, "conv", first) and not found.pair(how, "conv", second)
    assert paired(found) == {"conv": first}


def test_what_is_finished_stands_in_our_order_and_names_what_is_left(found):
    found.pair("value", "output", "other")
    found.pair("value", "conv", "right")
    done = found.finished()
    assert list(done.pairs) == ["conv", "output"] and done.unknown == ["early", "wrong", "small"]

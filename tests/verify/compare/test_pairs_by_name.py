"""Modules of the same name: which array is of which call."""
from pathlib import Path

import numpy as np
import pytest

from refvr.verify.compare.found_pairs import ANY, Found
from refvr.verify.compare.nearness import NEAR, Place, sample_of
from refvr.verify.compare.pairs_by_name import by_name, by_name_alone
from refvr.verify.runs.arrays_in import Arrays, Entry
from refvr.verify.runs.tracing import Named

rng = np.random.default_rng(0)
A, B, C = (rng.standard_normal((1, 4, 5, 3)) for _ in range(3))
WRONG = rng.standard_normal((1, 4, 5, 3))


def paired(ours, theirs, most=ANY, find=by_name):
    """Our name -> (theirs, note), and what was found besides; names of ours as "conv", "conv#1"."""
    places = [Place(Named(name, name.partition("#")[0], "", int(name.partition("#")[2] or 0)), x.shape, sample_of(x))
              for name, x in ours.items()]
    found = Found(places, Arrays(Path("mine"), {name: Entry(x.shape, "float64", lambda x=x: x)
                                                for name, x in theirs.items()}), "edvr")
    find(found, *(("exact", lambda base: base, most) if find is by_name else ()))
    return {name: ("+".join(part for part, _ in pair.parts), pair.note) for name, pair in found.pairs.items()}, found


def test_as_many_calls_go_by_their_numbers():
    found, _ = paired({"conv": A, "conv#1": B}, {"conv": WRONG, "conv#1": B})
    assert found == {"conv": ("conv", ""), "conv#1": ("conv#1", "")}


def test_all_calls_may_lie_in_one_batch():
    found, more = paired({"conv": A, "conv#1": B}, {"conv": np.concatenate([A, B])})
    assert found == {"conv": ("conv", "part 0 of a batch of 2"), "conv#1": ("conv", "part 1 of a batch of 2")}
    assert [float(more.distance(pair)) for pair in more.pairs.values()] == [0, 0]


def test_single_calls_may_be_one_batch_of_ours():
    found, more = paired({"conv": np.concatenate([A, B])}, {"conv": A, "conv#1": B})
    assert found == {"conv": ("conv+conv#1", "2 calls together")} and more.distance(more.pairs["conv"]) == 0
    assert not paired({"conv": np.concatenate([A, B])}, {"conv": A, "conv#1": WRONG}, NEAR)[0]


@pytest.mark.parametrize("value, ours", [(B, "conv#1"), (WRONG, "conv#2")])
def test_one_value_for_several_calls_is_that_which_it_is_near_or_the_last(value, ours):
    found, _ = paired({"conv": A, "conv#1": B, "conv#2": C}, {"conv": value})
    assert found == {ours: ("conv", "one value for 3 calls")}


def test_where_numbers_only_tell_an_order_a_near_one_may_have_another():
    """Three hooks for two calls: one of them is of something else."""
    ours, theirs = {"conv": A, "conv#1": B}, {"conv": WRONG, "conv#1": A, "conv#2": B}
    assert paired(ours, theirs, NEAR)[0] == {"conv": ("conv#1", "call 0 of 3"), "conv#1": ("conv#2", "call 1 of 3")}
    assert paired({"conv": A, "conv#1": B}, {"conv": B, "conv#1": A}, NEAR)[0] == {}   # as many: numbers are sure


def test_a_shape_that_does_not_fit_is_said():
    found, more = paired({"conv": A}, {"conv": WRONG[:, :2]})
    assert not found and more.misfits == ["conv is 1x2x5x3, ours is 1x4x5x3"]
    found, more = paired({"conv": A}, {"conv": A.transpose(2, 1, 3, 0)})
    assert not found and more.misfits[0].startswith("conv is 5x4x3x1, ours is 1x4x5x3: its axes are in another order")


def test_what_is_not_finite_has_its_name_alone():
    found, _ = paired({"conv": A, "other": B}, {"conv": np.full(A.shape, np.nan), "other": B}, find=by_name_alone)
    assert found == {"conv": ("conv", "")}
    assert not paired({"conv": A, "conv#1": B}, {"block.conv": np.full(A.shape, np.nan)}, find=by_name_alone)[0]

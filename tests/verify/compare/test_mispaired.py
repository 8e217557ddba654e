"""Pairs that cannot be: an array under the name of another value is no mistake of the port, a wrong value is."""
from dataclasses import replace

import numpy as np
import pytest
from small_ports import C, drawn, dumped, subject_with, values_of

from refvr import ops
from refvr.nn import Module
from refvr.nn.layers import Conv2d
from refvr.verify.compare import mispaired
from refvr.verify.compare.alignment import align
from refvr.verify.compare.mispaired import Mispaired, settled
from refvr.verify.compare.nearness import Place, sample_of
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.compare.reference import run_places
from refvr.verify.runs.tracing import Named

LETTERS = "abcde"
NOISE = np.random.default_rng(9).standard_normal((1, 7, 9, C)).astype(np.float32)


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


class Five(Module):
    """a, b, c, d, e: one convolution after the other."""

    def __init__(self):
        self.a, self.b, self.c, self.d, self.e = (Conv2d(C, C, 3) for _ in LETTERS)
        self.name_parts()

    def forward(self, x):
        return self.e(self.d(self.c(self.b(self.a(x)))))


@pytest.fixture
def subject():
    return subject_with(drawn(Five()))


def ported(*wrong, change=lambda weight: np.roll(weight, 1, 3)):
    """The values of a port some of whose layers are wrong: what follows from them is what it makes of them.

    "output" is left out, for a right end would say that all before it is right.
    """
    other = subject_with(drawn(Five()))
    for name in wrong:
        layer = getattr(other.net, name)
        layer.weight = change(layer.weight)
    found = values_of(other)
    found.pop("output")
    return found


def settle(subject, theirs, table=None):
    arrays, told = dumped(theirs), []
    alignment, found, exact = settled(subject, align(run_places(subject), arrays, table=table), arrays,
                                      lambda *given: told.append(given))
    pairs = {name: pair.parts[0][0] for name, pair in alignment.pairs.items()}
    return pairs, found, [name for name, own in exact.owns.items() if own.error.rms_rel > 1e-2], told


SAME = dict(zip(LETTERS, LETTERS))


def renamed(theirs, name, value, called="odd"):
    """The array of that name is another one, under another name."""
    return {called if key == name else key: value if key == name else x for key, x in theirs.items()}


def test_right_pairs_stay_and_nothing_is_tried(subject):
    assert settle(subject, ported()) == (SAME, [], [], [])


def test_a_wrong_value_stays_for_what_follows_was_computed_from_it(subject):
    assert settle(subject, ported("b")) == (SAME, [], ["b"], [(1, None)])


def test_an_array_that_nothing_was_computed_from_is_not_ours_although_its_name_says_so(subject):
    pairs, found, wrong, _ = settle(subject, ported("e") | {"b": NOISE})
    assert list(pairs) == list("acde") and wrong == ["e"]   # the mistake after it is seen all the same
    assert found == [Mispaired("b", "b", "exact")] and found[0].stated
    assert str(found[0]) == ("your b is not our b (exact), although the names say so: what comes next was computed "
                             "from a value like ours")


def test_the_search_ends_with_the_first_that_stands(subject):
    pairs, found, wrong, told = settle(subject, ported("d") | {"a": NOISE})
    assert [pair.ours for pair in found] == ["a"] and wrong == ["d"] and told == [(1, None), (2, None)]
    pairs, found, wrong, told = settle(subject, ported("a") | {"c": NOISE})
    assert pairs == SAME and found == [] and wrong[0] == "a" and len(told) == 1


def test_what_a_person_said_in_a_table_is_not_doubted(subject):
    pairs, found, _, told = settle(subject, renamed(ported("e"), "b", NOISE), {"odd": "b"})
    assert pairs["b"] == "odd" and found == [] and told == []


def test_the_last_value_has_none_after_it_that_could_say(subject):
    pairs, found, wrong, _ = settle(subject, ported() | {"e": NOISE})
    assert pairs == SAME and found == [] and wrong == ["e"]


def test_nan_under_a_name_is_wrong_whatever_was_done_with_it(subject):
    theirs = ported("e")
    theirs["b"][0, 2, 3] = np.nan
    pairs, found, wrong, _ = settle(subject, theirs)
    assert pairs == SAME and found == [] and wrong[0] == "b"


def test_a_guess_by_order_that_nothing_speaks_for_is_given_up(subject):
    theirs = ported("e")
    pairs, found, wrong, _ = settle(subject, renamed(theirs, "b", theirs["b"] + NOISE))   # of which it has something
    assert "b" not in pairs and found == [Mispaired("b", "odd", "order")] and not found[0].stated and wrong == ["e"]


def test_a_guess_by_order_stays_where_what_follows_says_that_it_is_the_wrong_value(subject):
    theirs = ported("b", "e", change=lambda weight: weight * np.float32(1.3))
    pairs, found, wrong, _ = settle(subject, renamed(theirs, "b", theirs["b"]))
    assert pairs["b"] == "odd" and found == [] and wrong == ["b", "e"]


def test_guesses_after_the_mistake_are_given_up_although_it_hides_them(subject):
    """A second mistake there would still be seen, in the next value that has a pair."""
    theirs = ported("a", "e", change=lambda weight: weight * np.float32(1.3))
    pairs, found, wrong, _ = settle(subject, renamed(theirs, "c", theirs["c"] + NOISE))
    assert list(pairs) == list("abde") and found == [Mispaired("c", "odd", "order")] and wrong == ["a", "e"]


def test_an_array_that_is_the_value_after_it_moves_there(subject):
    """After a mistake it is near nothing of our own run, but it is what comes of theirs."""
    theirs = ported("a")
    theirs["b"] = theirs.pop("c")
    pairs, found, wrong, _ = settle(subject, {name: theirs[name] for name in "abde"})
    assert pairs == {"a": "a", "c": "b", "d": "d", "e": "e"} and wrong == ["a"]


SHAPE = (1, 2, 2, 3)
ORDER = ["l0.conv", "l0.norm", "l1.conv", "l1.norm", "l2.conv", "other.norm"]


def pairs_of(*names, how="exact"):
    return {name: Pair(name, SHAPE, ((f"their {name}", None),), "n h w c", how) for name in names}


def alignment_of(*names, **more):
    places = [Place(Named(name, name, "", 0), SHAPE, np.zeros(12)) for name in ORDER]
    return Alignment(pairs_of(*names) | more.get("pairs", {}), places=places)


def moved(better, alignment):
    found = mispaired._moved(pairs_of("l0.conv")["l0.conv"], better, alignment)
    return {name: pair.parts[0][0] for name, pair in found.pairs.items()}


def test_where_an_array_is_the_very_next_value_others_of_its_kind_are_too():
    """A norm that was folded into each convolution; of the last one the next value is in another module."""
    assert moved("l0.norm", alignment_of("l1.conv", "l2.conv")) == {
        "l0.norm": "their l0.conv", "l1.norm": "their l1.conv", "l2.conv": "their l2.conv"}
    stated = alignment_of("l2.conv", pairs=pairs_of("l1.conv", how="map"))
    assert moved("l0.norm", stated)["l1.conv"] == "their l1.conv"
    assert moved("l1.norm", alignment_of("l1.conv")) == {"l1.conv": "their l1.conv", "l1.norm": "their l0.conv"}


def test_the_place_of_an_array_is_the_value_that_comes_out_so_and_has_no_other():
    rng = np.random.default_rng(0)
    value, other = (rng.standard_normal(SHAPE) for _ in range(2))
    pair, fresh = pairs_of("l0.conv")["l0.conv"], {"l0.conv": value, "l1.conv": value, "l1.norm": value}
    fresh = {"l0.norm": sample_of(other)} | {name: sample_of(x) for name, x in fresh.items()}
    theirs = {"their l0.conv": value}
    assert mispaired._better(pair, fresh, alignment_of("l2.conv"), theirs) == "l1.conv"
    assert mispaired._better(pair, fresh, alignment_of("l1.conv"), theirs) == "l1.norm"
    assert mispaired._better(pair, fresh, alignment_of("l1.conv", "l1.norm"), theirs) == ""
    part = replace(pair, parts=(("their l0.conv", (0, 1)),))   # of a batch
    assert mispaired._better(part, fresh, alignment_of(), theirs) == ""
    several = replace(pair, parts=(("their l0.conv", None), ("more", None)))
    assert mispaired._better(several, fresh, alignment_of(), theirs) == ""


@pytest.mark.parametrize("how, better, stated", [("exact", "", True), ("official", "", True), ("value", "", False),
                                                 ("order", "", False), ("exact", "conv2", False)])
def test_a_pair_is_stated_by_its_name_alone(how, better, stated):
    pair = Mispaired("conv1", "x", how, better)
    assert pair.stated == stated and str(pair).endswith("; it is our conv2") == bool(better)

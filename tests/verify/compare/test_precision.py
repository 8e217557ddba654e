"""The precision of a port is read off its values."""
import numpy as np
import pytest

from refvr.verify.compare.nearness import Place
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.compare.precision import detected, grid_at, settled_precision, told_apart
from refvr.verify.runs.emulate import rounded
from refvr.verify.runs.tracing import Named

rng = np.random.default_rng(0)
VALUES = {name: rng.standard_normal((1, 3, 4, 5)).astype(np.float32) for name in "abcd"}


def alignment(how="exact"):
    return Alignment({name: Pair(name, x.shape, ((name, None),), "n h w c", how) for name, x in VALUES.items()})


def port(precision, names="abcd"):
    return {name: rounded(x, precision) if name in names else x for name, x in VALUES.items()}


@pytest.mark.parametrize("names, found", [("abcd", True), ("abc", False), ("a", False)])
@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_nearly_all_values_are_of_the_format(precision, names, found):
    assert detected(alignment(), port(precision, names)) == (precision if found else "")


def test_few_elements_and_what_is_not_finite_tell_nothing():
    odd = port("fp16") | {"d": np.full((1, 3, 4, 5), np.nan, np.float32)}
    assert detected(alignment(), odd) == "fp16"
    assert detected(Alignment({"a": Pair("a", (3,), (("a", None),), "c", "exact")}), {"a": np.ones(3)}) == ""


def test_what_is_stated_counts_and_the_rest_is_said():
    assert settled_precision("fp32", alignment(), port("fp16")) == ("", [])
    assert settled_precision("bf16", alignment(), port("fp16")) == ("bf16", [])
    found, notes = settled_precision("", alignment(), port("fp16"))
    assert found == "fp16" and "all values are float16 numbers" in notes[0]
    assert settled_precision("", alignment(), VALUES) == ("", [])
    assert grid_at("a", alignment(), VALUES) is None


def test_pairs_by_value_alone_that_have_a_neighbour_are_given_up():
    samples = {"a": VALUES["a"], "b": VALUES["a"] * 1.01, "c": VALUES["c"], "d": VALUES["d"]}
    places = [Place(Named(name, name, "", 0), x.shape, x.reshape(-1)) for name, x in samples.items()]
    by_value = Alignment(alignment("value").pairs, places=places)
    assert list(told_apart(by_value).pairs) == ["c", "d"]
    assert list(told_apart(Alignment(alignment("exact").pairs, places=places)).pairs) == list("abcd")

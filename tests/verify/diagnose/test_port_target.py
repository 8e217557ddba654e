"""A span of a whole port: what lies between its last right value and its first wrong one, run with mistakes in it."""
import numpy as np
import pytest
from small_ports import Chain, drawn, dumped, paired, subject_with, values_of

from refvr import ops
from refvr.nn import Module
from refvr.verify.diagnose.deadline import Deadline, LateError
from refvr.verify.diagnose.port_mistakes import PICTURES, Following, changed
from refvr.verify.diagnose.port_target import SpanTarget, certain_of
from refvr.verify.diagnose.structure.candidate import Structural
from refvr.verify.diagnose.targets import Variant
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.pre_activation import EARLY

SLOPE = 0.1
FLIPPED = Variant(MISTAKES["conv2d.kernel_flipped"])
BORDER = Variant(MISTAKES["conv2d.border_repeats_the_edge"])


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1), ops.precision("direct"):
        yield


@pytest.fixture
def subject():
    return subject_with(drawn(Chain("leaky_relu")))


@pytest.fixture
def theirs(subject):
    """Another network's values: nothing of them is ours."""
    return values_of(subject_with(drawn(Chain("leaky_relu"), seed=4)))


def span(subject, theirs, name="middle", **more):
    return SpanTarget(subject, paired(subject, dumped(theirs)), dumped(theirs), name, "", **more)


def layer(subject, name, x, flipped=False, **options):
    """One layer of ours in float64, its kernel rotated by half a turn."""
    part = getattr(subject.net.astype(np.float64), name)
    weight = part.weight[::-1, ::-1] if flipped else part.weight
    return ops.conv2d(x.astype(np.float64), np.ascontiguousarray(weight), part.bias, **{**part._options, **options})


def test_it_is_ours_from_their_last_right_value(subject, theirs):
    target = span(subject, theirs)
    assert (target.name, target.after) == ("middle", "first") and target.names == ["first", "middle", "last", "output"]
    assert np.array_equal(target.mine, theirs["middle"]) and target.mine.dtype == np.float64
    np.testing.assert_allclose(target.run(), layer(subject, "middle", theirs["first"]), rtol=1e-12, atol=1e-12)
    single = target.run(dtype=np.float32)
    assert single.dtype == np.float32 and 0 < np.abs(single - target.run()).max() < 1e-4
    first = span(subject, theirs, "first")
    assert first.after == ""
    np.testing.assert_allclose(first.run(), layer(subject, "first", subject.operands["x"]), rtol=1e-12, atol=1e-12)


def test_a_mistake_is_in_the_span_alone_however_often_it_is_run(subject, theirs):
    target = span(subject, {name: theirs[name] for name in ("first", "last")}, "last")   # two layers in it
    want = layer(subject, "last", layer(subject, "middle", theirs["first"], True), True)
    right = target.run()
    for _ in range(2):   # what comes before is remembered
        np.testing.assert_allclose(target.run(FLIPPED), want, rtol=1e-9, atol=1e-12)
        assert np.array_equal(target.run(), right)
    single = [v for stage in target.variants() for v in stage
              if getattr(v, "only", None) == 1 and "kernel_flipped" in v.name][0]
    assert single.says.endswith(" (conv2d number 2 after first)")
    np.testing.assert_allclose(target.run(single), layer(subject, "last", layer(subject, "middle", theirs["first"]),
                                                         True), rtol=1e-9, atol=1e-12)
    assert not np.array_equal(target.run(FLIPPED, BORDER), target.run(FLIPPED))


def test_what_comes_before_the_span_is_computed_once(subject, theirs, monkeypatch):
    calls, right = [], ops.conv2d
    monkeypatch.setattr(ops, "conv2d", lambda *args, **named: calls.append(1) or right(*args, **named))
    target, counts = span(subject, theirs, "last"), []
    for _ in range(3):
        calls.clear()
        target.run()
        counts.append(len(calls))
    assert counts == [3, 1, 1]


def test_calls_before_the_span_that_nothing_of_theirs_stands_in_for_may_be_wrong_too(subject, theirs):
    *_, last = span(subject, {name: theirs[name] for name in ("middle", "last")}, "last").variants()
    assert last and all(v.reaches_back and v.says.endswith(" (conv2d number 1 of the run)") for v in last)


def test_only_a_part_of_it_may_be_looked_at(subject, theirs):
    whole, part = span(subject, theirs), span(subject, theirs, keep=(..., slice(2, 5), slice(0, 3), slice(None)))
    assert np.array_equal(part.run(), whole.run()[:, 2:5, :3]) and np.array_equal(part.mine, whole.mine[:, 2:5, :3])


def test_theirs_may_be_before_its_activation(subject, theirs):
    early = SpanTarget(subject, paired(subject, dumped(theirs)), dumped(theirs), "middle", EARLY)
    np.testing.assert_allclose(early.run(), layer(subject, "middle", theirs["first"], activation="none"), rtol=1e-9,
                               atol=1e-12)
    assert not early.may_be_early and span(subject, theirs).may_be_early   # it was taken for final, and may not be


class Doubled(Module):
    def forward(self, x):
        return ops.relu(x) * 2.0


def test_what_is_given_may_be_another_form_of_the_input(subject, theirs):
    doubled = subject_with(Doubled(), shape=(1, 4, 5, 3))
    x, target = doubled.operands["x"], span(doubled, values_of(doubled), "output")
    for fed in PICTURES:
        want = 2 * np.maximum(changed(x, fed.change).astype(np.float64), 0)
        assert np.array_equal(target.run(fed), want) and doubled.operands["x"] is x
    assert set(PICTURES) <= set(next(target.variants()))
    other = span(subject, theirs, "first")   # four channels are no picture
    assert np.array_equal(other.run(PICTURES[0]), other.run())


# what comes after a value of theirs that is before its activation

@pytest.fixture
def sums(subject):
    """A port whose hooks see sums, all of its layers right."""
    x, found = subject.operands["x"], {}
    for name in ("first", "middle"):
        found[name] = layer(subject, name, x, activation="none").astype(np.float32)
        x = np.where(found[name] > 0, found[name], SLOPE * found[name])
    return {**found, "last": layer(subject, "last", x).astype(np.float32)}


@pytest.mark.parametrize("what, changed", [("a relu", lambda y: np.maximum(y, 0)), ("no activation", lambda y: y),
                                           ("nothing (no sum, no activation)", lambda y: y),
                                           ("a leaky relu of slope 0.2", lambda y: np.where(y > 0, y, 0.2 * y))])
def test_something_else_may_come_after_a_value_that_is_not_final(what, changed, subject, sums):
    target = SpanTarget(subject, paired(subject, dumped(sums)), dumped(sums), "last", "")
    follows = {(each.after, each.what): each for each in target.following()}
    assert {after for after, _ in follows} == {"first", "middle"} and list(follows)[0][0] == "middle"
    y = sums["middle"].astype(np.float64)
    found = target.run(follows["middle", what])
    np.testing.assert_allclose(found, layer(subject, "last", changed(y)), rtol=1e-9, atol=1e-12)
    right = layer(subject, "last", np.where(y > 0, y, SLOPE * y))
    np.testing.assert_allclose(target.run(), right, rtol=1e-9, atol=1e-12)


def test_of_final_values_nothing_else_can_come_after_them(subject, theirs):
    right = values_of(subject)
    target = span(subject, right, "last")
    assert target.following() == [] and not any(isinstance(v, Following) for v in next(iter(target.variants())))


# other values of the run

def test_values_of_the_whole_run_with_theirs_in_their_place(subject, theirs):
    target = span(subject, {name: theirs[name] for name in ("first", "last")}, "last")
    found = target.values()
    assert list(found) == ["first", "middle", "last", "output"] and np.array_equal(found["first"], theirs["first"])
    np.testing.assert_allclose(found["middle"], layer(subject, "middle", theirs["first"]), rtol=1e-12, atol=1e-12)
    assert list(target.values(only="middle")) == ["middle"] and target.on_value is None
    ours = target.values(ours="fir")   # those that begin so are not theirs
    np.testing.assert_allclose(ours["first"], layer(subject, "first", subject.operands["x"]), rtol=1e-12, atol=1e-12)
    assert not np.array_equal(target.values(FLIPPED)["last"], found["last"])


def test_another_value_may_be_added_or_stand_there(subject, theirs):
    target = span(subject, theirs)
    y, first = target.run(), theirs["first"].astype(np.float64)
    found = {change.says: change.y for change in target.also(y, y - first)}
    assert np.allclose(found["first left out"], y - first) and np.array_equal(found["first in its place"], first)
    assert {"the input x in its place"} <= found.keys()
    part = span(subject, theirs, keep=(..., slice(2, 5), slice(None), slice(None)))
    there = {change.says: change.y for change in part.also(part.run(), part.mine)}
    assert np.array_equal(there["first in its place"], first[:, 2:5])
    says = {change.says for change in target.also(y, y + 0.25 * first)}
    assert "0.25 times first added to it" in says and "first added once more" not in says
    assert "first added once more" in {change.says for change in target.also(y, y + first)}


def test_a_search_ends_when_its_time_is_over_but_the_right_version_is_there(subject, theirs):
    target = span(subject, theirs, deadline=Deadline(-1))
    assert target.run().shape == theirs["middle"].shape
    with pytest.raises(LateError):
        target.run(FLIPPED)


def test_stages_begin_with_mistakes_in_the_span_and_have_structure_too(subject, theirs):
    stages = list(span(subject, theirs, "last").variants())
    assert {v.mistake.operation for v in stages[0] if isinstance(v, Variant)} == {"conv2d"}
    assert any(isinstance(v, Structural) and v.name == "structure.weights_exchanged" for stage in stages for v in stage)
    everywhere = [v for v in stages[-1] if isinstance(v, Variant)]
    assert not everywhere or all(v.reaches_back for v in everywhere)


# what is certain

def test_what_is_certain_of_a_value_before_its_activation():
    assert "right up to conv1," in certain_of("conv2", "conv1", "", ["conv2d"])
    said = certain_of("conv2", "conv1", "before its activation", ["conv2d"])
    assert "right up to" not in said and "lie what makes that one final, conv2d" in said


def test_what_lies_between_is_counted(subject, theirs):
    assert span(subject, {"last": theirs["last"]}, "last").certain() == (
        "your values are right up to the input, and your last does not follow from them; between the two lie "
        "conv2d (3 times), their operands and their weights")
    assert "lie sums and products alone" in certain_of("b", "a", "", [])

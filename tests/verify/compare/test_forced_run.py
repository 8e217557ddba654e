"""A run of ours with a port's values in the place of ours: each layer is computed from theirs, nothing is inherited."""
import numpy as np
import pytest
from small_ports import C, Chain, drawn, dumped, paired, subject_with, values_of

from refvr import ops
from refvr.nn import Module, note
from refvr.nn.layers import Conv2d
from refvr.verify.compare.forced_run import AFTER_RELU, at_stage, forced, in_last_place, values_at
from refvr.verify.compare.pairs import Alignment
from refvr.verify.runs.pre_activation import EARLY, stages

SLOPE = 0.1   # of the activation of the chain's first two layers


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1), ops.precision("direct"):
        yield


@pytest.fixture
def subject():
    return subject_with(drawn(Chain("leaky_relu")))


@pytest.fixture
def theirs(subject):
    """Other numbers than ours everywhere."""
    rng = np.random.default_rng(8)
    return {name: rng.standard_normal(x.shape).astype(np.float32) for name, x in values_of(subject).items()}


def told(subject, theirs, names=None, *, dtype=np.float64, stage_of=None, **more):
    """Name -> our fresh value as it was heard."""
    found = {}

    def heard(named, value, their, stage):
        assert np.array_equal(np.asarray(their), theirs[named.name])
        found[named.name] = np.array(value)
        return (stage_of or {}).get(named.name, "")

    alignment = paired(subject, dumped(theirs))
    kept = {name: pair for name, pair in alignment.pairs.items() if names is None or name in names}
    forced(subject, alignment.with_pairs(kept), dumped(theirs), dtype, heard, **more)
    return found


def layer(subject, name, x):
    """What one layer of ours makes of x, in float64."""
    return getattr(subject.net.astype(np.float64), name)(x.astype(np.float64))


def test_each_value_is_computed_from_theirs_before_it(subject, theirs):
    found = told(subject, theirs)
    assert list(found) == ["first", "middle", "last", "output"]
    assert np.array_equal(found["first"], layer(subject, "first", subject.operands["x"]))
    assert np.array_equal(found["middle"], layer(subject, "middle", theirs["first"]))
    assert np.array_equal(found["last"], layer(subject, "last", theirs["middle"]))
    assert np.array_equal(found["output"], theirs["last"])   # nothing is done to it


def test_what_they_do_not_have_is_ours_from_their_last_value_on(subject, theirs):
    found = told(subject, theirs, ["first", "last"])
    assert list(found) == ["first", "last"]
    assert np.array_equal(found["last"], layer(subject, "last", layer(subject, "middle", theirs["first"])))


def test_theirs_before_its_activation_goes_on_activated(subject, theirs):
    found = told(subject, theirs, stage_of={"first": EARLY})
    y = theirs["first"].astype(np.float64)
    np.testing.assert_allclose(found["middle"], layer(subject, "middle", np.where(y > 0, y, SLOPE * y)), rtol=1e-12)


def test_of_theirs_after_a_relu_ours_stands_below_zero(subject, theirs):
    theirs["first"] = np.maximum(theirs["first"], 0)
    found = told(subject, theirs, stage_of={"first": AFTER_RELU})
    went_on = np.where(theirs["first"] > 0, theirs["first"], np.minimum(found["first"], 0))
    assert 0 < (went_on < 0).mean() < 0.5
    np.testing.assert_allclose(found["middle"], layer(subject, "middle", went_on), rtol=1e-12)


@pytest.mark.parametrize("stage_of, changed", [({}, lambda y, ours: y),
                                               ({"first": EARLY}, lambda y, ours: np.where(y > 0, y, SLOPE * y))])
def test_what_is_put_is_told(stage_of, changed, subject, theirs):
    put = {}
    found = told(subject, theirs, stage_of=stage_of, kept=put.__setitem__)
    assert list(put) == list(found)
    np.testing.assert_allclose(put["first"], changed(theirs["first"].astype(np.float64), found["first"]), rtol=1e-12)
    assert np.array_equal(put["last"], theirs["last"])


def test_values_may_be_moved_by_one_unit_in_the_last_place(subject, theirs):
    plain, moved = told(subject, theirs, dtype=np.float32), told(subject, theirs, dtype=np.float32, moved=True)
    assert np.array_equal(plain["first"], moved["first"])   # nothing of theirs before it
    assert 0 < np.abs(plain["middle"] - moved["middle"]).max() < 1e-5
    assert np.array_equal(np.abs(moved["output"] - theirs["last"]) > 0, np.ones(theirs["last"].shape, bool))


@pytest.mark.parametrize("value, up, down", [(1.0, 1 + 2**-23, 1 - 2**-24), (0.0, 2**-149, -2**-149),
                                             (-8.0, -8 + 2**-21, -8 - 2**-20)])
def test_one_unit_up_or_down_by_lot(value, up, down):
    x = np.full(400, value)
    found = in_last_place(x, np.random.default_rng(0))
    assert found.dtype == np.float32 and set(found.tolist()) == {up, down} and x[0] == value
    assert 100 < (found == np.float32(up)).sum() < 300
    assert np.isnan(in_last_place(np.float32([np.nan]), np.random.default_rng(0))).all()


def test_where_there_is_none_of_theirs_another_value_may_be_given(subject, theirs):
    heard, other = [], np.ones((1, 7, 9, C))

    def instead(named, value):
        heard.append(named.name)
        return other

    found = told(subject, theirs, ["first", "last"], instead=instead)
    assert heard == ["first", "middle", "last", "output"]   # first of all of every value
    assert np.array_equal(found["last"], layer(subject, "last", other))


class Blocks(Module):
    """A block whose value is that of its last layer once more; one whose value has a second owner."""

    def __init__(self):
        self.block, self.last = Block(), Conv2d(C, C, 1)
        self.name_parts()

    def forward(self, x):
        y = self.block(x)
        note("twice", note("part", y[:, 1:]) * 2.0)
        return self.last(y)


class Block(Module):
    def __init__(self):
        self.inner = Conv2d(C, C, 3, activation="leaky_relu")

    def forward(self, x):
        return self.inner(x)


def test_a_block_that_is_its_last_layer_again_is_not_put_twice():
    """Its own value is before the activation, and what was put is after it: once is enough."""
    subject = subject_with(drawn(Blocks()))
    theirs = {name: np.random.default_rng(1).standard_normal(x.shape).astype(np.float32)
              for name, x in values_of(subject).items() if name in ("block.inner", "block", "last")}
    found = told(subject, theirs, stage_of={"block.inner": EARLY, "block": EARLY})
    y = theirs["block.inner"].astype(np.float64)
    y = np.where(y > 0, y, SLOPE * y)
    np.testing.assert_allclose(found["block"], y, rtol=1e-12)
    np.testing.assert_allclose(found["last"], layer(subject, "last", y), rtol=1e-12)
    found = told(subject, theirs, stage_of={"block.inner": EARLY})   # as it is at its end, it is theirs
    np.testing.assert_allclose(found["last"], layer(subject, "last", theirs["block"]), rtol=1e-12)


def test_what_others_share_the_memory_of_is_not_written_over():
    """A part of a value gets another value; the value itself stays."""
    subject = subject_with(drawn(Blocks()))
    theirs = {"part": np.ones((1, 6, 9, C), np.float32)}
    ours = values_of(subject, np.float64)
    found = {}
    alignment = paired(subject, dumped(values_of(subject)))
    pairs = {name: alignment.pairs[name] for name in ("part", "twice", "last")}

    def heard(named, value, their, stage):
        found[named.name] = np.array(value)
        return ""

    theirs |= {name: ours[name] for name in ("twice", "last")}
    forced(subject, alignment.with_pairs(pairs), dumped(theirs), np.float64, heard)
    assert np.all(found["twice"] == 2) and np.array_equal(found["last"], ours["last"])


def test_both_values_at_a_name_and_nothing_is_run_after_it(subject, theirs):
    ran, right = [], Conv2d.forward

    def counted(self, x, residual=None):
        ran.append(self._path)
        return right(self, x, residual)

    alignment = paired(subject, dumped(theirs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Conv2d, "forward", counted)
        their, ours = values_at(subject, alignment, dumped(theirs), "middle", {})
    assert ran == ["first", "middle"] and np.array_equal(their, theirs["middle"])
    assert np.array_equal(ours, layer(subject, "middle", theirs["first"]))
    single = values_at(subject, alignment, dumped(theirs), "middle", {}, np.float32)[1]
    assert single.dtype == np.float32 and 0 < np.abs(single - ours).max() < 1e-5
    y, net = theirs["first"].astype(np.float64), subject.net.astype(np.float64)
    early = values_at(subject, alignment, dumped(theirs), "middle", {"middle": EARLY, "first": EARLY})[1]
    np.testing.assert_allclose(early, ops.conv2d(np.where(y > 0, y, SLOPE * y), net.middle.weight, net.middle.bias),
                               rtol=1e-9, atol=1e-12)


def test_our_value_at_a_stage():
    x = np.float32([[-2, 3]])
    with stages() as stage:
        y = ops.leaky_relu(x, 0.5)
        assert at_stage(y, "", stage) is y and at_stage(y, EARLY, stage) is x
        assert at_stage(y, AFTER_RELU, stage).tolist() == [[0, 3]]
        other = x.copy()
        assert at_stage(other, EARLY, stage) is other   # it has no such stage


def test_an_alignment_without_pairs_is_a_run_of_ours(subject):
    heard = []
    forced(subject, Alignment(), dumped({}), np.float32, lambda *given: heard.append(given) or "")
    assert not heard

"""Where a difference is born: each layer from the port's own input, against what rounding explains there."""
import numpy as np
import pytest
from small_ports import C, Chain, drawn, dumped, paired, subject_with, values_of

from refvr import ops
from refvr.errors import InputError
from refvr.nn import Module, note
from refvr.verify.compare.forced_run import AFTER_RELU
from refvr.verify.compare.isolate import DRAWS, SAFETY, Own, exact_run, isolate, judge
from refvr.verify.compare.pieces import difference
from refvr.verify.compare.shift import ALLOWED
from refvr.verify.runs.port_arithmetic import arithmetic
from refvr.verify.runs.pre_activation import EARLY, stages

EPS = 2.0**-23


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.fixture
def subject():
    return subject_with(drawn(Chain("leaky_relu")))


def ported(change):
    """The values of a port: the same network after a change of it."""
    other = subject_with(drawn(Chain("leaky_relu")))
    change(other.net)
    return values_of(other)


def wrong(net):
    net.middle.weight = net.middle.weight * np.float32(1.01)


def layer(subject, name, x):
    return getattr(subject.net.astype(np.float64), name)(x.astype(np.float64))


def test_an_error_is_of_the_layer_that_made_it_alone(subject):
    theirs = ported(wrong)
    exact = exact_run(subject, paired(subject, dumped(theirs)), dumped(theirs))
    assert list(exact.owns) == list(exact.places) == ["first", "middle", "last", "output"]
    for name, before in (("middle", "first"), ("last", "middle")):
        own = np.abs(theirs[name] - layer(subject, name, theirs[before])).max()
        assert exact.owns[name].error.max_abs == pytest.approx(own, rel=1e-9)
    errors = {name: own.error.max_rel for name, own in exact.owns.items()}
    assert errors["middle"] > 3e-3 > 1e-6 > max(errors[name] for name in ("first", "last", "output"))
    assert np.abs(theirs["last"] - values_of(subject)["last"]).max() > 1e-3   # what it inherited is no error of it
    assert exact.stages == dict.fromkeys(errors, "") and not exact.sampled and not exact.averaged


def test_the_noise_is_the_largest_of_several_ways_of_rounding(subject):
    theirs = values_of(subject)
    owns = {own.name: own for own in isolate(subject, paired(subject, dumped(theirs)), dumped(theirs))}
    assert all(own.times <= 1 for own in owns.values())
    with ops.precision("direct"):   # one of them
        single = subject.net.astype(np.float32).middle(theirs["first"])
    off = np.abs(single - layer(subject, "middle", theirs["first"])).max()
    assert off <= owns["middle"].noise < 30 * off and off > 0
    assert owns["middle"].explained == SAFETY * owns["middle"].noise


@pytest.mark.parametrize("by, guilty", [(1e-7, []), (1e-4, ["middle"])])
def test_what_rounding_does_not_explain_is_guilty(by, guilty, subject):
    theirs = ported(lambda net: setattr(net.middle, "bias", net.middle.bias + np.float32(by)))
    owns = isolate(subject, paired(subject, dumped(theirs)), dumped(theirs))
    assert [own.name for own in owns if own.times > 1] == guilty


@pytest.mark.parametrize("noise, peak, shift, times", [
    (1e-3, 1.0, None, 0.5 / (SAFETY * 1e-3)), (0.0, 4.0, None, 0.5 / (SAFETY * EPS / 2 * 4)),
    (1.0, 1.0, 3 * ALLOWED, 3), (1.0, 1.0, -3 * ALLOWED, 3), (1.0, 1.0, ALLOWED / 100, 0.5 / SAFETY)])
def test_times_is_the_error_over_what_rounding_explains_or_the_shift_over_what_is_allowed(noise, peak, shift, times):
    own = Own("a", difference(np.full(9, peak + 0.5), np.full(9, peak)), noise=noise, shift=shift)
    assert own.times == pytest.approx(times)


def test_where_nothing_is_there_any_error_is_infinitely_large():
    assert Own("a", difference(np.zeros(3), np.zeros(3))).times == 0
    assert Own("a", difference(np.full(3, 1e-9), np.zeros(3))).times == np.inf


# stages

X = np.random.default_rng(3).standard_normal((1, 5, 6, 4)).astype(np.float32)


def judged(theirs_of, known=None, op=ops.leaky_relu):
    with stages() as stage:
        y = op(X)
        return judge("a", y, theirs_of(y), stage, known)


def test_theirs_is_judged_at_the_stage_that_it_is_like():
    end, early = judged(lambda y: y), judged(lambda y: X)
    after = judged(lambda y: np.maximum(y, 0))
    assert [own.stage for own in (end, early, after)] == ["", EARLY, AFTER_RELU]
    assert all(own.error.max_abs == 0 and own.staged for own in (end, early, after))
    assert end.final is None and early.final.max_abs > 0.1 and after.final.max_abs > 0.1


def test_a_small_error_leaves_no_doubt_and_a_large_one_does():
    assert judged(lambda y: y * np.float32(1 + 1e-4)).rival is None
    noise = np.random.default_rng(0).standard_normal(X.shape).astype(np.float32)
    far = judged(lambda y: noise * 3)
    assert {far.stage, far.rival} == {"", EARLY}   # two that it may be of, by its error alone
    near = judged(lambda y: X + noise * 0.01)
    assert near.stage == EARLY and near.rival is None


@pytest.mark.parametrize("known", ["", EARLY, AFTER_RELU])
def test_a_stage_that_is_known_is_taken_at_its_word(known):
    own = judged(lambda y: X * 0.5 + 1, known)
    want = {"": ops.leaky_relu(X), EARLY: X, AFTER_RELU: np.maximum(X, 0)}[known]
    assert own.stage == known and own.rival is None
    with stages() as stage:   # where all stages are the same, too
        assert judge("a", ops.leaky_relu(np.abs(X)), np.abs(X), stage, known).stage == known
    assert own.error.max_abs == pytest.approx(np.abs(X * 0.5 + 1 - want).max())


def test_what_has_no_activation_has_its_end_and_what_a_relu_leaves_of_it():
    def conv(x):
        return ops.conv2d(x, np.ones((1, 1, 4, 4), np.float32))

    assert judged(lambda y: np.maximum(y, 0), op=conv).stage == AFTER_RELU
    own = judged(lambda y: y + 1, op=conv)
    assert own.stage == "" and not own.staged and own.rival is None


def test_stages_of_a_whole_run_are_found_or_told(subject):
    theirs = values_of(subject)
    with stages() as stage:
        y = subject.net.astype(np.float32).first(subject.operands["x"])
        theirs["first"] = np.array(stage.before()) if stage.of(y) else y
    alignment = paired(subject, dumped(theirs))
    exact = exact_run(subject, alignment, dumped(theirs))
    assert exact.stages["first"] == EARLY and max(own.error.max_rel for own in exact.owns.values()) < 1e-5
    told = exact_run(subject, alignment, dumped(theirs), stage_of={"first": ""})
    assert told.stages["first"] == "" and told.decided == {"first": ""}
    assert told.owns["first"].error.max_rel > 0.1 and told.owns["middle"].error.max_rel > 0.1


# how a run goes

def test_a_run_ends_when_enough_is_known_and_somebody_sees_all_values_until_then(subject):
    theirs, seen, done = values_of(subject), [], []
    alignment = paired(subject, dumped(theirs))
    alignment = alignment.with_pairs({name: alignment.pairs[name] for name in ("first", "last")})
    exact = exact_run(subject, alignment, dumped(theirs), lambda *given: done.append(given),
                      seen=lambda named, value: seen.append(named.name), enough=lambda owns: "last" in owns)
    assert list(exact.owns) == ["first", "last"] and seen == ["first", "middle", "last"]
    assert done == [(1, None), (2, None)]


class Meeting(Module):
    def forward(self, x):
        note("mean", ops.mean(x, axis=(1, 2), keepdims=True) + x)
        return ops.warp(x, np.full((*x.shape[:3], 2), 0.25, x.dtype))


@pytest.mark.parametrize("net, more", [(Chain(), 0), (Meeting(), 3)])
def test_what_others_compute_in_other_ways_is_drawn_in_these_too(net, more):
    """Sums in several orders, values that are moved; where there are any, means in float32 and warps by coordinates."""
    subject = subject_with(drawn(net))
    theirs, done = values_of(subject), []
    alignment = paired(subject, dumped(theirs))
    exact = exact_run(subject, alignment, dumped(theirs))
    assert (exact.sampled, exact.averaged) == ((more > 0,) * 2)
    isolate(subject, alignment, dumped(theirs), lambda *given: done.append(given), exact=exact)
    count = len(theirs) * (len(DRAWS) + 1 + more)
    assert done == [(k + 1, count) for k in range(count)]


def test_a_port_of_few_digits_is_judged_by_its_own_rounding(subject):
    with arithmetic("fp16"):
        theirs = values_of(subject)
    alignment = paired(subject, dumped(theirs))
    assert any(own.times > 1 for own in isolate(subject, alignment, dumped(theirs)))
    owns = isolate(subject, alignment, dumped(theirs), precision="fp16")
    assert all(own.times <= 1 for own in owns) and max(own.noise for own in owns) > 1e-4


class Choosing(Module):
    """Looks at its numbers, as SAFA does, and has another size in float32."""

    def forward(self, x):
        return ops.relu(x[:, :3] if x.dtype == np.float32 else x[:, :4])


def test_another_choice_in_fewer_digits_is_said():
    subject = subject_with(Choosing())
    theirs = {"output": np.ones((1, 4, 9, C))}
    alignment = paired(subject, dumped({"output": np.ones((1, 3, 9, C))}))
    pair = alignment.pairs["output"]
    alignment = alignment.with_pairs({"output": pair.__class__(**{**vars(pair), "shape": (1, 4, 9, C)})})
    with pytest.raises(InputError, match="in float32 another scale is chosen before output than in float64"):
        isolate(subject, alignment, dumped(theirs))

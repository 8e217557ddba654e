"""What a port is compared with: a run of ours or a trace of one, the same either way."""
import json

import h5py
import numpy as np
import pytest
from small_ports import Chain, drawn, dumped, paired, subject_with, values_of
from subjects import PORTS

from refvr import ops
from refvr.errors import InputError
from refvr.nn import Module, note, scope
from refvr.verify.compare import reference
from refvr.verify.compare.official_modules import all_names
from refvr.verify.compare.pieces import difference
from refvr.verify.compare.reference import (
    official_of,
    opened,
    remade,
    run_places,
    stored_axes,
    stored_inputs,
    stored_places,
    stored_totals,
)
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.pre_activation import EARLY, stages
from refvr.verify.runs.trace_file import open_trace, write_trace

MODEL, SIZE, SETTINGS = PORTS["stfan"]


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.fixture(scope="module")
def subject():
    return subject_of(MODEL, f"scene:{SIZE}", init=5, settings=SETTINGS, frame=1)


@pytest.fixture(scope="module")
def trace(subject, tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "t.h5"
    with ops.threads(1):
        write_trace(subject, path, layout="nchw")
    return path


def test_a_trace_tells_of_its_values_what_the_run_did(subject, trace):
    """Names, scopes, calls, shapes with channels last and samples; what is before an activation the run alone knows."""
    ran, read = run_places(subject), stored_places(open_trace(trace)[0])
    assert [place.named for place in ran] == [place.named for place in read] and len(ran) > 30
    for one, other in zip(ran, read):
        assert one.shape == other.shape and np.array_equal(one.sample, other.sample)
    assert any(place.early is not None for place in ran) and all(place.early is None for place in read)
    assert stored_inputs(trace).keys() == subject.operands.keys()
    assert all(np.array_equal(x, subject.operands[name]) for name, x in stored_inputs(trace).items())


class Steps(Module):
    """Names inside of scopes, of which only those with a number are steps."""

    def forward(self, x):
        for names in (("frame2",), ("t0", "step1"), ("state",), ("t0", "part")):
            self.deeper(x, *names)
        return x

    def deeper(self, x, first=None, *more):
        if first is None:
            return note("flow", x)
        with scope(first):
            return self.deeper(x, *more)


def test_scopes_are_told_from_paths(tmp_path):
    write_trace(subject_with(Steps()), tmp_path / "t.h5")
    named = [place.named for place in stored_places(open_trace(tmp_path / "t.h5")[0])]
    assert [(one.name, one.base, one.scope, one.call) for one in named] == [
        ("frame2.flow", "flow", "frame2.", 0), ("t0.step1.flow", "flow", "t0.step1.", 1),
        ("state.flow", "state.flow", "", 0), ("t0.part.flow", "part.flow", "t0.", 0), ("output", "output", "", 0)]


def test_axes_are_read_and_values_without_a_word_about_them_stay_as_they_are(trace, tmp_path):
    axes = stored_axes(open_trace(trace)[0])
    assert axes["output"] == axes["inputs/frame"] == ["n", "c", "h", "w"]
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["a"], file["b"] = np.zeros((1, 4, 2, 3)), np.zeros((1, 4, 2, 3))
        file["a"].attrs["index"], file["b"].attrs["index"] = 0, 1
        file["b"].attrs["axes"] = "n c h w"
        file.attrs["refvr_trace"], file.attrs["subject"] = 1, "{}"
    assert [place.shape for place in stored_places(open_trace(tmp_path / "t.h5")[0])] == [(1, 4, 2, 3), (1, 2, 3, 4)]


def theirs_of(subject):
    theirs = values_of(subject)
    theirs["output"] = theirs["output"] + np.float32(0.5)
    return theirs


def test_totals_are_of_theirs_against_our_run_from_the_same_input(subject, trace):
    ours, told = values_of(subject), []
    theirs = dumped(theirs_of(subject))
    for source in (subject, trace):
        found = opened(source, False, lambda what, done, total: told.append((what, done, total)))
        assert found.network == "stfan" and found.title == (subject.title if source is subject else str(trace))
        assert found.official and found.official == all_names(subject.net)
        alignment = paired(subject, theirs)
        totals = found.totals(alignment, theirs, dict.fromkeys(alignment.pairs, ""))
        assert list(totals) == list(ours)
        assert totals["output"] == difference(theirs["output"], ours["output"])
        assert max(total.max_abs for name, total in totals.items() if name != "output") < 1e-5
    assert {what for what, _, _ in told} == {"running", "reading", "comparing"}
    assert told[-1] == ("comparing", len(ours), len(ours))


def test_a_trace_is_run_again_only_where_layers_are_isolated(trace, monkeypatch):
    assert opened(trace, True, lambda *_: None).subject.title.endswith("frame 1: frame 1x12x20x3, previous 1x12x20x3, "
                                                                      "restored 1x12x20x3, state 1x3x5x20")
    monkeypatch.setattr(reference, "remade", lambda *_: pytest.fail("run again"))
    assert opened(trace, False, lambda *_: None).subject is None


def test_a_value_before_its_activation_is_held_against_ours_there(monkeypatch, tmp_path):
    subject = subject_with(drawn(Chain("leaky_relu")))
    theirs = values_of(subject)
    with stages() as stage:
        y = subject.net.first(subject.operands["x"])
        assert stage.of(y)
        theirs["first"] = np.array(stage.before())
    alignment = paired(subject, dumped(theirs))
    monkeypatch.setattr(reference, "all_names", lambda net: [])   # it is no network of ours
    totals = opened(subject, True, lambda *_: None).totals
    for stage_of in ({"first": EARLY}, {}):   # said, or seen
        assert totals(alignment, dumped(theirs), stage_of)["first"].max_abs < 1e-6
    assert totals(alignment, dumped(theirs), {"first": ""})["first"].max_abs > 0.1
    write_trace(subject, tmp_path / "t.h5")
    of_file = stored_totals(alignment, dumped(theirs), open_trace(tmp_path / "t.h5")[0], lambda *_: None)
    assert of_file["first"].max_abs > 0.1   # a file has the final value alone


# the run that a trace was made of

def test_the_same_run_is_made_again(subject, trace):
    again = remade(open_trace(trace)[1]["subject"], str(trace))
    assert again.about == subject.about and np.array_equal(again.run(), subject.run())


def test_what_it_was_given_instead_of_its_input_is_in_the_file(subject, tmp_path):
    np.savez(tmp_path / "x.npz", frame=np.random.default_rng(1).random((1, 12, 20, 3), np.float32))
    other = subject_of(MODEL, f"scene:{SIZE}", init=5, settings=SETTINGS, frame=1, inputs=str(tmp_path / "x.npz"))
    write_trace(other, tmp_path / "t.h5", layout="nchw")
    (tmp_path / "x.npz").unlink()
    again = remade(open_trace(tmp_path / "t.h5")[1]["subject"], str(tmp_path / "t.h5"))
    assert all(np.array_equal(x, other.operands[name]) for name, x in again.operands.items())
    np.savez(tmp_path / "y.npz", frame=np.zeros((1, 12, 20, 3), np.float32))
    last = remade(open_trace(tmp_path / "t.h5")[1]["subject"], str(tmp_path / "t.h5"), str(tmp_path / "y.npz"))
    assert not last.operands["frame"].any()


def test_other_weights_and_a_file_that_does_not_say_are_refused(trace):
    about = open_trace(trace)[1]["subject"]
    with pytest.raises(InputError, match="the weights of stfan here are not those that t.h5 was made with"):
        remade(about | {"init": 6}, "t.h5")
    with pytest.raises(InputError, match=r"t\.h5 does not say how it was made"):
        remade({key: value for key, value in about.items() if key != "input"}, "t.h5")


@pytest.mark.parametrize("change", [
    {"input": 3}, {"input": []}, {"model": 7}, {"model": []}, {"frame": "two"}, {"frame": -3}, {"frame": 1.5},
    {"frame": True}, {"init": "x"}, {"init": []}, {"init": -1}, {"settings": []}, {"settings": "x"}, {"weights": 5},
    {"sigma": "much"}, {"sigma": True}, {"time": []}, {"time": 2}, {"time": float("nan")}, {"routing": 3}])
def test_a_trace_that_says_nonsense_about_its_run_is_refused_in_one_line(change, trace):
    about = open_trace(trace)[1]["subject"]
    ((key, value),) = change.items()
    with pytest.raises(InputError, match=f"t.h5 does not say how it was made: its {key} is ") as caught:
        remade(json.loads(json.dumps(about | change)), "t.h5")
    assert "\n" not in caught.value.message and "in place of the trace" in caught.value.fix


@pytest.mark.parametrize("settings", [{"widths": "x"}, {"widths": [1]}, {"widths": None}, {"none": 1}])
def test_settings_that_make_no_network_are_refused_too(settings, trace):
    with pytest.raises(InputError, match="stfan"):
        remade(open_trace(trace)[1]["subject"] | {"settings": settings}, "t.h5")


def test_official_names_of_a_model_whose_weights_may_not_be_here(subject):
    assert official_of(subject.about) == all_names(subject.net)
    assert official_of({"model": "no such model"}) == official_of({}) == []
    assert official_of({"model": MODEL, "settings": None})

"""Calls that came before: what a port that resets nothing has left over from them."""
import numpy as np
import pytest

from refvr import ops
from refvr.errors import InputError
from refvr.verify.runs.clip_frames import AHEAD
from refvr.verify.runs.earlier import carried_into, earlier_calls, last_frame
from refvr.verify.runs.inputs import subject_of

SETTINGS = {"remonet-t3": {"widths": [4, 8, 16], "state": 4}, "stfan": {"widths": [4, 6, 10]},
            "duf-16-x2": {"blocks": 1, "growth": 4}}


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


def call(model, frame, source="scene:16x8"):
    return subject_of(model, source, init=3, settings=SETTINGS[model], frame=frame, sigma=25)


@pytest.fixture
def clip(tmp_path):
    """A clip of five frames, 8x16."""
    np.save(tmp_path / "clip.npy", np.random.default_rng(0).random((5, 8, 16, 3), np.float32))
    return str(tmp_path / "clip.npy")


def same(one, other):
    return list(one.operands) == list(other.operands) and all(
        np.array_equal(x, other.operands[name]) for name, x in one.operands.items())


def test_of_windows_side_by_side_the_one_before_came_earlier():
    found = earlier_calls(call("remonet-t3", 5))    # in the window of frames 3 to 5
    assert len(found) == 1 and same(found[0], call("remonet-t3", 2)) and found[0].about["frame"] == 2
    assert earlier_calls(call("remonet-t3", 2)) == ()
    assert earlier_calls(call("stfan", 3)) == ()    # of a recurrence frame by frame, that is no call apart


def test_the_last_call_on_the_clip_before(clip):
    (found,) = earlier_calls(call("stfan", 0), clip)
    assert same(found, call("stfan", 4, clip)) and found.about["input"] == clip and found.about["frame"] == 4
    window, last = earlier_calls(call("remonet-t3", 3), clip)
    assert same(window, call("remonet-t3", 0)) and same(last, call("remonet-t3", 4, clip))
    assert window.net is last.net


def test_the_last_frame_of_a_clip_and_of_the_scene_that_never_ends(clip):
    assert last_frame(clip) == 4 and last_frame("scene") == last_frame("scene:8x8") == AHEAD - 1


def test_a_clip_before_is_for_networks_that_carry_something_on(clip):
    with pytest.raises(InputError, match="duf carries nothing on from one call to the next"):
        earlier_calls(call("duf-16-x2", 3), "scene:16x8")
    assert earlier_calls(call("duf-16-x2", 3)) == ()


def test_a_clip_before_of_another_size_is_refused(clip):
    with pytest.raises(InputError, match="scene:24x8 gives x of 1x3x8x24x3, expected 1x3x8x16x3 as of scene:16x8"):
        earlier_calls(call("remonet-t3", 0), "scene:24x8")
    with pytest.raises(InputError, match="gives frame of 1x8x16x3, expected 1x8x12x3"):
        earlier_calls(call("stfan", 1, "scene:12x8"), clip)


def frame_of(source, k):
    return call("stfan", k, source).operands["frame"]


@pytest.mark.parametrize("frame", [0, 2])
def test_what_a_step_network_is_given_if_its_recurrence_was_not_begun_anew(frame, clip):
    """The recurrence written out, in float64, which begins with what the last call on the clip before left."""
    subject = call("stfan", frame)
    before = call("stfan", 4, clip)
    net = subject.net.astype(np.float64)
    last, *_ = before.operands.values()
    y, state = net(*(x.astype(np.float64) for x in before.operands.values()))[:2]
    starts = {"its state": {}, "its state and restored frame": {"restored": np.clip(y, 0, 1)},
              "its state, restored and previous frame": {"restored": np.clip(y, 0, 1), "previous": last}}
    found = dict(carried_into(subject, before))
    assert list(found) == list(starts)
    for what, start in starts.items():
        first = frame_of("scene:16x8", 0).astype(np.float64)
        given = {"previous": first, "restored": first, "state": state, **start}
        for k in range(frame):
            x = frame_of("scene:16x8", k).astype(np.float64)
            y, then = net(x, *(given[name].astype(np.float64) for name in ("previous", "restored", "state")))[:2]
            given = {"previous": x, "restored": np.clip(y, 0, 1), "state": then}
        assert found[what].keys() == given.keys()
        for name, x in given.items():
            np.testing.assert_allclose(found[what][name], x, rtol=1e-9, atol=1e-12)

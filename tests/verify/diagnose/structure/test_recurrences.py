"""Ports whose steps are right and whose recurrence is not: nothing carried on, not reset, a step run twice."""
from types import MethodType

import numpy as np
import pytest

from refvr import ops
from refvr.verify.diagnose.port import diagnose_port
from refvr.verify.runs import inputs
from refvr.verify.runs.clip_frames import AHEAD
from refvr.verify.runs.trace_file import write_trace

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import compare_ports


def steps(peer, x, start=None, twice=None, guess=True, state=True, late=()):
    """ReMoNet's recurrence as in the port: (hidden guesses, what the last step carries on).

    late  steps that start from what was carried on one step earlier
    """
    frames, last = list(x.unbind(1)), x.shape[1] - 1
    n, c, h, w = frames[0].shape
    zeros = x.new_zeros(n, 3 * c, h, w), x.new_zeros(n, peer.config.state, h, w)
    carried, guesses = start or zeros, []
    earlier = carried
    for t, frame in enumerate(frames):
        near = torch.cat((frames[max(t - 1, 0)], frame, frames[min(t + 1, last)]), 1)
        before, earlier = earlier, carried
        for _ in range(2 if t == twice else 1):
            given = carried if t == 0 else [there if kept else none for there, none, kept in zip(
                before if t in late else carried, zeros, (guess, state))]
            y = peer.conv_out(peer.unetblock(peer.conv1(torch.cat((near, *given), 1)).relu_()))
            carried = y[:, :3 * c] + near, y[:, 3 * c:].relu()
        guesses.append(carried[0])
    return guesses, carried


def recurring(**how):
    """Plant: the recurrence as `steps` has it."""
    def plant(peer):
        if "start" in how:
            with torch.no_grad():
                how["start"] = steps(peer, compare_ports.arguments(compare_ports.subject("remonet"))[0])[1]
        peer.forward = MethodType(lambda self, x: torch.stack(self.conv_fusion(torch.cat(
            steps(self, x, **how)[0], 1)).split(3, 1), 1), peer)
    return plant


def left_over(frame):
    """Plant: ReMoNet starts from what it carried on to the end of the window of another frame of the scene."""
    def plant(peer):
        other = subject_on(compare_ports.subject("remonet"), frame)
        with torch.no_grad():
            left = steps(peer, compare_ports.arguments(other)[0])[1]
        peer.forward = MethodType(lambda self, x: torch.stack(self.conv_fusion(torch.cat(
            steps(self, x, start=left)[0], 1)).split(3, 1), 1), peer)
    return plant


def subject_on(given, frame):
    return inputs.subject_on(given.net, given.about["input"], given.about | {"frame": frame})


def never_reset(peer):
    """Plant: STFAN goes on from the last frame of the clip before to the first one of this."""
    given = compare_ports.subject("stfan")
    last = subject_on(given, AHEAD - 1)
    clip = [compare_ports.arguments(subject_on(given, k))[0] for k in range(given.about["frame"] + 1)]
    args = compare_ports.arguments(last)
    with torch.no_grad():
        for frame in clip:
            y, state, *_ = peer(*args)
            args = frame, args[0], y.clamp(0, 1), state
    peer.register_forward_pre_hook(lambda module, given: args)


def not_reset(restored):
    """Plant: STFAN starts from what it carried on from this very frame."""
    def plant(peer):
        with torch.no_grad():
            y, after, *_ = peer(*compare_ports.arguments(compare_ports.subject("stfan")))
        peer.register_forward_pre_hook(lambda module, args: (*args[:2], y if restored else args[2], after))
    return plant


NONE = {"guess": False, "state": False}
PLANTED = {   # what is planted -> network, how, words that the explanation must have
    "state not reset": ("remonet", recurring(start=True), "the state was not reset"),
    "nothing carried": ("remonet", recurring(**NONE), "guess and state of the step before, in every step"),
    "no state carried": ("remonet", recurring(state=False), "place of the state of the step before, in every step"),
    "no guess carried": ("remonet", recurring(guess=False), "place of the guess of the step before, in every step"),
    "first step twice": ("remonet", recurring(twice=0), "step0 run twice"),
    "middle step twice": ("remonet", recurring(twice=1), "step1 run twice"),
    "last step twice": ("remonet", recurring(twice=2), "step2 run twice"),
    "one step late": ("remonet", recurring(late=(1, 2)), "carried on one step late"),
    "one step late at the end": ("remonet", recurring(late=(2,)), "one step late"),
    "zeros in the second step": ("remonet", recurring(late=(1,)),
                                 "zeros in place of step0.guess and step0.state in step1"),
    "stfan twice": ("stfan", not_reset(True), "its output in place of the restored frame"),
    "stfan not reset": ("stfan", not_reset(False), "a state that was not reset"),
}
BEFORE = {   # what another call left -> network, how, the clip before, words
    "the window before": ("remonet", left_over(0), "", "that frame 0 of scene:24x16 left"),
    "the clip before": ("remonet", left_over(AHEAD - 1), "scene:24x16", f"that frame {AHEAD - 1} of scene:24x16 left"),
    "stfan, the clip before": ("stfan", never_reset, "scene:24x16", "its state, restored and previous frame after"),
}
QUICK = ["state not reset", "one step late"]


def diagnosed(network, plant, folder, kept=None, before=""):
    """The diagnosis of a port, of all its values or those in `kept`."""
    with ops.threads(1):
        write_trace(compare_ports.port(network, folder / "mine.npz", plant), folder / "trace.h5")
        if kept:
            values = np.load(folder / "mine.npz")
            np.savez(folder / "mine.npz", **{name: values[name] for name in kept})
        return diagnose_port(folder / "trace.h5", folder / "mine.npz", seconds=60, before=before)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long])
                                  for name in PLANTED])
def test_a_mistake_of_a_recurrence_is_named(name, tmp_path):
    network, plant, words = PLANTED[name]
    found = diagnosed(network, plant, tmp_path)
    assert not found.agrees
    assert any(words in e.says for e in found.explained), (found.subject, found.explained, found.closest, found.certain)


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name == "the window before" else [pytest.mark.long])
                                  for name in BEFORE])
def test_what_another_call_left_is_named(name, tmp_path):
    network, plant, before, words = BEFORE[name]
    found = diagnosed(network, plant, tmp_path, before=before)
    assert any(words in e.says and "was not reset" in e.says for e in found.explained), (
        found.subject, found.explained, found.closest)


@pytest.mark.long
@pytest.mark.parametrize("how, words", [
    (NONE, "in every step: nothing is carried on"),
    ({"twice": 0}, "step0 run twice"),
    ({"start": True}, "the state was not reset"),
    ({"late": (1, 2)}, "carried on one step late"),
])
def test_of_the_output_alone(how, words, tmp_path):
    """Nothing but the output is known: the mistake is found all the same."""
    found = diagnosed("remonet", recurring(**how), tmp_path, kept=["output"])
    assert any(words in e.says for e in found.explained), (found.subject, found.explained, found.closest)


@pytest.mark.long
@pytest.mark.parametrize("network", ["remonet", "stfan"])
def test_a_healthy_recurrence_is_none(network, tmp_path):
    assert diagnosed(network, recurring() if network == "remonet" else None, tmp_path).agrees

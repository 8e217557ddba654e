"""Calls that came before the one that is looked at: what a port has left over from them, if it resets nothing."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.media import open_reader
from refvr.verify.runs.clip_frames import AHEAD, InOrder, is_scene
from refvr.verify.runs.inputs import operands_on, subject_on
from refvr.verify.runs.network_call import Subject


def earlier_calls(subject: Subject, before: str = "") -> tuple[Subject, ...]:
    """The last call on the clip `before`, and the one on the window before in the same clip, where there is one.

    before  a clip as INPUT of `refvr trace`: what the port restored before this one, of the same size; "": not known
    Raises InputError for a clip that cannot be read or is of another size.
    """
    found = []
    config, about, call = subject.net.config, subject.about, subject.record.call
    if before and not (call.state or call.all_frames):
        raise InputError(f"{subject.network} carries nothing on from one call to the next",
                         fix="leave the clip before out")
    if call.all_frames and about.get("frame", 0) >= config.frames and "input" in about:
        found.append(subject_on(subject.net, about["input"], about | {"frame": about["frame"] - config.frames}))
    if before:
        last = subject_on(subject.net, before, about | {"input": before, "frame": last_frame(before)})
        for name, x in last.operands.items():
            there = subject.operands.get(name, x)
            if x.shape != there.shape:
                raise InputError(f"{before} gives {name} of {'x'.join(map(str, x.shape))}, expected "
                                 f"{'x'.join(map(str, there.shape))} as of {about.get('input', 'the input')}",
                                 fix="name the clip that your port restored before, in the same size")
        found.append(last)
    return tuple(found)


def last_frame(source: str) -> int:
    """The number of its last frame; the demo scene, which never ends, is taken for AHEAD frames."""
    if is_scene(source):
        return AHEAD - 1
    return max(0, sum(1 for _ in open_reader(source)) - 1)


def carried_into(subject: Subject, earlier: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a network that is one step is given if the recurrence was not begun anew after `earlier`: in words, and
    operands by name. Computed in float64, from the first frame of the clip on each time: none but one is held.
    """
    answers = earlier.call(*(x.astype(np.float64) for x in earlier.operands.values()),
                           net=earlier.net.astype(np.float64))
    y, state = (np.asarray(answer) for answer in answers[:2])
    last = {"previous": earlier.operands["frame"], "restored": np.clip(y, 0, 1)}
    for what, start in (("its state", {}), ("its state and restored frame", {"restored": last["restored"]}),
                        ("its state, restored and previous frame", last)):
        yield what, _stepped(subject, {"state": state} | start)


def _stepped(subject: Subject, start: dict[str, Any]) -> dict[str, Any]:
    """What the frame looked at is given where the first one of its clip is given `start`, and itself otherwise."""
    net, given = subject.net.astype(np.float64), None
    for frame in _frames_before(subject):
        given = given or {"previous": frame, "restored": frame} | start
        y, state = net(frame.astype(np.float64), *(given[name].astype(np.float64)
                                                   for name in ("previous", "restored", "state")))[:2]
        given = {"previous": frame, "restored": np.clip(np.asarray(y), 0, 1), "state": np.asarray(state)}
    return given or {"previous": subject.operands["frame"], "restored": subject.operands["frame"]} | start


def _frames_before(subject: Subject) -> Iterator[np.ndarray]:
    """Those of its clip before the frame looked at, as the network is given them."""
    k = subject.about.get("frame", 0)
    if k:
        clip = InOrder(subject.about["input"], k)
        yield from (operands_on(subject.net, {0: clip[j]}, 0, None)["frame"] for j in range(k))

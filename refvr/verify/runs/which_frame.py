"""Which frame of a clip is looked at where none is asked for, and which frames of a window are equal."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refvr.nn import Module
from refvr.records import record_of
from refvr.verify.runs.clip_frames import clip_frames, is_scene
from refvr.verify.runs.network_call import Subject


def default_frame(net: Module, source: str, *, has_state: bool = False) -> int:
    """The first frame whose window lies wholly inside of the clip; of a shorter clip the middle one.

    At the ends of a clip frames are mirrored or black, so that a port that exchanges them answers the same. Frame 0
    where a window begins with the frame. Of a recurrent network it is 0 too, for a port may be the call that has no
    state yet; where it `has_state` it is the second frame, the first one with a past.
    """
    call = record_of(net).call
    if call.state and has_state:
        return 1 if is_scene(source) else min(1, len(clip_frames(source, 0, 0, 2)) - 1)
    if call.all_frames or call.times or call.state:
        return 0
    window = getattr(net.config, "frames", 1)
    there = window if is_scene(source) else len(clip_frames(source, 0, 0, window))
    return (there - 1) // 2


def equal_frames(subject: Subject) -> list[str]:
    """What is said of frames of a window, or images, that are equal: their order makes no difference to the answer."""
    said = []
    for name, x in subject.operands.items():
        groups = _equal([x[:, k] for k in range(x.shape[1])] if name == "x" and x.ndim == 5 else [])
        if groups:
            said.append(f"frames {'; '.join(_listed(group) for group in groups)} of {name} are equal "
                        "here: their order was not judged; another --frame may tell")
    names = [name for name in subject.record.call.images if name in subject.operands]
    for group in _equal([subject.operands[name] for name in names]):
        said.append(f"{_listed([names[k] for k in group])} are equal here: which is which was not judged; another "
                    "--frame may tell")
    return said


def _listed(words: Sequence[object]) -> str:
    """As in: 0, 1 and 2."""
    return f"{', '.join(map(str, words[:-1]))} and {words[-1]}"


def _equal(arrays: list[np.ndarray]) -> list[list[int]]:
    """Positions of those that are equal, in groups of two and more."""
    groups: list[list[int]] = []
    for k, array in enumerate(arrays):
        group = next((group for group in groups if np.array_equal(arrays[group[0]], array)), None)
        if group is None:
            groups.append([k])
        else:
            group.append(k)
    return [group for group in groups if len(group) > 1]

"""What a network is given to restore frame k of a clip: window, borders and padding as its driver has them.

Each takes (net, frames by number, k, noise level 0 .. 255 or None) and gives the operands of one call.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from refvr.nn import Module
from refvr.pipeline.carry import Carry
from refvr.pipeline.edvr import frame_indices
from refvr.pipeline.pad import pad_to_multiple
from refvr.pipeline.safa import enlarged, motion_between, small
from refvr.pipeline.stfan import pad_to_4, restore_states
from refvr.pipeline.windows import reflect_half, reflect_whole, window_indices
from refvr.verify.runs.clip_frames import InOrder
from refvr.verify.runs.from_array import with_map

if TYPE_CHECKING:
    from refvr.networks.safa import SAFA


def _stacked(frames: dict[int, np.ndarray], indices: list[int], multiple: int) -> np.ndarray:
    """(1, t, h', w', 3); index -1 is a black frame."""
    black = np.zeros_like(next(iter(frames.values())))
    window = np.stack([frames.get(j, black) if j >= 0 else black for j in indices]).astype(np.float32)
    return np.ascontiguousarray(pad_to_multiple(window, multiple))[None]


def remonet(net: Module, frames: dict[int, np.ndarray], k: int, sigma: float | None) -> dict[str, np.ndarray]:
    """A window of those that do not overlap."""
    t, n = net.config.frames, max(frames) + 1
    x = _stacked(frames, window_indices(k // t * t, t, n, reflect_half), net.config.multiple)
    return with_map(net, x, sigma)


def edvr(net: Module, frames: dict[int, np.ndarray], k: int, sigma: float | None) -> dict[str, np.ndarray]:
    """The frame and its neighbours, beyond the ends of the clip as the configuration says."""
    config, n = net.config, max(frames) + 1
    indices = [reflect_whole(j, n) for j in frame_indices(k, n, config.frames, config.border)]
    return {"x": _stacked(frames, indices, config.multiple)}


def duf(net: Module, frames: dict[int, np.ndarray], k: int, sigma: float | None) -> dict[str, np.ndarray]:
    """Three to each side, black or as the configuration says beyond the ends."""
    n, config = max(frames) + 1, net.config
    there = range(k - 3, k + 4)
    rule = there if config.border == "zero" else [reflect_whole(j, n) for j in frame_indices(k, n, 7, config.border)]
    return {"x": _stacked(frames, [j if 0 <= j < n else -1 for j in rule], 1)}


def safa(net: Module, frames: dict[int, np.ndarray], k: int, sigma: float | None) -> dict[str, np.ndarray]:
    """A frame and the next, enlarged, and the motion between them where the network begins at one."""
    pair = frames[k], frames.get(k + 1, frames[k])
    images = [np.ascontiguousarray(image, np.float32) for image in pair]
    motion = motion_between(cast("SAFA", net), small(images[0]), small(images[1]))
    return {f"image{j}": enlarged(image)[None] for j, image in enumerate(images)} \
        | ({} if motion is None else {"motion": motion})


def stfan(net: Module, frames: dict[int, np.ndarray] | InOrder, k: int, sigma: float | None) -> dict[str, np.ndarray]:
    """The recurrence runs up to the wanted frame, whose call is the subject; frames are asked for in order."""
    def image(j: int) -> np.ndarray:
        return pad_to_4(np.ascontiguousarray(frames[j], np.float32))[None]

    if k == 0:
        return dict.fromkeys(("frame", "previous", "restored"), image(0))
    carry = Carry()
    for _ in restore_states(net, map(image, range(k)), carry):
        pass   # of all that comes before, what it leaves is kept
    assert carry.take is not None
    return {"frame": image(k), **carry.take()}


def window(net: Module, frames: dict[int, np.ndarray], k: int, sigma: float | None) -> dict[str, np.ndarray]:
    """The frame in the middle of config.frames, mirrored at the ends of the clip."""
    t, n = net.config.frames, max(frames) + 1
    indices = window_indices(k - t // 2, t, n, reflect_whole)
    return with_map(net, _stacked(frames, indices, getattr(net.config, "multiple", 1)), sigma)

"""STFAN over a clip: each frame with the one before, how that was restored, and the network's state.

    first frame     previous = restored = the frame itself, no state
    then            previous = the blurred frame before, restored = clamp(its result, 0, 1), state as it came

Frames whose sides are no multiples of 4 make the authors' code fail; here the last row and column are repeated up to
such a size, the whole recurrence runs at that size, and results are cut.

What the authors' test does besides, and `official=True` too: it forgets everything after 20 frames, a clip of 100 is
five of 20; it works in BGR, because its image library does (weights trained with colours in any order care little); it
cuts results off to 8 bits instead of rounding, half a level darker on average. It also drops the frames that do not
fill the last 20; these are restored here all the same.
Source: sczhou/STFAN, core/test.py.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from refvr.errors import InputError
from refvr.nn.module import Module
from refvr.pipeline.carry import Carry
from refvr.pipeline.driver import Driver, Ensemble
from refvr.pipeline.frames import checked, truncated_to_8_bits
from refvr.pipeline.pad import crop
from refvr.plan.graph import Like
from refvr.plan.memory import Planned
from refvr.types import Options

OFFICIAL_CLIP = 20  # frames after which the authors' test starts anew
ENSEMBLE_CLIP = 12  # frames that are gone through both ways; all of them are held


def pad_to_4(frame: np.ndarray) -> np.ndarray:
    """(..., h, w, c) with h and w grown to multiples of 4 by repeating the last row and column."""
    h, w = frame.shape[-3:-1]
    pads = [(0, 0)] * (frame.ndim - 3) + [(0, -h % 4), (0, -w % 4), (0, 0)]
    return np.pad(frame, pads, mode="edge") if h % 4 or w % 4 else frame


def restore_states(net: Module, frames: Iterable[np.ndarray], carry: Carry | None = None, held: int = 0
                   ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The recurrence alone: batches of frames (n, h, w, 3) -> (result, not clamped; state) for each.

    carry  what to begin with; afterwards what the next frame needs, while a result is being looked at
    held   bytes that the caller keeps meanwhile
    """
    previous = restored = state = None
    run = Planned(net)
    if carry and carry.given:
        previous, restored, state = (carry.given[name] for name in ("previous", "restored", "state"))
    if carry:
        carry.take = lambda: {name: x for name, x in (("previous", previous), ("restored", restored), ("state", state))
                              if x is not None}
    for frame in frames:
        if previous is None:
            previous = restored = frame
        y, state = run(frame, previous, restored, state, held=held)
        previous, restored = frame, np.clip(y, 0, 1)
        yield y, state


def deblur_stfan(net: Module, frames: Iterable[np.ndarray], *, reset_every: int | None = None,
                 official: bool = False, ensemble: bool = False, start: int = 0, carry: Carry | None = None
                 ) -> Iterator[np.ndarray]:
    """Deblur a stream of (h, w, 3) RGB arrays in [0, 1] and of one size (pipeline/frames.py).

    reset_every  forget previous frame and state after so many frames; None: never, 20 if official, 12 if ensemble
    official     do what the module's docstring lists
    ensemble     mean of the clip played forwards and backwards, `reset_every` frames at a time: twice the work
    start        results before this number are computed, but not given
    carry        what a run that stopped here left; without it the recurrence begins anew
    Yields one frame in [0, 1] for each, causally but for `ensemble`: a result needs no frame to come.
    """
    if reset_every is not None and reset_every < 1:
        raise InputError(f"STFAN: got reset_every {reset_every}, expected at least 1, or None for never")
    length, stream = reset_every or _length({"official": official, "ensemble": ensemble}), checked(frames, net)
    number, turn, way = 0, slice(None, None, -1 if official else 1), _both_ways if ensemble else _deblur
    for first in stream:
        clip = _clip(first, stream, length)
        for y in way(net, clip, turn, None if length else carry):
            number += 1
            if number > start:
                yield truncated_to_8_bits(y) if official else y


def _clip(first: np.ndarray, stream: Iterator[np.ndarray], length: int | None) -> Iterator[np.ndarray]:
    """`first` and what follows it, `length` frames at most."""
    yield first
    taken = 1
    while length is None or taken < length:
        following = next(stream, None)
        if following is None:
            return
        yield following
        taken += 1


def first_for_stfan(net: Module, start: int, options: Options) -> int:
    """The first frame that must be seen for the results from `start` on, where nothing was carried there."""
    length = _length(options)
    return start // length * length if length else 0


def step_of_stfan(net: Module, options: Options) -> int | None:
    """After how many frames a clip may be begun without those before: only where all is forgotten there."""
    return _length(options)


def _length(options: Options) -> int | None:
    """Frames after which all is forgotten, or None for never."""
    return OFFICIAL_CLIP if options.get("official") else ENSEMBLE_CLIP if options.get("ensemble") else None


def _both_ways(net: Module, frames: Iterator[np.ndarray], turn: slice, carry: Carry | None) -> Iterator[np.ndarray]:
    """One clip forwards and backwards: what a frame shows, the one after it tells as well as the one before."""
    held = list(frames)
    size = 2 * sum(frame.nbytes for frame in held)   # they and their results
    there = list(_deblur(net, iter(held), turn, carry, size))
    for k, back in zip(reversed(range(len(held))), _deblur(net, reversed(held), turn, carry, size)):
        there[k] = (there[k] + back) / there[k].dtype.type(2)
    yield from there


def _deblur(net: Module, frames: Iterator[np.ndarray], turn: slice, carry: Carry | None, held: int = 0
            ) -> Iterator[np.ndarray]:
    """One clip with one state; `held`: bytes that the caller keeps meanwhile."""
    sizes: list[tuple[int, int]] = []

    def batches() -> Iterator[np.ndarray]:
        for frame in frames:
            sizes.append(frame.shape[:2])
            yield pad_to_4(np.ascontiguousarray(frame[..., turn]))[None]             # (1, h', w', 3)

    for y, state in restore_states(net, batches(), carry, held):
        del state  # the recurrence alone holds it, and lets it go before the next one is whole
        yield crop(np.clip(y[0], 0, 1), *sizes.pop(0))[..., turn]                    # (h, w, 3)


def _ensemble(net: Module, image: Callable[..., Like]) -> Ensemble:
    """All frames that are gone through both ways, and what came out of the first."""
    return Ensemble(2, (image(),) * 2 * ENSEMBLE_CLIP)


DRIVER = Driver(deblur_stfan, ("official", "ensemble"), first=first_for_stfan, carries=True, step=step_of_stfan,
                ensemble=_ensemble)

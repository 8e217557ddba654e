"""Which driver runs a network over a clip, as its record says (refvr/records), and what it can be told.

A driver takes a network and a stream of (h, w, 3) frames, and yields the restored ones in the network's float type.
A network that gives other frames than came (SAFA) also has a driver over frames with times, alpha and names.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.media.clip import NO_PICTURE, Frame
from refvr.metrics.noise import NoiseLevel
from refvr.nn.module import Module
from refvr.pipeline.beside import enlarged
from refvr.pipeline.carry import Carry
from refvr.pipeline.driver import Driver
from refvr.pipeline.rate import check_rate
from refvr.pipeline.safa import Follows
from refvr.records import NETWORKS, record_of, resolved
from refvr.types import Options

# option -> (value that asks for nothing, what a network is that does not know it, what to do)
OPTIONS: dict[str, tuple[Any, str, str]] = {
    "sigma": (None, "is blind: it takes no noise level", "leave sigma out, or take --model remonet-s-told"),
    "ensemble": (False, "has no ensemble", "leave --ensemble out, or use remonet-s-told, EDVR or STFAN"),
    "rate": (1, "makes no new frames", "leave --rate out, or use --task spacetime"),
    "routing": ("threshold", "has no scales to choose", "leave --routing out, or use --task spacetime"),
    "at_cuts": ("repeat", "makes no new frames", "leave --at-cuts out, or use --task spacetime"),
    "official": (False, "", ""),  # where the authors' way is ours, it changes nothing
}


def driver_of(net: Module, options: Options) -> tuple[Driver, dict[str, Any]]:
    """The driver of a network and what of `options` it takes.

    Raises InputError for an option that the network needs and is not given, or is given and does not know.
    """
    driver, name = row_of(net), type(net).__name__
    for option, value in options.items():
        if option not in OPTIONS:
            raise InputError(f"got the option {option!r}, expected one of {', '.join(OPTIONS)}")
        nothing, says, fix = OPTIONS[option]
        if option not in driver.takes and value != nothing and says:
            raise InputError(f"{name} {says}; got {option} {value}", fix=fix)
    if needs_sigma(net) and options.get("sigma") is None:
        raise InputError(f"{name} must be told the noise level", fix="give sigma, 0..255 (--sigma 25)")
    _check_sigma(options.get("sigma"))
    if "rate" in driver.takes:
        check_rate(options.get("rate", 1))
    return driver, {option: value for option, value in options.items() if option in driver.takes}


def row_of(net: Module) -> Driver:
    """The driver of a network. Raises InputError for what is none."""
    try:
        row = resolved(record_of(net).driver)
    except KeyError:
        raise InputError(f"got {type(net).__name__}, expected a network: "
                         f"{', '.join(record.title for record in NETWORKS.values())}",
                         fix="refvr.load gives one") from None
    return row if isinstance(row, Driver) else row(net)


def _check_sigma(sigma: object) -> None:
    if sigma is None or isinstance(sigma, NoiseLevel):
        return
    if isinstance(sigma, bool) or not isinstance(sigma, Real) or not 0 < float(sigma) <= 255:
        raise InputError(f"sigma: got {sigma!r}, expected a number above 0, at most 255")


def needs_sigma(net: Module) -> bool:
    """Whether a network must be told the noise level."""
    return "sigma" in row_of(net).needs


def takes_sigma(net: Module) -> bool:
    """Whether it can be told."""
    return "sigma" in row_of(net).takes


def can_measure(net: Module) -> bool:
    """Whether the level is measured where it is not told."""
    return takes_sigma(net) and not needs_sigma(net)


def noise_map(net: Module, x: np.ndarray, sigma: float) -> np.ndarray:
    """The map of one level, 0..255, that a call of such a network takes beside windows (n, t, h, w, 3).

    (n, t, h, w, 2), with the gate of nn/noise_gate.py, or (n, h, w, 1) for FastDVDnet, whose frames have one in common.
    """
    return row_of(net).noise_map(x, sigma)


def scale_of(net: Module) -> int:
    """How many times larger the output of a network is than its input, each way."""
    return getattr(net.config, "scale", 1)


def first_needed(net: Module, start: int, options: Options, shot: int = 0) -> int:
    """The first frame of a clip that must be seen for the results from number `start` on.

    shot   the frame with which the shot begins that `start` lies in
    A clip that begins there has these results, to the bit, from number `start` minus `rate` times the answer on.
    """
    driver, taken = driver_of(net, options)
    if driver.clip:   # numbers of results are no numbers of frames
        return max(shot, driver.first(net, start, taken))
    return shot + driver.first(net, max(0, start - shot), taken)


def step_of(net: Module, options: Options) -> int | None:
    """A shot may be restored in pieces that begin at multiples of so many frames; None: only as a whole."""
    driver, taken = driver_of(net, options)
    return driver.step(net, taken)


def restore_frames(frames: Iterable[np.ndarray], net: Module, *, start: int = 0, carry: Carry | None = None,
                   **options: object) -> Iterator[np.ndarray]:
    """Restore a stream of (h, w, 3) RGB arrays of one size; yields arrays of the network's float type.

    frames   floats in [0, 1], uint8 or uint16; copied, so that a buffer may be used again (pipeline/frames.py)
    start    results before this number are not given
    carry    of a recurrent network: what to begin with, and what there is afterwards
    options  sigma, official, ensemble, rate, routing, as in pipeline/restore.py; each for the networks that take it
    Raises InputError: at once for options that do not fit, when it comes for a frame that does not.
    """
    driver, taken = driver_of(net, options)
    if driver.carries:
        taken["carry"] = carry
    return driver.run(net, frames, start=start, **taken)


def restore_clip(clip: Iterable[Frame], net: Module, *, start: int = 0, at: int = 0, follows: Follows = lambda: None,
                 carry: Carry | None = None, **options: object) -> Iterator[Frame]:
    """`restore_frames` for frames with times, alpha and names, which the results carry on; alpha grows with them.

    at       number of the first frame, from which results are counted; `start` counts likewise
    follows  see `restore_safa`
    """
    driver, taken = driver_of(net, options)
    if driver.clip:
        return driver.clip(net, clip, start=start, at=at, follows=follows, **taken)
    return _one_for_one(clip, net, max(0, start - at), options | {"carry": carry})


def _one_for_one(clip: Iterable[Frame], net: Module, start: int, options: Options) -> Iterator[Frame]:
    """What belongs to a frame beside its picture waits here as long as the picture is in the network's window."""
    waiting: deque[Frame] = deque()

    def pictures() -> Iterator[np.ndarray]:
        for number, frame in enumerate(clip):
            if number >= start:
                waiting.append(replace(frame, rgb=NO_PICTURE))   # that is in the window already
            yield frame.rgb

    for rgb in restore_frames(pictures(), net, start=start, **options):
        frame = waiting.popleft()
        yield replace(frame, rgb=rgb.astype(np.float32, copy=False), alpha=enlarged(frame.alpha, scale_of(net)),
                      beyond=enlarged(frame.beyond, scale_of(net)))
        del rgb, frame   # before the next one is computed

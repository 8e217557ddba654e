"""The noise level of a clip that is to be restored, measured beforehand: metrics/noise.py on a few pairs of frames.

A file is read through once more for it, which costs little beside restoring it, and pairs of neighbouring frames are
taken all along it. Of a pipe only the first frames can be seen, and are held.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import RefvrError
from refvr.media import open_reader
from refvr.media.clip import Frame, Reader
from refvr.metrics.noise import NoiseLevel, clip_noise

PAIRS, HELD = 9, 6  # pairs along a file; frames of a stream that are held
TRAINED = 55.0  # the strongest noise that networks were trained on
HDR = (16, 18)  # transfer of PQ and HLG


def stream_noise(frames: Iterable[np.ndarray]) -> tuple[NoiseLevel, Iterator[np.ndarray]]:
    """The level of a stream by its first frames (h, w, 3), and the whole stream again."""
    stream = iter(frames)
    held = list(islice(stream, HELD))
    return _of(held), chain(held, stream)


def _of(frames: list[np.ndarray]) -> NoiseLevel:
    return clip_noise(zip(frames, frames[1:] or frames))


def level_of(source: object, reader: Reader, sigma: float | None, say: Callable[[str], None]
             ) -> tuple[NoiseLevel, Any]:
    """The level that a network is told, given or measured, and the frames of the reader; says what was found."""
    level, frames = _source_noise(source, reader) if sigma is None else (NoiseLevel(sigma), reader)
    for line in told(level, sigma is None, reader):
        say(line)
    return level, frames


class _Again:
    """A stream whose first frames were seen already, from the first one on; nothing of it can be passed over."""

    skip = 0

    def __init__(self, held: list[Frame], rest: Iterator[Frame]) -> None:
        self._frames = chain(held, rest)

    def __iter__(self) -> Iterator[Frame]:
        return self._frames


def _source_noise(source: object, reader: Reader) -> tuple[NoiseLevel, Any]:
    """The level of the clip that `reader` was opened on, and its frames (all of them, still)."""
    if not isinstance(source, (str, Path)) or str(source) == "-" or not reader.info.frames_hint:
        stream = iter(reader)
        held = list(islice(stream, HELD))
        return _of([frame.rgb for frame in held]), _Again(held, stream)
    with open_reader(source) as again:
        return clip_noise(neighbours((frame.rgb for frame in again), reader.info.frames_hint,
                                     values=reader.info.kind in ("npy", "h5"))), reader


def neighbours(frames: Iterator[np.ndarray], count: int, *, values: bool = False
               ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """PAIRS neighbours, evenly along `count` frames; a single frame with itself.

    Damage is left to `restore`, but for that of the first frame, and of an array, whose `values` are refused here.
    """
    wanted = {round(k) for k in np.linspace(0, max(0, count - 2), PAIRS)}
    before: np.ndarray | None = None
    read, last = 0, max(wanted)
    try:
        for read, frame in enumerate(frames, 1):
            if before is not None and read - 2 in wanted:
                yield before, frame
            before = frame
            if read - 1 > last:
                return
    except RefvrError:
        if values or not read:
            raise
    if before is not None and read == 1:
        yield before, before


def told(level: NoiseLevel, measured: bool, reader: Reader) -> list[str]:
    """What a user should know of it, one line each."""
    lines = []
    if measured and not level.known:
        lines.append("the noise cannot be measured (too much is cut off at black or white, or the picture is small): "
                     "frames pass as they are (--sigma S sets a level)")
    elif measured and not level.sigma:
        lines.append("no noise measured: there is nothing to remove, frames pass as they are (--sigma S sets a level)")
    elif measured:
        lines.append(f"noise measured: {level} (--sigma S sets another level)")
    if level.sigma > TRAINED:
        lines.append(f"noise of sigma {level.sigma:.0f} is beyond the {TRAINED:.0f} that the network was trained on; "
                     "some will remain")
    if level.sigma and reader.info.colour and reader.info.colour.transfer in HDR:
        lines.append("the clip is HDR (PQ or HLG), the network was trained on SDR: look at the result")
    return lines

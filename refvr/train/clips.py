"""Clips to train on, as uint8 arrays: in memory while they fit, else in raw files that are mapped into memory.

A data folder holds clip files, or folders of images (each a clip), or images (one clip), in any mixture; a single clip
file will do as well. Pictures with more than 8 bits are rounded to 8; alpha is dropped.
"""
from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from refvr.errors import InputError, RefvrError
from refvr.media.find import find_clips


@dataclass(frozen=True)
class Clip:
    """`frames` (t, h, w, 3) uint8, an array or a memory map; `name` is its path inside the data folder."""

    name: str
    frames: np.ndarray

    def facts(self) -> list[object]:
        """Name, shape and checksum: equal only for equal clips."""
        return [self.name, *self.frames.shape[:3], zlib.crc32(np.ascontiguousarray(self.frames).data)]


def load_clips(data: str | Path, *, frames: int = 1, side: int = 1, memory_gib: float = 4.0,
               warn: Callable[[str], None] = lambda line: None) -> list[Clip]:
    """Decode every clip in `data` that has at least `frames` frames and `side` pixels either way.

    memory_gib  clips beyond this total are kept in temporary files instead, deleted when the process ends
    warn        told one line about every clip that was left out
    Raises InputError when no clip is left.
    """
    data = Path(data)
    paths, clips, room = find_clips(data), [], memory_gib * 2 ** 30
    for path in paths:
        name = path.name if path == data else str(path.relative_to(data))
        try:
            clip = Clip(name, _gather(_decoded(path, warn), room))
        except RefvrError as error:
            warn(f"left out {name}: {error}")
            continue
        t, h, w, _ = clip.frames.shape
        if t < frames or min(h, w) < side:
            warn(f"left out {name}: {t} frames of {h}x{w}, expected at least {frames} of {side}x{side}")
            continue
        room -= 0 if isinstance(clip.frames, np.memmap) else clip.frames.nbytes
        clips.append(clip)
    if not clips:
        raise InputError(f"none of the {len(paths)} clips in {data} can be used; expected at least {frames} frames of "
                         f"{side}x{side} pixels", fix="use longer or larger clips, or a smaller --patch")
    return clips


def _decoded(path: Path, warn: Callable[[str], None]) -> Iterator[np.ndarray]:
    """Frames (h, w, 3) uint8 of a clip file or a folder of images."""
    from refvr.media import open_reader

    with open_reader(path) as reader:
        for frame in reader:
            yield np.rint(np.clip(frame.rgb, 0, 1) * 255).astype(np.uint8)
        if reader.truncated:
            warn(f"{path.name} ended early, used as far as it goes: {reader.truncated}")


def _gather(frames: Iterable[np.ndarray], room: float) -> np.ndarray:
    """All frames as one array; from the moment that they exceed `room` bytes, in a file."""
    held: list[np.ndarray] = []
    frames = iter(frames)
    for frame in frames:
        held.append(frame)
        if len(held) * frame.nbytes > room:
            return _spooled(held, frames)
    if not held:
        raise InputError("it has no frames; expected at least one")
    return np.stack(held)


def _spooled(held: list[np.ndarray], rest: Iterable[np.ndarray]) -> np.ndarray:
    """The frames in a nameless temporary file, mapped into memory."""
    shape, count = held[0].shape, len(held)
    with tempfile.TemporaryFile() as file:
        for frame in held:
            file.write(frame.tobytes())
        for frame in rest:
            file.write(frame.tobytes())
            count += 1
        file.flush()
        return np.memmap(file, np.uint8, "r", shape=(count, *shape))

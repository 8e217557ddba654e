"""Frames -> one file of many pictures: GIF, animated WebP, APNG, the pages of a TIFF, by their own writers, at the end.

Nothing can go on with such a file once its writer was killed. So frames wait in a .npy of the part folder, as for HDF5:
no finished one is lost, and a later run continues. Their times are in its log, their tags in the record.
"""
from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import OutputError
from refvr.media.arrays import NpyWriter
from refvr.media.atomic import unwritable
from refvr.media.clip import ClipInfo, Frame
from refvr.media.image_tags import ImageTags
from refvr.media.writer import Writer

Make = Callable[[Path], Writer]


class WaitingWriter(NpyWriter):
    """Keep frames until all are there, then write them with `make(path)`, which also says at once what cannot work."""

    def __init__(self, path: Path, like: ClipInfo, make: Make, **options: Any) -> None:
        trial = make(path)
        trial.__exit__(InterruptedError, None, None)   # nothing was written, so nothing is kept
        super().__init__(path, like, **options)
        self.warnings += trial.warnings
        self.held_frames = trial.held_frames   # and held_between the same: an encoder looks ahead
        self._make = make
        self._base = Fraction(*(self.part.noted("time_base") or (0, 1)))   # 0: no frame had a time
        self._tags: list[tuple[int, ImageTags]] = [(k, _unpacked(tags)) for k, tags in self.part.noted("tags") or ()]

    def _mark(self, frame: Frame) -> None:
        base = None if frame.pts is None else frame.time_base
        if base is not None and not self._base:
            self._base = Fraction(base)
            self.part.note("time_base", [self._base.numerator, self._base.denominator])
        if frame.tags is not None and frame.tags != (self._tags[-1][1] if self._tags else None):
            self._tags.append((self.written, frame.tags))
            self.part.note("tags", [(k, _packed(tags)) for k, tags in self._tags])
        unit = Fraction(0) if base is None else Fraction(base) / self._base
        self._part.mark(round((frame.pts or 0) * unit), duration=round((frame.duration or 0) * unit),
                        flags=int(base is not None))

    def _frames(self) -> Iterator[Frame]:
        """What waits."""
        tags = dict(self._tags)
        now = None
        for k, (values, entry) in enumerate(zip(np.load(self._frames_file, mmap_mode="r"), self._part.entries)):
            now = tags.get(k, now)
            timed = bool(entry.flags)
            yield Frame(np.ascontiguousarray(values[..., :3]), entry.pts if timed else None,
                        self._base if timed else None, np.array(values[..., 3]) if self.channels == 4 else None,
                        duration=entry.duration or None, tags=now)

    def _finish(self) -> None:
        if not self.written:
            raise OutputError(f"no frame was written to {self.path}; expected at least one", fix="check the input")
        self._part.close()
        whole = self.part.file("whole" + self.path.suffix)
        writer = self._make(whole)
        with writer:
            for frame in self._frames():
                writer.write(frame)
        for line in writer.warnings:
            self.warn(line)
        try:
            os.replace(whole, self.path)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self.part.finished()


def _packed(tags: ImageTags) -> list[Any]:
    """As the record can hold it."""
    return [None if tags.icc is None else base64.b64encode(tags.icc).decode(), tags.dpi, tags.dpx]


def _unpacked(values: list[Any]) -> ImageTags:
    icc, dpi, dpx = values
    return ImageTags(None if icc is None else base64.b64decode(icc), dpi and tuple(dpi), dpx and tuple(dpx))

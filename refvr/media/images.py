"""Image files -> frames: a folder, a glob, a numbered name or one file, which may hold many pictures.

In: PNG, TIFF, JPEG, BMP, WebP, GIF, OpenEXR, DPX; names in natural order; all of one size. image_file.py says who reads
what. Grey becomes three equal channels, and is written as grey again; alpha passes untouched.
A file of many pictures (pages of a TIFF, a moving WebP) is a clip if it is given alone; the pictures of a moving one
have their times.
"""
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from refvr.errors import InputError
from refvr.media import image_file
from refvr.media.clip import ClipInfo, Frame, Reader
from refvr.media.picture import Look, Picture
from refvr.media.sequences import gaps

MILLISECOND = Fraction(1, 1000)
UNTIMED_MS = 100   # what viewers make of a duration of 0


class ImageReader(Reader):
    """Images of one size as a clip. All headers are looked at on opening, so that a wrong size is found at once."""

    def __init__(self, files: list[Path], source: str | Path, kind: str = "images") -> None:
        super().__init__()
        self.files = files
        looks = [image_file.look(file) for file in files]
        height, width = looks[0].height, looks[0].width
        for file, seen in zip(files, looks):
            if (seen.height, seen.width) != (height, width):
                raise InputError(f"{file.name} is {seen.width}x{seen.height} but {files[0].name} is {width}x{height}; "
                                 "expected images of one size", fix="sort them into one folder per size")
            if seen.pages > 1 and len(files) > 1:
                raise InputError(f"{file.name} holds {seen.pages} pictures among {len(files)} files; expected one per "
                                 "file", fix="give it alone, or split it")
        if len({file.stem for file in files}) < len(files):
            raise InputError(f"two images of {source} have the same name but for suffix or folder; expected one per "
                             "frame", fix="choose one kind with a pattern such as '*.png'")
        first = image_file.read(files[0])
        self.warnings += list(dict.fromkeys(_notes(looks, gaps(source, files), first)))
        self.info = self._describe(looks, first, str(source), kind)
        self._cut = next((look.cut for look in looks if look.cut), None)

    def _describe(self, looks: list[Look], first: Picture, source: str, kind: str) -> ClipInfo:
        channels, shown = [look.channels for look in looks], None
        moving = looks[0].pages > 1 and first.duration_ms is not None
        if moving:
            shown = 1000 / Fraction(first.duration_ms or UNTIMED_MS).limit_denominator(1000)
        return ClipInfo(width=first.values.shape[1], height=first.values.shape[0], frames=sum(k.pages for k in looks),
                        fps=shown, time_base=MILLISECOND if moving else None, bit_depth=max(k.bits for k in looks),
                        kind=kind, has_alpha=any(c in (2, 4) for c in channels), grey=all(c < 3 for c in channels),
                        source=source, codec=self.files[0].suffix[1:].lower(), profile=first.tags.profile_name)

    def _frames(self) -> Iterator[Frame]:
        time = 0
        for file in self.files:
            for picture in image_file.pictures(file):
                self._check_size(file, picture)
                name = file.stem if len(self.files) == self.info.frames else None
                frame = frame_of(picture, name)
                if self.info.time_base is not None:
                    frame.pts, frame.time_base = time, MILLISECOND
                    frame.duration = round(picture.duration_ms or UNTIMED_MS)
                    time += frame.duration
                yield frame
        if self._cut:
            self.truncated = f"{self.decoded} pictures were read; {self._cut}"

    def _check_size(self, file: Path, picture: Picture) -> None:
        height, width, _ = picture.values.shape
        if (height, width) != (self.info.height, self.info.width):
            raise InputError(f"{file.name} is {width}x{height}; expected {self.info.width}x{self.info.height} like the "
                             "first image", fix="sort them into one folder per size")


def frame_of(picture: Picture, name: str | None) -> Frame:
    """A picture as three channels and alpha."""
    values, channels = picture.values, picture.values.shape[2]
    rgb, beyond = values[..., :1 if channels < 3 else 3], picture.beyond
    if channels < 3:
        rgb, beyond = np.repeat(rgb, 3, axis=2), None if beyond is None else np.repeat(beyond, 3, axis=2)
    alpha = np.ascontiguousarray(values[..., -1]) if channels in (2, 4) else None
    return Frame(np.ascontiguousarray(rgb), alpha=alpha, name=name, tags=picture.tags, beyond=beyond)


def _notes(looks: list[Look], missing: str | None, first: Picture) -> Iterator[str]:
    if missing:
        yield missing
    for look in looks:
        yield from look.notes
    if first.linear:
        yield ("OpenEXR holds linear light: networks see it on the curve of sRGB, values outside of [0, 1] pass "
               "by them unchanged")

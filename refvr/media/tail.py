"""Frames that an encoder has taken and not yet given out: kept as raw samples until they are safe in the part file.

x264 looks 40 frames ahead, others further; without this, so many finished frames would be lost with a killed process.
One file for each frame, removed when its packet is on the way to the disk.
"""
from __future__ import annotations

import struct
import zlib
from pathlib import Path

import av
import numpy as np

from refvr.errors import OutputError
from refvr.media import ffmpeg, pixels
from refvr.media.atomic import PartFile
from refvr.media.part_folder import PartFolder

_HEAD = struct.Struct("<qqI")   # pts, duration, check sum of the rest
_PLANE = struct.Struct("<II")   # lines and bytes of a line, before the samples of each plane


class Tail:
    """The raw frames in a part folder, by number of the frame in the clip."""

    def __init__(self, folder: PartFolder) -> None:
        self._folder = folder
        self._on_disk: set[int] = set()
        self._kept: dict[int, Path] = {int(p.name.split("-")[1]): p for p in folder.names("tail-", "")}

    def add(self, number: int, picture: av.VideoFrame) -> None:
        """Keep a picture. Raises OutputError."""
        path = self._folder.file(f"tail-{number:09d}")
        samples = b"".join(_PLANE.pack(*_lines(plane).shape) + bytes(plane) for plane in picture.planes)
        file = PartFile(self._folder.final, part=path)
        try:
            file.write(_HEAD.pack(ffmpeg.time_of(picture), picture.duration or 0, zlib.crc32(samples)))
            file.write(samples)
            file.flush()
        except BaseException:
            file.discard()   # on a full disk every byte counts
            raise
        file.close()
        self._kept[number] = path

    def forget(self, before: int) -> None:
        """The frames before this number are safe elsewhere."""
        for number in [n for n in self._kept if n < before]:
            self._kept.pop(number).unlink(missing_ok=True)

    def cut(self, start: int) -> int:
        """How many whole frames follow one another from `start` on; all others are removed."""
        count = 0
        while start + count in self._kept and _read(self._kept[start + count]):
            count += 1
        for number in [n for n in self._kept if not start <= n < start + count]:
            self._kept.pop(number).unlink(missing_ok=True)
        return count

    def fill(self, number: int, picture: av.VideoFrame) -> None:
        """Put the samples and times of this frame into a picture of the same format and size. Raises OutputError."""
        kept = _read(self._kept[number])
        if kept is None:   # `cut` has just read it
            raise OutputError(f"{self._kept[number]} is damaged; expected frame {number} as it was kept",
                              fix="repeat with --resume, which makes it again")
        picture.pts, picture.duration, samples = kept
        place = 0
        for plane in picture.planes:
            count, size = _PLANE.unpack_from(samples, place)   # lines are padded, on another machine otherwise
            lines = np.frombuffer(samples, np.uint8, count * size, place + _PLANE.size).reshape(count, size)
            mine, width = _lines(plane), min(size, plane.line_size)
            mine[:, :width] = lines[:, :width]
            place += _PLANE.size + lines.size

    def sync(self) -> None:
        """Bring all of them to the disk."""
        for number in self._kept.keys() - self._on_disk:
            path = self._kept[number]
            file = PartFile(self._folder.final, part=path, again=True)
            try:
                file.sync()
            finally:
                file.close()
        self._on_disk = set(self._kept)


def _read(path: Path) -> tuple[int, int, bytes] | None:
    """(pts, duration, samples), or None where the file is not whole."""
    data = path.read_bytes()
    if len(data) < _HEAD.size:
        return None
    pts, duration, check = _HEAD.unpack_from(data)
    samples = data[_HEAD.size:]
    return (pts, duration, samples) if zlib.crc32(samples) == check else None


def _lines(plane: av.video.plane.VideoPlane) -> np.ndarray:
    """(lines, bytes) of a plane, a view."""
    return pixels.lines(plane, np.dtype(np.uint8))

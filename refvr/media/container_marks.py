"""Marks that only the container holds (sphere and stereo, HDR10 where the encoder writes none) get into an output.

FFmpeg's muxers write them when they are beside the parameters of a stream, where PyAV gives no way to put them. But a
stream that is made after a template has what the template has. So the template is a file in memory: the header of an
MP4 with the picture's stream, to which the boxes of the marks were added. That is how Matroska gets them. FFmpeg's
muxer of MP4 and MOV writes only some of them, so there the same boxes are added to the finished file.
"""
from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import av

from refvr.media import ffmpeg
from refvr.media.atomic import PartFile
from refvr.media.clip import ClipInfo
from refvr.media.container import reason
from refvr.media.marks import Mastering
from refvr.media.open_video import open_alone
from refvr.media.views import box, boxes

HELD = {"h264", "hevc", "av1", "vp9"}   # what an MP4 describes
# The boxes around the description of a track, from the outermost, and how much stands before the first box inside
_WAY = (("moov", 0), ("trak", 0), ("mdia", 0), ("minf", 0), ("stbl", 0), ("stsd", 8))


class ContainerMarks:
    """The marks of one output.

    like, codec, name  the clip, the codec's name ("hevc"), the muxer's ("mp4")
    warn               takes one line where marks could not be written; all frames are there then, and stay
    """

    def __init__(self, like: ClipInfo, codec: str, name: str, warn: Callable[[str], None]) -> None:
        self._boxes = b""
        if codec in HELD:
            self._boxes = (boxes(like.views) if like.views else b"") + (_hdr(like.mastering) if like.mastering else b"")
        self._mp4 = name in ("mp4", "mov")
        self._warn = warn

    @contextmanager
    def template(self, piece: Path | None) -> Iterator[av.video.stream.VideoStream | None]:
        """A stream like that of the file `piece` with the marks, for Matroska; None where there is nothing to mark."""
        made = None
        try:
            if piece is not None and self._boxes and not self._mp4:
                made = template(piece, self._boxes)
        except (av.FFmpegError, ValueError) as error:
            self._say(reason(error))
        with made or nullcontext():
            yield None if made is None else made.streams.video[0]

    def complete(self, part: PartFile) -> None:
        """Add the marks to a finished MP4 or MOV. Raises OutputError."""
        if self._boxes and self._mp4 and not add_to_mp4(part, self._boxes):
            self._say("its index is not at the end")

    def _say(self, why: str) -> None:
        self._warn(f"the marks of 360 degrees, stereo or HDR10 are left out ({why})")


def template(piece: Path, marks: bytes) -> av.container.InputContainer:
    """An open container whose video stream is that of the file `piece`, with marks. Raises what PyAV raises."""
    memory = io.BytesIO()
    with open_alone(piece) as source, \
            ffmpeg.open_output(memory, "mp4", container_options={"movflags": "+empty_moov+frag_keyframe"}) as out:
        out.add_stream_from_template(source.streams.video[0], opaque=True)
        out.start_encoding()
    return ffmpeg.open_input(io.BytesIO(_inserted(memory.getvalue(), marks)))


def add_to_mp4(part: PartFile, marks: bytes) -> bool:
    """Add boxes to a finished MP4 or MOV whose index is at its end; False where it is not. Raises OutputError."""
    part.flush()
    at, size = 0, part.file.seek(0, os.SEEK_END)
    while at + 16 <= size:
        part.seek(at)
        head = part.file.read(16)
        length = _size(head, 0) if _size(head, 0) != 1 else struct.unpack_from(">Q", head, 8)[0]
        if head[4:8] == b"moov" and at + length == size:
            part.seek(at)
            data = _inserted(part.file.read(length), marks)
            part.seek(at)
            part.write(data)
            return True
        at += max(8, length)
    return False


def _inserted(data: bytes, marks: bytes) -> bytes:
    """The file with boxes at the end of the first track's description, and all boxes around them grown."""
    grow, start, end = [], 0, len(data)
    for name, skipped in _WAY:
        at = _find(data, name.encode(), start, end)
        grow.append(at)
        start, end = at + 8 + skipped, at + _size(data, at)
    grow.append(start)   # the one description
    place = start + _size(data, start)
    out = bytearray(data)
    for at in grow:
        struct.pack_into(">I", out, at, _size(data, at) + len(marks))
    return bytes(out[:place]) + marks + bytes(out[place:])


def _size(data: bytes, at: int) -> int:
    return struct.unpack_from(">I", data, at)[0]


def _find(data: bytes, name: bytes, start: int, end: int) -> int:
    while start + 8 <= end:
        if data[start + 4:start + 8] == name:
            return start
        start += max(8, _size(data, start))
    raise ValueError(f"no box {name.decode()} in the template")


def _hdr(hdr: Mastering) -> bytes:
    """mdcv and clli, in the units of ST 2086."""
    out = b""
    if hdr.primaries and hdr.luminance:
        red, green, blue, white = (tuple(round(v * 50000) for v in xy) for xy in hdr.primaries)
        least, most = (round(v * 10000) for v in hdr.luminance)
        out += box("mdcv", struct.pack(">8H2I", *green, *blue, *red, *white, most, least))
    if hdr.light:
        out += box("clli", struct.pack(">2H", *(min(v, 0xFFFF) for v in hdr.light)))
    return out

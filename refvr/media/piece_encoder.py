"""One piece of a video while it comes to be: an encoder of its own, and the file that its packets go into.

A piece of a known end may be encoded anywhere (`encode_piece`): the process that joins adopts the file as it is.
"""
from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av
from av.error import FFmpegError

from refvr.errors import OutputError, RefvrError
from refvr.media import ffmpeg
from refvr.media.append_file import Entry, discard, log_of
from refvr.media.atomic import unwritable
from refvr.media.clip import Frame
from refvr.media.encoding import Encoding
from refvr.media.piece import PieceWriter, WholeFrames

# Frames of which an encoder gives decoding times that it never set: libx265's are whatever lay in memory where it is
# given no more than it might reorder (seen with PyAV 18.1). So few come in the order in which they are shown.
_UNORDERED = {"libx265": 2}


class PieceEncoder:
    """A new piece at `path`, with an encoder of its own. Raises OutputError or FFmpegError, as all that is in here.

    said   what the encoder says before the first packet
    whole  frames, from the first of the piece on, that can be read if the process is killed now
    """

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self._whole, self._given = WholeFrames(), 0
        self._lasts: dict[int, int] = {}   # time -> duration of what the encoder holds: it would say one for all
        with encoding.opened() as stream:
            self._encoder, self.said = stream.codec_context, said(stream)
            self._file = PieceWriter(path, encoding.path, stream, encoding.format_name)

    @property
    def whole(self) -> int:
        """Frames, from the first of the piece on, that can be read if the process is killed now."""
        return self._whole.count

    @property
    def error(self) -> OSError | None:
        """The first failure to write."""
        return self._file.error

    def add(self, picture: av.VideoFrame | None) -> None:
        """Encode the next picture; None: there are no more."""
        if picture is not None:
            self._whole.frame(ffmpeg.time_of(picture))
            self._lasts[ffmpeg.time_of(picture)] = picture.duration or 0
            self._given += 1
        for packet in self._encoder.encode(picture):
            if picture is None and self._given <= _UNORDERED.get(self._encoder.name, 0):
                packet.dts = packet.pts
            packet.duration = self._lasts.pop(ffmpeg.time_of(packet), 0) or packet.duration
            self._file.mux(packet)
        for entry in self._file.entries[self._whole.packets:-1]:
            self._whole.packet(entry.pts)

    def sync(self) -> None:
        """Bring everything to the disk."""
        self._file.sync()

    def complete(self) -> list[Entry]:
        """Let the encoder give out all that it holds, and end the piece; returns its packets."""
        self.add(None)
        self._file.close()
        return self._file.entries

    def drop(self) -> None:
        """Let go of a piece that cannot be completed; what is in it can be read."""
        with suppress(FFmpegError, ValueError, RefvrError):
            self._file.drop()


def said(stream: av.video.stream.VideoStream) -> str:
    """What an encoder says before its first packet: pieces can be joined where it is the same."""
    return (stream.codec_context.extradata or b"").hex()


def encode_piece(path: Path, start: int, frames: Iterable[Frame], encoding: Encoding, expects: str) -> int:
    """Write the frames from number `start` on into `path`, which has its name when it is whole; returns how many.

    expects  `said` by the encoder of the process that joins
    Raises OutputError.
    """
    part = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
    pieces: list[PieceEncoder] = []
    try:
        with _told(encoding, path, pieces):
            pieces.append(PieceEncoder(part, encoding))
        if pieces[0].said != expects:
            raise OutputError(f"the encoder {encoding.plan.codec} is another version here; expected that of the "
                              "process that joins", fix="install the same refvr and PyAV everywhere")
        number, after = start, None
        for frame in frames:
            with _told(encoding, path, pieces, f"frame {number}"):
                picture = encoding.picture(frame, number, after)
                pieces[0].add(picture)
            number, after = number + 1, picture.pts
            del frame, picture   # before the next one is computed
        with _told(encoding, path, pieces):
            pieces[0].complete()
            os.replace(log_of(part), log_of(path))
            os.replace(part, path)
    finally:
        for piece in pieces:
            piece.drop()
        discard(part)
    return number - start


@contextmanager
def _told(encoding: Encoding, path: Path, pieces: list[PieceEncoder], what: str = "a piece") -> Iterator[None]:
    """What FFmpeg and the disk raise, in words."""
    try:
        yield
    except RefvrError:
        raise
    except (FFmpegError, ValueError) as error:
        failed = next((piece.error for piece in pieces if piece.error), None)
        raise (unwritable(path, failed) if failed else encoding.failure(error, what)) from error
    except OSError as error:
        raise unwritable(path, error) from error

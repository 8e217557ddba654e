"""What there is of a video before it is whole: pieces, what the encoder still holds, and the times of all its frames.

    frames-000000000.mp4   a piece, with the packets that the encoder has given out (piece.py)
    tail-000000041         a frame that it has taken and not yet given out (tail.py)
    times                  of all frames that it was given

Whenever the process ends, these are all frames that were added; another process goes on from them.
"""
from __future__ import annotations

import contextlib
from collections.abc import Callable
from fractions import Fraction

import av
from av.error import FFmpegError

from refvr.errors import OutputError, RefvrError
from refvr.media.frame_times import FrameTimes
from refvr.media.part_folder import PartFolder
from refvr.media.piece import Piece, PieceWriter, WholeFrames, pieces
from refvr.media.tail import Tail


class VideoParts:
    """The parts of a video in its part folder: those that are there, and a new piece that goes on after them.

    stream   of the encoder that makes the new piece; it is open
    format_name, time_base   of the output
    blank    gives a picture as the encoder wants it, of any content

    pieces   those that are complete
    count    frames that are safe;  last_pts: the time of the last of them
    """

    def __init__(self, folder: PartFolder, stream: av.video.stream.VideoStream, format_name: str, time_base: Fraction,
                 blank: Callable[[], av.VideoFrame]) -> None:
        self._folder, self._encoder, self._piece = folder, stream.codec_context, None
        self._same_encoder()
        self._times = FrameTimes(folder)
        try:
            self.pieces = pieces(folder, self._times.times)
            start = self.pieces[-1].start + len(self.pieces[-1].entries) if self.pieces else 0
            self._tail = Tail(folder)
            self.count = start + self._tail.cut(start)
            self._times.cut(self.count)
            self._whole = WholeFrames()
            self._piece = PieceWriter(folder, start, stream, format_name)
            for number in range(start, self.count):
                picture = blank()
                self._tail.fill(number, picture)
                picture.time_base = time_base
                self._encode(picture)
        except BaseException:
            self.drop()
            raise

    @property
    def last_pts(self) -> int | None:
        """The time of the last frame, in units of the encoder."""
        return self._times.times[-1] if self._times.times else None

    @property
    def error(self) -> OSError | None:
        """The first failure to write."""
        return self._piece and self._piece.error

    def add(self, picture: av.VideoFrame) -> None:
        """Encode the next frame. Raises OutputError or FFmpegError."""
        self._times.append(picture.pts)
        self._tail.add(self.count, picture)
        self.count += 1
        self._encode(picture)

    def sync(self) -> None:
        """Bring all of it to the disk."""
        self._tail.sync()
        self._piece.sync()
        self._times.sync()

    def complete(self) -> None:
        """Let the encoder give out all it holds, and end the piece: all frames are in `pieces` then."""
        if self._piece is not None:
            self._encode(None)
            self._piece.close()
            if self._piece.entries:
                self.pieces.append(Piece(self._piece.path, self._piece.entries))
            self._piece = self._encoder = None
        self._times.close()

    def drop(self) -> None:
        """Let go of a piece that cannot be completed; what is in it can be read."""
        self._times.close()
        if self._piece is not None:
            with contextlib.suppress(FFmpegError, ValueError, RefvrError):
                self._piece.drop()
        self._piece = self._encoder = None

    def _encode(self, picture: av.VideoFrame | None) -> None:
        """Give the encoder a frame, or the end, and its packets to the piece; what is safe there leaves the tail."""
        if picture is not None:
            self._whole.frame(picture.pts)
        for packet in self._encoder.encode(picture):
            self._piece.mux(packet)
        for entry in self._piece.entries[self._whole.packets:-1]:
            self._whole.packet(entry.pts)
        self._tail.forget(self._piece.start + self._whole.count)

    def _same_encoder(self) -> None:
        """Pieces can be joined only where the encoder says the same before each."""
        said = (self._encoder.extradata or b"").hex()
        if self._folder.noted("encoder says") not in (None, said):
            raise OutputError(f"{self._folder.path} was begun with another version of the encoder; expected the same",
                              fix="leave --resume out to begin anew")
        self._folder.note("encoder says", said)

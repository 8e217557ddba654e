"""What there is of a video before it is whole: pieces, what the encoder still holds, and the times of all its frames.

    frames-000000000.mp4   a piece, with the packets that the encoder has given out (piece.py)
    tail-000000041         a frame that it has taken and not yet given out (tail.py)
    times                  of all frames that it was given

Whenever the process ends, these are all frames that were added; another process goes on from them.
"""
from __future__ import annotations

from pathlib import Path

import av

from refvr.errors import InputError, OutputError
from refvr.media import ffmpeg
from refvr.media.append_file import discard, read_whole
from refvr.media.encoding import Encoding
from refvr.media.frame_times import FrameTimes, stored_times
from refvr.media.part_folder import PartFolder
from refvr.media.piece import Piece, adopt, name, pieces
from refvr.media.piece_encoder import PieceEncoder
from refvr.media.tail import Tail


class VideoParts:
    """The parts of a video in its part folder: those that are there, and a new piece that goes on after them.

    encoding  of the output
    says      what its encoder says before the first packet

    pieces   those that are complete
    count    frames that are safe;  last_pts: the time of the last one that this piece's encoder was given
    """

    def __init__(self, folder: PartFolder, encoding: Encoding, says: str) -> None:
        self._folder, self._encoding = folder, encoding
        self._piece: PieceEncoder | None = None
        self._same_encoder(says)
        self.pieces = pieces(folder, stored_times(folder))
        self._start = self.pieces[-1].start + len(self.pieces[-1].entries) if self.pieces else 0
        self._tail = Tail(folder)
        self.count = self._start + self._tail.cut(self._start)
        self._times = FrameTimes(folder, self.count)
        self.last_pts = self._times.times[-1] if self._times.times else None
        try:
            for number in range(self._start, self.count):
                picture = encoding.blank()
                self._tail.fill(number, picture)
                picture.time_base = encoding.time_base
                self._encode(picture)
        except BaseException:
            self.drop()
            raise

    @property
    def error(self) -> OSError | None:
        """The first failure to write."""
        return self._piece.error if self._piece else None

    def add(self, picture: av.VideoFrame) -> None:
        """Encode the next frame. Raises OutputError or FFmpegError."""
        time = ffmpeg.time_of(picture)
        self._times.append(time)
        self._tail.add(self.count, picture)
        self.count, self.last_pts = self.count + 1, time
        self._encode(picture)

    def adopt(self, stored: Path) -> int:
        """Take a piece that another process has encoded as the next one; returns its number of frames.

        Raises InputError where it is damaged.
        """
        self.end_piece()
        entries = read_whole(stored)
        if entries is None:
            raise InputError(f"{stored} is damaged; expected a piece as a worker has written it",
                             fix="remove it, and --resume")
        if not entries:   # the authors' driver leaves out frames at the end
            discard(stored)
            return 0
        for pts in sorted(entry.pts for entry in entries):
            self._times.append(pts)
        self.pieces.append(Piece(adopt(self._folder, stored, self.count), entries))
        self.count += len(entries)
        return len(entries)

    def sync(self) -> None:
        """Bring all of it to the disk."""
        self._tail.sync()
        if self._piece is not None:
            self._piece.sync()
        self._times.sync()

    def end_piece(self) -> None:
        """Let the encoder give out all it holds, and end the piece: the next frame begins a new one."""
        if self._piece is not None:
            piece = self._piece
            entries = piece.complete()
            self._piece = None
            self._tail.forget(self.count)
            self.pieces.append(Piece(self._folder.file(name(self._start, self._folder.final.suffix)), entries))
        self.last_pts = None

    def complete(self) -> None:
        """All frames are in `pieces` then."""
        self.end_piece()
        self._times.close()

    def drop(self) -> None:
        """Let go of a piece that cannot be completed; what is in it can be read."""
        self._times.close()
        if self._piece is not None:
            self._piece.drop()
        self._piece = None

    def _encode(self, picture: av.VideoFrame) -> None:
        """Give the encoder a frame; what is safe in the piece leaves the tail."""
        if self._piece is None:
            self._start = self.pieces[-1].start + len(self.pieces[-1].entries) if self.pieces else 0
            path = self._folder.file(name(self._start, self._folder.final.suffix))
            self._piece = PieceEncoder(path, self._encoding)
        self._piece.add(picture)
        self._tail.forget(self._start + self._piece.whole)

    def _same_encoder(self, says: str) -> None:
        """Pieces can be joined only where the encoder says the same before each."""
        if self._folder.noted("encoder says") not in (None, says):
            raise OutputError(f"{self._folder.path} was begun with another version of the encoder; expected the same",
                              fix="leave --resume out to begin anew")
        self._folder.note("encoder says", says)

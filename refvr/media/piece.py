"""A piece of a video: a run of frames that can be played, in the format of the output, beside a log of their times.

Pieces hold the picture alone. They are written packet by packet in a form without an index at the end (fragments,
clusters of one packet), so that what is there can be read whenever their process ends. Their packets are put together
into the final file without encoding anything again; each piece begins with a key frame.

The times of packets are in the log, exact and in the units of the encoder; the container may round them.
"""
from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import av

from refvr.media import ffmpeg
from refvr.media.append_file import AppendFile, Entry, discard, log_of, read_log
from refvr.media.open_video import open_alone
from refvr.media.part_folder import STORED, PartFolder
from refvr.media.quiet import Quiet

# How each format is written so that every packet can be read as soon as the next one is there
_ALWAYS_READABLE = {
    "mp4": {"movflags": "+frag_every_frame+empty_moov+default_base_moof"},
    "mov": {"movflags": "+frag_every_frame+empty_moov+default_base_moof"},
    "matroska": {"cluster_size_limit": "0", "live": "1"},
    "webm": {"cluster_size_limit": "0", "live": "1"},
}
_KEY = 1


class PieceWriter:
    """A new piece at `path`, of the output `final`.

    encoder  a stream whose encoder is open, of a container of the same format
    """

    def __init__(self, path: Path, final: Path, encoder: av.video.stream.VideoStream, format_name: str) -> None:
        self.path = path
        self._file = AppendFile(path, final)
        options = {"fflags": "+bitexact", "flush_packets": "1", "avoid_negative_ts": "disabled"}
        self._container = ffmpeg.open_output(_Sequential(self._file), format_name,
                                             container_options=options | _ALWAYS_READABLE.get(format_name, {}))
        self._stream = self._container.add_stream_from_template(encoder, opaque=True)
        context, theirs = self._stream.codec_context, encoder.codec_context
        self._stream.time_base = context.time_base = theirs.time_base
        context.codec_tag = theirs.codec_tag
        if aspect := ffmpeg.fraction(theirs.sample_aspect_ratio):
            context.sample_aspect_ratio = aspect
        self._container.start_encoding()
        self._open = True
        self._file.data.check()

    def mux(self, packet: av.Packet) -> None:
        """Write a packet of the encoder. Raises OutputError or FFmpegError."""
        # before they become the container's
        pts, dts, duration, flags = (ffmpeg.time_of(packet), packet.dts, packet.duration or 0,
                                     _KEY * packet.is_keyframe)
        packet.stream = self._stream
        self._container.mux(packet)
        self._file.mark(pts, pts if dts is None else dts, duration, flags)

    @property
    def entries(self) -> list[Entry]:
        """The times of the packets so far. All but the last can be read if the process is killed now."""
        return self._file.entries

    @property
    def error(self) -> OSError | None:
        """The first failure to write."""
        return self._file.data.error or self._file.log.error

    def sync(self) -> None:
        """Bring everything to the disk."""
        self._file.sync()

    def close(self) -> None:
        """Complete the piece. Raises OutputError or FFmpegError."""
        if self._open:
            self._open = False
            self._container.close()
            self._file.data.check()
            self._file.seal()   # a container may keep the last packet until then
            self._file.sync()
            self._file.close()

    def drop(self) -> None:
        """Let go of a piece that cannot be completed; what is in it can be read."""
        self._file.close()
        if self._open:
            self._open = False
            self._container.close()


class _Sequential:
    """A file that cannot go back, so that nothing in it changes once it is written; quiet as `Quiet`."""

    def __init__(self, file: AppendFile) -> None:
        self._append, self._quiet = file, Quiet(file.data)

    def write(self, data: bytes) -> int:
        return self._quiet.attempt(lambda: self._append.write(data), len(data))


class Piece:
    """A piece as it was left: the packets that are whole.

    start    number of its first frame in the clip
    entries  the times of its packets, in the order of decoding
    """

    def __init__(self, path: Path, entries: list[Entry] | None = None) -> None:
        self.path, self.start = path, int(path.name.split("-")[1].split(".")[0])
        if entries is None:   # left by another process: everything is checked, what is torn goes
            entries = read_log(path)
            os.truncate(path, entries[-1].end if entries else 0)
            entries = entries[:self._readable(len(entries))]
        self.entries = entries

    def _readable(self, most: int) -> int:
        if not most:
            return 0
        try:
            with open_alone(self.path) as container:
                return min(most, sum(1 for packet in container.demux(video=0) if packet.size and not packet.is_corrupt))
        except (av.FFmpegError, IndexError):
            return 0

    def cut(self, count: int) -> None:
        """Keep the first packets, which are those of whole frames: see `closed`."""
        self.entries = self.entries[:count]

    def packets(self) -> Iterator[av.Packet]:
        """Its packets; their times are in `entries`."""
        with open_alone(self.path) as container:
            yield from islice((packet for packet in container.demux(video=0) if packet.size), len(self.entries))

    def header(self) -> bytes | None:
        """What a decoder must know before the first packet, as this format has it."""
        with open_alone(self.path) as container:
            return container.streams.video[0].codec_context.extradata


class WholeFrames:
    """How many frames, from the first of a piece on, are complete in its packets.

    Packets of frames that are shown later come earlier; where a piece is cut between, frames before them are missing.
    So packets count only as far as they are exactly the first frames.
    """

    def __init__(self) -> None:
        self.count = self.packets = 0
        self._frames: deque[int] = deque()
        self._ahead: set[int] = set()

    def frame(self, pts: int) -> None:
        """The encoder was given the next frame."""
        self._frames.append(pts)

    def packet(self, pts: int) -> None:
        """The next packet is in the piece."""
        self.packets += 1
        self._ahead.add(pts)
        while self._frames and self._frames[0] in self._ahead:
            self._ahead.remove(self._frames.popleft())
        if not self._ahead:
            self.count = self.packets


def pieces(folder: PartFolder, times: Sequence[int]) -> list[Piece]:
    """The pieces of a part folder up to the first gap, each cut where the next begins; all else is removed.

    times  of the frames of the clip that were given to the encoder
    """
    found: list[Piece] = []
    _end_adoptions(folder)
    for path in folder.names("frames-", folder.final.suffix):
        piece = Piece(path)
        if found and 0 < piece.start - found[-1].start <= len(found[-1].entries):
            found[-1].cut(piece.start - found[-1].start)
        elif found or piece.start:
            discard(path)
            continue
        whole = WholeFrames()
        for time in times[piece.start:]:
            whole.frame(time)
        for entry in piece.entries:
            whole.packet(entry.pts)
        piece.cut(whole.count)
        found.append(piece)
    if found and not found[-1].entries:
        discard(found.pop().path)
    return found


def name(start: int, suffix: str) -> str:
    """What the piece is called in a part folder whose first frame has this number."""
    return f"frames-{start:09d}{suffix}"


def adopt(folder: PartFolder, stored: Path, start: int) -> Path:
    """A finished piece that lies in the folder under another name becomes that which begins with frame `start`."""
    path = folder.file(name(start, stored.suffix))
    os.replace(log_of(stored), log_of(path))
    os.replace(stored, path)
    return path


def _end_adoptions(folder: PartFolder) -> None:
    """What was killed while it adopted a piece left the log under the new name, the data under the old one."""
    suffix = folder.final.suffix
    for log in folder.names("frames-", f"{suffix}.log"):
        data = log.with_suffix("")
        stored = folder.names(f"{STORED}{data.name.split('-')[1].removesuffix(suffix)}-", suffix)
        if not data.exists() and stored:
            os.replace(stored[0], data)
        elif not data.exists():
            log.unlink()

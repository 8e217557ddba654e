"""Whether a container takes a stream as it is: tried in memory, header, first packets and trailer.

FFmpeg's tables say yes to much that its muxers then refuse, some of them only at the end of the file.
"""
from __future__ import annotations

import io
from pathlib import Path

import av
from av.error import FFmpegError

from refvr.media import ffmpeg, tags
from refvr.media.container import open_container
from refvr.media.streams import Track
from refvr.media.tracks import muxer_of

PACKETS = 8         # of each stream that are tried
READ_AT_MOST = 3000   # packets in all: subtitles may begin late
REFUSALS = (FFmpegError, ValueError, TypeError, RuntimeError, NotImplementedError)   # how PyAV says no


class Trial:
    """The first packets of some tracks of a file, to be tried in containers. Close it after use."""

    def __init__(self, source: Path, tracks: list[Track]) -> None:
        self._container = open_container(source)
        self._tags = dict(self._container.metadata)
        self._answers: dict[tuple[int, str], bool] = {}
        self._packets: dict[int, list[av.Packet]] = {t.index: [] for t in tracks
                                                     if t.kind in ("audio", "subtitle", "cover")}
        self._read()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def holds(self, track: Track, suffix: str) -> bool:
        """Whether files with that suffix take the stream; asked once of the muxer, then remembered."""
        key = (track.index, suffix)
        if key not in self._answers:
            self._answers[key] = self._try(track, suffix)
        return self._answers[key]

    def first(self, track: Track) -> list[av.Packet]:
        """The first packets of a track."""
        return self._packets.get(track.index, [])

    def tells_chapters(self, track: Track) -> bool:
        """Whether a text track of MOV holds the names of the chapters, which are kept as chapters."""
        chapters = self._container.chapters()
        if track.codec != "mov_text" or not chapters or self._container.streams[track.index].frames != len(chapters):
            return False
        title = chapters[0]["metadata"].get("title", "").encode("utf-8", "surrogateescape")
        return bytes(self.first(track)[0])[2:2 + len(title)] == title if self.first(track) else False

    def _read(self) -> None:
        wanted = [s for s in self._container.streams if s.index in self._packets]
        for stream in self._container.streams:
            if stream.index not in self._packets:
                stream.discard = type(stream.discard).all
        try:
            for count, packet in enumerate(self._container.demux(wanted) if wanted else ()):
                have = self._packets[packet.stream.index]
                if packet.size and len(have) < PACKETS:
                    have.append(packet)
                if count > READ_AT_MOST or all(len(p) == PACKETS for p in self._packets.values()):
                    break
        except (FFmpegError, IndexError):   # damaged from early on: what was read has to do
            pass

    def _try(self, track: Track, suffix: str) -> bool:
        if track.kind == "cover" and tags.wants_free_keys(self._tags, muxer_of(suffix)):
            return False
        stream, memory = self._container.streams[track.index], io.BytesIO()
        try:
            with ffmpeg.open_output(memory, muxer_of(suffix)) as out:
                copy = add_copy(out, stream)
                out.start_encoding()
                time = 0
                for packet in self.first(track):
                    out.mux(_again(packet, copy, time))
                    time += packet.duration or 1
            return True
        except REFUSALS:
            return False


def add_copy(target: av.container.OutputContainer, stream: av.stream.Stream) -> av.stream.Stream:
    """A stream of `target` that takes the packets of `stream`, with its tags. Raises one of REFUSALS."""
    if stream.codec_context is None:
        copy = target.add_stream_from_template(stream)
    else:
        copy = target.add_stream_from_template(stream, opaque=True)   # not opened: a cover needs no encoder
    tags.copy_stream(stream, copy)
    return copy


def _again(packet: av.Packet, stream: av.stream.Stream, time: int) -> av.Packet:
    """A packet of the same bytes, at a time that no muxer can find fault with."""
    fresh = av.Packet(bytes(packet))
    fresh.stream, fresh.time_base = stream, packet.time_base
    fresh.duration = packet.duration or 1
    fresh.pts = fresh.dts = time
    fresh.is_keyframe = packet.is_keyframe
    return fresh

"""Sound and subtitles: copied packet by packet from the input file to the output, never decoded.

The copier opens the source a second time and is asked for the packets up to the time of each video frame, so both
files are walked once, side by side, and nothing piles up in memory.
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from refvr.media import ffmpeg
from refvr.media.container import open_container, reason, video_stream

# What a container writes by itself; copying it would describe the input file, not the output
OWN_TAGS = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration", "software", "_statistics_tags"}


class StreamCopier:
    """Adds every stream of `source` but the video to `target` and feeds it their packets in order of time.

    warnings  streams that the target cannot hold, and where the source ended early
    """

    def __init__(self, source: Path, target: av.container.OutputContainer) -> None:
        self.warnings: list[str] = []
        self._target = target
        self._source = open_container(source)
        self._map = {}
        video = video_stream(self._source, source)
        video.discard = type(video.discard).all   # the demuxer then skips its bytes
        for stream in self._source.streams:
            if stream.index != video.index:
                self._add(stream)
        self._packets = self._read()
        self._next = next(self._packets, None)
        self._warn_of_shift()
        self._copy_tags(video)

    def copy_until(self, seconds: Fraction | None) -> None:
        """Write the packets that start before `seconds`; None writes all that are left."""
        while self._next is not None and (seconds is None or _start(self._next) < seconds):
            packet = self._next
            packet.stream = self._map[packet.stream.index]
            self._target.mux(packet)
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the source."""
        self._packets.close()
        self._source.close()

    def _add(self, stream: av.stream.Stream) -> None:
        name = stream.codec_context.name if stream.codec_context else "unknown codec"
        try:
            if stream.type == "video":
                raise ValueError("further video streams are not copied")
            copy = self._target.add_stream_from_template(stream)
        except (ValueError, TypeError, FFmpegError) as error:
            self.warnings.append(f"{stream.type} stream {stream.index} ({name}) is left out: "
                                 f"{self._target.format.name} cannot hold it ({error})")
            return
        copy.metadata.update(stream.metadata)
        copy.disposition = stream.disposition
        self._map[stream.index] = copy

    def _warn_of_shift(self) -> None:
        """Matroska has no time before 0, so its muxer moves everything when an MP4 starts its sound earlier."""
        shifts = self._target.format.name in ("matroska", "webm") and "matroska" not in self._source.format.name
        if shifts and self._next is not None and _start(self._next) < 0:
            self.warnings.append(f"sound starts {float(-_start(self._next)):.3f} s before time 0, which "
                                 f"{self._target.format.name} cannot hold; all streams start that much later")

    def _copy_tags(self, video: av.video.stream.VideoStream) -> None:
        """Title, comment, language...: what the target has a place for."""
        self._target.metadata.update({k: v for k, v in self._source.metadata.items() if k.lower() not in OWN_TAGS})
        for k, v in video.metadata.items():
            if k.lower() not in OWN_TAGS:
                self._target.streams.video[0].metadata[k] = v
        with contextlib.suppress(FFmpegError, ValueError):   # a chapter without an end is not worth a lost clip
            self._target.set_chapters(self._source.chapters())

    def _read(self) -> Iterator[av.Packet]:
        wanted = [s for s in self._source.streams if s.index in self._map and s.type != "attachment"]
        if not wanted:
            return
        try:
            for packet in self._source.demux(wanted):
                if packet.size and not packet.is_corrupt and packet.dts is not None:
                    yield packet
        except FFmpegError as error:
            self.warnings.append(f"sound and subtitles end where the input does ({reason(error)})")


def _start(packet: av.Packet) -> Fraction:
    return packet.dts * ffmpeg.fraction(packet.time_base)

"""What a video file holds: which stream is the picture, what else there is, and on what clock it all runs."""
from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av

from refvr.errors import InputError
from refvr.media import clocks, ffmpeg
from refvr.media.streams import UNKNOWN, Track

FORMAT_OF_SUFFIX = {".mkv": "matroska", ".m4v": "mp4"}


def muxer_of(suffix: str) -> str:
    """FFmpeg's name of the container that a suffix stands for."""
    return FORMAT_OF_SUFFIX.get(suffix, suffix[1:])


def video_stream(container: av.container.InputContainer, path: Path) -> av.video.stream.VideoStream:
    """The moving picture: the largest, of several equal ones the first, of those marked as default before others.

    Raises InputError if there is none (sound only, cover art).
    """
    moving = [s for s in container.streams.video if not is_cover(s) and s.codec_context is not None]
    if not moving:
        kinds = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise InputError(f"{path} holds no video stream that can be decoded, only {kinds}; expected a video",
                         fix="choose a file with pictures in it")
    marked = [s for s in moving if type(s.disposition).default in s.disposition]
    return max(marked or moving, key=lambda s: s.codec_context.width * s.codec_context.height)


def is_cover(stream: av.stream.Stream) -> bool:
    """Whether a video stream is one still picture that stands for the file."""
    return type(stream.disposition).attached_pic in stream.disposition


def side_tracks(container: av.container.InputContainer, picture: av.stream.Stream) -> list[Track]:
    """What the file holds beside the picture."""
    return [_track(s, container) for s in container.streams if s.index != picture.index]


def _track(stream: av.stream.Stream, container: av.container.InputContainer) -> Track:
    kind = "cover" if stream.type == "video" and is_cover(stream) else stream.type
    if stream.codec_context is not None:
        codec = stream.codec_context.codec.canonical_name
    elif kind == "attachment":
        codec = stream.metadata.get("filename") or stream.name or "unnamed"
    elif kind in ("audio", "video", "subtitle"):
        codec = UNKNOWN
    else:
        codec = stream.metadata.get("handler_name", "").strip("\0 \t") or getattr(stream, "name", None) or "unknown"
        kind = "data"
    chapters = kind == "data" and stream.frames == len(container.chapters()) > 0
    elsewhere = chapters or (kind == "data" and "timecode" in stream.metadata)
    channels = 2
    if isinstance(stream, av.AudioStream) and stream.codec_context is not None:
        channels = stream.codec_context.layout.nb_channels
    shown = ffmpeg.readable({"codec": codec, "language": stream.language or ""})
    return Track(stream.index, kind, shown["codec"], shown["language"] or None, elsewhere, channels)


def clocked_streams(container: av.container.InputContainer, picture: av.stream.Stream) -> list[av.stream.Stream]:
    """The streams that tell when a broadcast's clock starts again: picture and sound; in other files the picture."""
    if clocks.is_broadcast(container.format.name):
        return [s for s in container.streams if s.index == picture.index or s.type == "audio"]
    return [picture]


def clock_of(container: av.container.InputContainer) -> clocks.JoinedClock:
    """The clock of a file just opened. Two readers of one file get the same times from it."""
    start = None if container.start_time is None else Fraction(container.start_time, 1_000_000)
    return clocks.JoinedClock(clocks.first_shift(container.format.name, start))


def shift_packet(packet: av.Packet, clock: clocks.JoinedClock, joined: bool) -> None:
    """Move the times of a packet onto the clock of the output, to the nearest tick."""
    base = ffmpeg.unit(packet.time_base)
    shift = clock.now
    if joined and packet.dts is not None:
        pts = None if packet.pts is None else packet.pts * base
        dts, believed = clock.believed(packet.stream.index, packet.dts * base, pts)
        if believed is not None and believed != pts:
            packet.pts, packet.dts = round(believed / base), round(dts / base)
        shift = clock.shift_of(packet.stream.index, dts, (packet.duration or 0) * base)
    if shift:
        ticks = round(shift / base)
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks

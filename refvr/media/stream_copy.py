"""Sound, subtitles, covers and attachments go along: carries out what `streams.plan` settled, packet by packet.

The carrier opens the source a second time and is asked for the packets up to the time of each video frame, so both
files are walked once, side by side, and nothing piles up in memory.
"""
from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from av.subtitles.stream import SubtitleStream

from refvr.media import clocks, ffmpeg, tags
from refvr.media.container import open_container, reason
from refvr.media.stream_convert import SoundConverter, TextConverter
from refvr.media.stream_trial import REFUSALS, Trial, add_copy
from refvr.media.streams import Fate, Track, left_out, plan
from refvr.media.tracks import clock_of, clocked_streams, is_cover, shift_packet, side_tracks, video_stream

NOT_CUT = Fraction(0)
NOT_STRICT = {"matroska", "webm"}   # containers that take two packets of one time


class Copied:
    """A stream whose packets are taken as they are."""

    def __init__(self, stream: av.stream.Stream) -> None:
        self.stream = stream

    def packets(self, packet: av.Packet | None) -> Iterable[av.Packet]:
        """The packet itself, for the new stream."""
        if packet is not None:
            packet.stream = self.stream
            yield packet


class StreamCopier:
    """Adds what goes along with the picture of `source` to `target`, a container whose header is not yet written.

    suffix    of the target, ".mp4"
    audio, wanted  see `streams.plan`
    begin     seconds of the source that become 0; what lies before is left out
    warnings  what was converted, left out or moved, and where the source ended early
    """

    def __init__(self, source: Path, target: av.container.OutputContainer, suffix: str, *, audio: str = "copy",
                 wanted: str = "all", begin: Fraction = NOT_CUT) -> None:
        self.warnings: list[str] = []
        self._begin = begin
        self._target = target
        self._source = open_container(source)
        self._carriers: dict[int, tuple[Track, Copied | SoundConverter | TextConverter]] = {}
        self._times: dict[int, clocks.Increasing] = {}
        self._refused: dict[int, int] = {}
        self._clock = clock_of(self._source)
        picture = video_stream(self._source, source)
        self._carry(source, side_tracks(self._source, picture), suffix, audio, wanted)
        self._clocked = {s.index for s in clocked_streams(self._source, picture)}
        self._packets = self._read(picture)
        self._next = next(self._packets, None)
        self._warn_of_shift()
        tags.copy(self._source, picture, target, begin)

    def copy_until(self, seconds: Fraction | None) -> None:
        """Write the packets that start before `seconds`; None writes all that are left."""
        while self._next is not None and (seconds is None or _start(self._next) < seconds):
            self._mux(self._next.stream.index, self._carrier_of(self._next).packets(self._next))
            self._next = next(self._packets, None)

    def end(self, seconds: Fraction | None = None) -> None:
        """The last packets, up to `seconds` or all that are left; ends the streams and says what was moved."""
        self.copy_until(seconds)
        for index, (track, carrier) in self._carriers.items():
            self._mux(index, carrier.packets(None))
            moved, refused = self._times[index].moved - self._clock.restarts, self._refused.get(index)
            if moved > 0:   # where recordings were joined, one may meet the next by rounding
                self.warnings.append(f"{track}: {moved} packet{'s' * (moved != 1)} with repeated or earlier times "
                                     f"{'were' if moved != 1 else 'was'} moved by the smallest step")
            if refused:
                self.warnings.append(f"{track}: {refused} packet{'s' * (refused != 1)} could not be written and "
                                     f"{'are' if refused != 1 else 'is'} missing")
        self._carriers = {}

    def close(self) -> None:
        """Close the source."""
        self._packets.close()
        self._source.close()

    def _carry(self, source: Path, tracks: list[Track], suffix: str, audio: str, wanted: str) -> None:
        with contextlib.closing(Trial(source, tracks)) as trial:
            tracks = [replace(t, kind="data", elsewhere=True) if trial.tells_chapters(t) else t for t in tracks]
            for fate in plan(tracks, suffix, trial.holds, audio=audio, wanted=wanted):
                line = fate.line
                try:
                    if fate.action != "leave":
                        self._carriers[fate.track.index] = fate.track, self._carrier(fate)
                        self._times[fate.track.index] = clocks.Increasing(self._target.format.name not in NOT_STRICT)
                except REFUSALS as error:
                    line = left_out(fate.track, suffix, trial.holds, reason(error))
                if line:
                    self.warnings.append(line)

    def _carrier(self, fate: Fate) -> Copied | SoundConverter | TextConverter:
        stream = self._source.streams[fate.track.index]
        if fate.action == "copy":
            return Copied(add_copy(self._target, stream))
        if isinstance(stream, av.AudioStream):
            return SoundConverter(stream, self._target, fate.codec)
        if isinstance(stream, SubtitleStream):
            return TextConverter(stream, self._target, fate.codec)
        raise ValueError(f"{stream.type} cannot be converted")

    def _carrier_of(self, packet: av.Packet) -> Copied | SoundConverter | TextConverter:
        return self._carriers[packet.stream.index][1]

    def _is_sound(self, index: int) -> bool:
        return self._carriers[index][0].kind == "audio"

    def _mux(self, index: int, packets: Iterable[av.Packet]) -> None:
        """Write packets at times that increase. One that the container refuses is missing; the picture goes on."""
        stream, times = self._carriers[index][1].stream, self._times[index]
        for packet in packets:
            base, own = ffmpeg.unit(stream.time_base), ffmpeg.unit(packet.time_base)
            first = packet.dts if packet.dts is not None else packet.pts or 0
            dts, pts = times.place(round(first * own / base),
                                   None if packet.pts is None else round(packet.pts * own / base))
            duration = round((packet.duration or 0) * own / base) or (times.step if self._is_sound(index) else 0)
            packet.stream, packet.time_base = stream, base
            packet.dts, packet.pts, packet.duration = dts, dts if pts is None else pts, duration
            try:
                self._target.mux(packet)
            except (FFmpegError, ValueError):
                self._refused[index] = self._refused.get(index, 0) + 1

    def _lies_inside(self, packet: av.Packet) -> bool:
        """Move a packet to the clock of a part of the source; False for what lies before it. A line of text that is
        shown at its beginning is shown from there on.
        """
        first = packet.pts if packet.pts is not None else packet.dts
        if not self._begin or first is None or is_cover(packet.stream):   # only covers have no time
            return True
        moved = round(self._begin / ffmpeg.unit(packet.time_base))
        over = 0 if self._is_sound(packet.stream.index) else packet.duration or 0
        if first < moved and first + over <= moved:
            return False
        late = max(0, moved - first)
        packet.duration = max(0, (packet.duration or 0) - late)
        packet.pts = None if packet.pts is None else packet.pts - moved + late
        packet.dts = None if packet.dts is None else packet.dts - moved + late
        return True

    def _warn_of_shift(self) -> None:
        """Matroska has no time before 0, so its muxer moves everything when an MP4 starts its sound earlier."""
        shifts = self._target.format.name in NOT_STRICT and "matroska" not in self._source.format.name
        if self._next is None or not shifts:
            return
        start = _start(self._next)
        if start < 0 and isinstance(self._carrier_of(self._next), Copied):
            self.warnings.append(f"sound starts {float(-start):.3f} s before time 0, which "
                                 f"{self._target.format.name} cannot hold; all streams start that much later")

    def _read(self, picture: av.stream.Stream) -> Generator[av.Packet, None, None]:
        """The packets of the streams that go along, on the clock of the output, in the order of the file."""
        wanted = [s for s in self._source.streams if s.index in self._carriers and s.type != "attachment"]
        if not wanted:
            return
        joined = clocks.is_broadcast(self._source.format.name)
        heard = wanted + [s for s in self._source.streams if joined and s.index in self._clocked and s not in wanted]
        for stream in self._source.streams:
            if stream not in heard:
                stream.discard = type(stream.discard).all   # the demuxer then skips its bytes
        try:
            for packet in self._source.demux(heard):
                if not packet.size or packet.stream is None:
                    continue
                shift_packet(packet, self._clock, joined and packet.stream.index in self._clocked)
                if packet.stream.index in self._carriers and not packet.is_corrupt and _timed(packet) and \
                        self._lies_inside(packet):
                    yield packet
        except IndexError:   # PyAV at the end of a file in which streams appeared late
            return
        except FFmpegError as error:
            self.warnings.append(f"sound and subtitles end where the input does ({reason(error)})")


def _timed(packet: av.Packet) -> bool:
    """Whether a packet has its place; covers have no time and need none."""
    return packet.dts is not None or packet.pts is not None or is_cover(packet.stream)


def _start(packet: av.Packet) -> Fraction:
    first = packet.dts if packet.dts is not None else packet.pts
    return (first or 0) * ffmpeg.unit(packet.time_base)

"""Video files -> frames, by PyAV, streaming.

Timestamps are those of the container, so a variable frame rate stays variable; what no player could use is repaired
(`clocks.py`). The colour matrix and range of the stream are respected (`colour.py`), and what a phone wrote about how
it was held is applied: quarter turns and mirroring (`marks.py`).
"""
from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.error import EOFError as EndOfFile
from av.error import FFmpegError

from refvr.errors import InputError
from refvr.media import clocks, ffmpeg, gaps, marks, pixels
from refvr.media.clip import DEFAULT_FPS, NO_PICTURE, ClipInfo, Colour, Frame, Reader
from refvr.media.container import open_container, reason
from refvr.media.tracks import clock_of, clocked_streams, shift_packet, side_tracks, video_stream
from refvr.media.video_alpha import alpha_decoder
from refvr.media.views import views


class VideoReader(Reader):
    """A video file. The first frame is decoded on opening, since only frames tell their true size and colour."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._container = open_container(path)
        try:
            self._stream = video_stream(self._container, path)
            self._stream.thread_type = "AUTO"
            self._codec = alpha_decoder(self._stream) or self._stream.codec_context
            self._errors: list[str] = []
            self._times: list[int] = []
            self._lasts: list[int] = []
            self._gaps_in_packets = False   # of a broadcast, whose packets are numbered
            self._damaged = 0   # frames that the decoder itself calls damaged
            self._packets = 0
            self._clock, self._broadcast = clock_of(self._container), clocks.is_broadcast(self._container.format.name)
            # AVI counts packets; what it says about the order of showing is a guess of FFmpeg's
            self._slots = clocks.EvenSlots() if self._container.format.name == "avi" else None
            self._indexed = len(self._stream.index_entries) if self._slots else 0
            self._rate = clocks.believable_rate(*(ffmpeg.fraction(rate) for rate in (
                self._stream.average_rate, self._stream.base_rate, self._stream.guessed_rate)))
            self._base = ffmpeg.unit(self._stream.time_base)
            self._presented = clocks.Presented(1 / (self._rate or DEFAULT_FPS) / self._base)
            self._interlaced = False
            self._decoder = self._decode()
            first = next(self._decoder, None)
            if first is None:
                raise InputError(f"no frame of {path} can be decoded ({self._why()}); expected a readable video",
                                 fix="copy or export the file again")
            self._name_what_is_lost(first)
            self._upright = self._read_matrix(first)
            self.info = self._describe(first)
            self._first: av.VideoFrame | None = first
            self._shape = first.height, first.width
        except BaseException:
            self._container.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()
        self._container.close()

    def _decode(self) -> Generator[av.VideoFrame, None, None]:
        """Every frame that can be decoded. Packets that cannot are left out, and counted in `_errors`."""
        packets = self._demux()
        while True:
            try:
                packet = next(packets)
            except (StopIteration, IndexError):   # PyAV at the end of a file in which streams appeared late
                packet = None
            except FFmpegError as error:   # the file ends in the middle of a packet, or cannot be read further
                self._errors.append(reason(error))
                packet = None
            if packet is not None and packet.size:
                self._packets += 1
                self._gaps_in_packets |= packet.is_corrupt
                if packet.is_corrupt and not self._broadcast:   # cut off; in a broadcast only something before is lost
                    self._errors.append("a packet is cut off or damaged")
                    continue
                if self._slots and packet.dts is not None:
                    self._slots.fill(packet.dts)
            try:
                yield from self._codec.decode(packet)
            except EndOfFile:
                return
            except FFmpegError as error:
                self._errors.append(reason(error))
            if packet is None:
                return

    def _demux(self) -> Iterator[av.Packet]:
        """The packets of the picture, on the clock of the output."""
        clocked = clocked_streams(self._container, self._stream)
        for stream in self._container.streams:
            if stream not in clocked:
                stream.discard = type(stream.discard).all   # the demuxer then skips its bytes
        for packet in self._container.demux(clocked):
            if packet.size:
                shift_packet(packet, self._clock, self._broadcast)
                if packet.stream.index == self._stream.index:
                    yield packet

    def _describe(self, frame: av.VideoFrame) -> ClipInfo:
        stream, container = self._stream, self._container
        form = pixels.layout(frame.format.name)
        turned = self._upright.turns % 2 == 1
        size = (frame.height, frame.width)[::-1 if turned else 1]
        aspect = ffmpeg.fraction(stream.sample_aspect_ratio)
        if aspect and turned:
            aspect = 1 / aspect
        return ClipInfo(
            width=size[1], height=size[0], frames=stream.frames or None, fps=self._rate,
            bit_depth=form.bits, kind="video", has_alpha=form.alpha, grey=form.kind == "grey",
            colour=pixels.stream_colour(frame, stream.codec_context.name), source=str(self.path),
            time_base=self._base,
            duration_s=self._shown_seconds() or _seconds(container.duration),
            pixel_aspect=aspect if aspect and aspect != 1 else None, pix_fmt=frame.format.name,
            codec=stream.codec_context.name, streams=tuple(str(t) for t in side_tracks(container, stream)),
            mastering=marks.mastering(ffmpeg.side_data(frame, "MASTERING_DISPLAY_METADATA"),
                                      ffmpeg.side_data(frame, "CONTENT_LIGHT_LEVEL")),
            grid=clocks.believable_rate(ffmpeg.fraction(stream.base_rate)),
            views=views(ffmpeg.side_data(frame, "SPHERICAL"), ffmpeg.side_data(frame, "STEREO3D")),
            metadata=ffmpeg.readable(container.metadata))

    def _name_what_is_lost(self, frame: av.VideoFrame) -> None:
        if marks.dolby_vision_5(ffmpeg.side_data(frame, "DOVI_METADATA"), str(self._stream.codec_context.codec_tag)):
            raise InputError(f"{self.path} is Dolby Vision profile 5, whose colours (IPT) are not Y'CbCr; expected "
                             "SDR, HDR10 or HLG", fix="convert it first, for example with FFmpeg's libplacebo filter")
        for kind, line in marks.LOST.items():
            if ffmpeg.side_data(frame, kind):
                self.warnings.append(line)

    def _read_matrix(self, frame: av.VideoFrame) -> marks.Upright:
        """How pictures become upright."""
        matrix = ffmpeg.side_data(frame, "DISPLAYMATRIX")
        upright = marks.upright(matrix) if matrix else marks.turned(frame.rotation)
        if upright.angle:
            self.warnings.append(f"the file asks for a rotation by {frame.rotation} degrees; only multiples of 90 are "
                                 "applied")
        return upright

    def _promised_seconds(self) -> float | None:
        """Duration of the video stream by its own header or, in Matroska, by its tag."""
        stream = self._stream
        if stream.duration:
            return float(stream.duration * self._base)
        tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3]) if tag else None

    def _shown_seconds(self) -> float | None:
        """As long as the picture lasts: the tag of Matroska is the time of its end, where sound may begin before it."""
        promised, stream = self._promised_seconds(), self._stream
        if promised is None or stream.duration:
            return promised
        return max(0.0, promised - max(0.0, float((stream.start_time or 0) * self._base)))

    def _frames(self) -> Iterator[Frame]:
        frame, self._first = self._first, None
        last: Frame | None = None
        while frame is not None:
            if (frame.height, frame.width) != self._shape:
                raise InputError(f"frame {self.decoded} of {self.path} is {frame.width}x{frame.height} after frames "
                                 f"of {self._shape[1]}x{self._shape[0]}; expected one size",
                                 fix="split the file where its size changes")
            last = self._convert(frame)
            yield last
            frame = next(self._decoder, None)
        if self._clock.restarts:
            times = self._clock.restarts
            self.warnings.append(f"the clock of {self.path.name} starts again {times} time{'s' * (times != 1)}, as in "
                                 "joined recordings; that of the output goes on")
        if last is not None:
            self._judge_end(last)

    def _convert(self, frame: av.VideoFrame) -> Frame:
        rgb, alpha = (NO_PICTURE, None) if self._passed() else pixels.to_rgb(frame, self._colour_of(frame))
        rgb, alpha = self._upright.apply(rgb), None if alpha is None else self._upright.apply(alpha)
        pts = self._presented.place(self._slots.take() if self._slots else frame.pts, frame.duration or 0)
        if frame.interlaced_frame and not self._interlaced:
            self._interlaced = True
            since = f" from {_clock_time(pts * self._base)} on" if self.decoded else ""
            self.warnings.append(f"the video is interlaced{since} and is treated as progressive; deinterlace it first "
                                 "(ffmpeg -vf bwdif)")
        self._times.append(pts)
        self._lasts.append(frame.duration or 0)
        self._damaged += frame.is_corrupt and self.decoded > 0   # at the beginning it only waits for a key frame
        return Frame(rgb, pts, self.info.time_base, alpha, duration=frame.duration or None)

    def _colour_of(self, frame: av.VideoFrame) -> Colour | None:
        """The clip's; its own for a frame that is not RGB in a clip that began so."""
        return self.info.colour or pixels.stream_colour(frame, self._stream.codec_context.name)

    def _judge_end(self, last: Frame) -> None:
        """Set `truncated` if the file did not hold what it promised.

        A count in the header is compared only after an error or outside MP4, where edit lists may hide frames.
        """
        promised, count = self._promised_seconds(), self._stream.frames
        name = self._container.format.name
        missing = count > self._packets and "mp4" not in name
        if self._slots:   # AVI counts empty packets too, which its index shows to be empty
            whole = self._indexed > 1   # of a file that was cut only what is at hand is indexed
            missing = self._indexed > self._packets if whole else count > self._slots.end
        if promised and not count and self.info.fps:
            start = (self._stream.start_time or 0) * self._base
            end = ((last.pts or 0) + (last.duration or 0)) * self._base - self._clock.shifts[-1]   # on its own clock
            missing = clocks.ends_early(Fraction(promised), start, end, 1 / self.info.fps, is_end="matroska" in name)
        # An empty packet of AVI is none; where a clock starts again, so does the step
        damage = bool(self._errors or missing or self._damaged)
        lost = [] if self._slots or self._clock.restarts else \
            gaps.find(self._times, self._base, lasts=self._lasts, damaged=damage or self._gaps_in_packets)
        damage = damage or bool(lost and self._gaps_in_packets)
        whole = 0 < count <= self.decoded   # the container counts its frames, and all of them are here
        if lost and not damage and (whole or not gaps.are_damage(lost, self.info.fps or DEFAULT_FPS)):
            self.warnings.append(f"{gaps.said(lost)}; perhaps they were never recorded")
            return
        if not (damage or lost):
            return
        if count:
            total = f"{self.decoded} of {count} frames"
        else:
            total = f"{self.decoded} frames" + (f" of a promised {promised:.2f} s" if promised else "")
        places = f"; {gaps.said(lost)}" if lost else ""
        self.truncated = f"{total} of {self.path.name} could be decoded ({self._why(missing)}){places}"

    def _why(self, missing: bool = True) -> str:
        if self._damaged and not self._errors:
            return f"{self._damaged} of them {'are' if self._damaged != 1 else 'is'} damaged"
        if not (self._errors or missing):
            return "the file is damaged in the middle, unless the picture was held there"
        more = f", {len(self._errors)} errors" if len(self._errors) > 1 else ""
        return (self._errors[0] if self._errors else "the file ends early") + more


def _seconds(microseconds: int | None) -> float | None:
    return microseconds / 1e6 if microseconds else None


def _clock_time(seconds: Fraction) -> str:
    minutes, rest = divmod(float(seconds), 60)
    return f"{int(minutes)}:{rest:05.2f}"

"""Video files -> frames, by PyAV, streaming.

Timestamps are those of the container, untouched, so a variable frame rate stays variable. The colour matrix and range
of the stream are respected (`colour.py`), the rotation mark of phones is applied (by multiples of 90 degrees).
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.error import EOFError as EndOfFile
from av.error import FFmpegError

from refvr.errors import InputError
from refvr.media import ffmpeg, pixels
from refvr.media.clip import ClipInfo, Frame, Reader
from refvr.media.container import open_container, reason, video_stream


class VideoReader(Reader):
    """A video file. The first frame is decoded on opening, since only frames tell their true size and colour."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._container = open_container(path)
        try:
            self._stream = video_stream(self._container, path)
            self._stream.thread_type = "AUTO"
            self._errors: list[str] = []
            self._packets = 0
            self._decoder = self._decode()
            self._first = next(self._decoder, None)
            if self._first is None:
                raise InputError(f"no frame of {path} can be decoded ({self._why()}); expected a readable video",
                                 fix="copy or export the file again")
            self._turns = self._quarter_turns(self._first)
            self.info = self._describe(self._first)
        except BaseException:
            self._container.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()
        self._container.close()

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Every frame that can be decoded. Damaged packets are left out, and counted in `_errors`."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except FFmpegError as error:   # the file ends in the middle of a packet, or cannot be read further
                self._errors.append(reason(error))
                packet = None
            if packet is not None and packet.size:
                self._packets += 1
                if packet.is_corrupt:
                    self._errors.append("a packet is cut off or damaged")
                    continue
            try:
                yield from self._stream.codec_context.decode(packet)
            except EndOfFile:
                return
            except FFmpegError as error:
                self._errors.append(reason(error))
            if packet is None:
                return

    def _describe(self, frame: av.VideoFrame) -> ClipInfo:
        stream, container = self._stream, self._container
        form = pixels.layout(frame.format.name)
        size = (frame.height, frame.width)[::-1 if self._turns % 2 else 1]
        rate = ffmpeg.fraction(stream.average_rate or stream.guessed_rate)
        others = [_stream_line(s) for s in container.streams if s.index != stream.index]
        if frame.interlaced_frame:
            self.warnings.append("the video is interlaced and is treated as progressive; deinterlace it first")
        aspect = ffmpeg.fraction(stream.sample_aspect_ratio)
        if aspect and self._turns % 2:
            aspect = 1 / aspect
        return ClipInfo(
            width=size[1], height=size[0], frames=stream.frames or None, fps=rate,
            bit_depth=form.bits, kind="video", has_alpha=form.alpha, grey=form.kind == "grey",
            colour=pixels.stream_colour(frame, stream.codec_context.name), source=str(self.path),
            time_base=ffmpeg.fraction(stream.time_base),
            duration_s=self._promised_seconds() or _seconds(container.duration),
            pixel_aspect=aspect if aspect and aspect != 1 else None, pix_fmt=frame.format.name,
            codec=stream.codec_context.name, streams=tuple(others), metadata=ffmpeg.readable(container.metadata))

    def _quarter_turns(self, frame: av.VideoFrame) -> int:
        """Counter-clockwise quarter turns that bring the picture upright."""
        angle = frame.rotation
        if angle % 90:
            self.warnings.append(f"the file asks for a rotation by {angle} degrees; only multiples of 90 are applied")
            return 0
        return angle // 90 % 4

    def _promised_seconds(self) -> float | None:
        """Duration of the video stream by its own header or, in Matroska, by its tag."""
        stream = self._stream
        if stream.duration:
            return float(stream.duration * stream.time_base)
        tag = re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3]) if tag else None

    def _frames(self) -> Iterator[Frame]:
        frame, shape, last = self._first, (self._first.height, self._first.width), None
        while frame is not None:
            if (frame.height, frame.width) != shape:
                raise InputError(f"frame {self.decoded} of {self.path} is {frame.width}x{frame.height} after frames "
                                 f"of {shape[1]}x{shape[0]}; expected one size",
                                 fix="split the file where its size changes")
            self._first = None
            last = self._convert(frame)
            yield last
            frame = next(self._decoder, None)
        self._judge_end(last)

    def _convert(self, frame: av.VideoFrame) -> Frame:
        rgb, alpha = pixels.to_rgb(frame, self.info.colour)
        if self._turns:
            rgb = np.ascontiguousarray(np.rot90(rgb, self._turns))
            alpha = None if alpha is None else np.ascontiguousarray(np.rot90(alpha, self._turns))
        pts, base = frame.pts, ffmpeg.fraction(frame.time_base)
        if pts is None:   # raw streams have no times: count at the nominal rate
            base = 1 / (self.info.fps or Fraction(25))
            pts = self.decoded
        return Frame(rgb, pts, base, alpha, duration=frame.duration or None)

    def _judge_end(self, last: Frame) -> None:
        """Set `truncated` if the file did not hold what it promised.

        A count in the header is compared only after an error or outside MP4, where edit lists may hide frames.
        """
        promised, count = self._promised_seconds(), self._stream.frames
        missing = count > self._packets and "mp4" not in self._container.format.name
        if promised and not count and self.info.fps and last.pts is not None:
            end = float((last.pts + (last.duration or 0) - (self._stream.start_time or 0)) * last.time_base)
            missing = promised - end > 0.5 + 4 / float(self.info.fps)   # muxers differ in how they end the last frame
        if not self._errors and not missing:
            return
        if count:
            total = f"{self.decoded} of {count} frames"
        else:
            total = f"{self.decoded} frames" + (f" of a promised {promised:.2f} s" if promised else "")
        self.truncated = f"{total} of {self.path.name} could be decoded ({self._why()})"

    def _why(self) -> str:
        more = f", {len(self._errors)} errors" if len(self._errors) > 1 else ""
        return (self._errors[0] if self._errors else "the file ends early") + more


def _seconds(microseconds: int | None) -> float | None:
    return microseconds / 1e6 if microseconds else None


def _stream_line(stream: av.stream.Stream) -> str:
    name = stream.codec_context.name if stream.codec_context else "unknown codec"
    language = f" [{stream.language}]" if stream.language and stream.language != "und" else ""
    return f"{stream.type}: {name}{language}"

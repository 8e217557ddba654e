"""How the frames of one output become pictures of an encoder, and new encoders for it, one for each piece.

All encoders of an output are the same: a piece has the same packets, whichever process or machine encodes it.
"""
from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from refvr.errors import OutputError, RefvrError
from refvr.media import clocks, encoders, ffmpeg, pixels, video_stream
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Frame
from refvr.media.container import reason
from refvr.media.tracks import muxer_of

CONSTANT_RATE = {".avi"}   # frames have no times there, and those of B frames come out wrong
MOST_PIXELS = 16384   # each way, for H.264, HEVC and AV1


class Encoding:
    """Encoder, pixel format, colour and unit of time of the output `path` that is made from a clip like `like`.

    size   (height, width) of the output;  fps: rate for frames without times
    warn   takes one line for whatever is changed on the way
    Raises OutputError for a combination of options that cannot work; see `encoders.plan` for the defaults.
    """

    def __init__(self, path: Path, like: ClipInfo, size: tuple[int, int], *, codec: str | None = None,
                 crf: float | None = None, pix_fmt: str | None = None, fps: Fraction | None = None,
                 warn: Callable[[str], None] = lambda line: None) -> None:
        self.plan = encoders.plan(path, like, size, codec, crf, pix_fmt)
        for line in self.plan.warnings:
            warn(line)
        self.path, self.size, self._like, self._warn = path, size, like, warn
        self.format_name = muxer_of(path.suffix.lower())
        self._constant_rate = path.suffix.lower() in CONSTANT_RATE
        even = clocks.even_rate(like.fps, like.grid) if self._constant_rate else like.fps
        self.fps = Fraction(fps or even or DEFAULT_FPS)
        if fps or like.time_base is None or self._constant_rate:
            self.time_base = 1 / self.fps
        else:
            self.time_base = like.time_base
        self.colour = video_stream.output_colour(like, self.plan.pix_fmt, size[0])
        self._retime = fps is not None

    def about(self) -> dict[str, Any]:
        """What decides about the packets, by the name that a message would use."""
        return {"codec": self.plan.codec, "pixel format": self.plan.pix_fmt, "encoder options": self.plan.options,
                "size": list(reversed(self.size)), "unit of time": str(self.time_base), "rate": str(self.fps)}

    def add_stream(self, container: av.container.OutputContainer,
                   template: av.video.stream.VideoStream | None = None) -> av.video.stream.VideoStream:
        """Add the picture's stream; `template`: see `video_stream.add`."""
        return video_stream.add(container, self.plan, self._like, self.colour, self.size, self.fps, self.time_base,
                                constant_rate=self._constant_rate, template=template)

    @contextlib.contextmanager
    def opened(self) -> Iterator[av.video.stream.VideoStream]:
        """A stream whose encoder is new and open; the encoder lives on. Raises what PyAV raises."""
        container = ffmpeg.open_output(ffmpeg.Nowhere(), self.format_name, container_options={"fflags": "+bitexact"})
        try:
            stream = self.add_stream(container)
            container.start_encoding()
            yield stream
        finally:
            close(container)

    def picture(self, frame: Frame, number: int, after: int | None) -> av.VideoFrame:
        """Frame `number` of the output for the encoder, which was last given one of the time `after`."""
        picture = pixels.from_rgb(frame.rgb, frame.alpha, self.plan.pix_fmt, self.colour)
        picture.pts, picture.time_base = self._pts(frame, number, after), self.time_base
        if frame.duration and frame.time_base and not self._retime:
            picture.duration = round(frame.duration * frame.time_base / self.time_base)
        return picture

    def blank(self) -> av.VideoFrame:
        """A picture as the encoder wants it, black."""
        return pixels.from_rgb(np.zeros((*self.size, 3), np.float32), None, self.plan.pix_fmt, self.colour)

    def _pts(self, frame: Frame, number: int, after: int | None) -> int:
        """The time of the frame in the encoder's time base: its own, or counted at the nominal rate."""
        own = None if self._retime else frame.seconds
        seconds = number / self.fps if own is None else own
        pts = math.floor(seconds / self.time_base + Fraction(1, 2))
        if self._constant_rate and pts * self.time_base != seconds:
            self._warn(f"{self.path.suffix} has one constant rate; timestamps are rounded to it (use .mp4 or .mkv)")
        if after is None or pts > after:
            return pts
        self.say_moved()
        return after + 1

    def say_moved(self) -> None:
        """Tell once that times did not increase."""
        if not self._constant_rate:
            self._warn("some timestamps of the input do not increase; those frames are moved by the smallest step")

    def failure(self, error: Exception, what: str) -> OutputError:
        """What to say where FFmpeg refuses."""
        height, width = self.size
        if max(self.size) > MOST_PIXELS:
            return OutputError(f"{self.plan.codec} cannot encode {width}x{height}; expected at most {MOST_PIXELS} "
                               "pixels each way, as far as most encoders go",
                               fix="use --codec ffv1 with .mkv, or a folder of images")
        return OutputError(f"cannot write {what} to {self.path}: {reason(error)}; expected an encoder that accepts it",
                           fix="choose another --codec, --pix-fmt or suffix")


def close(container: av.container.OutputContainer) -> None:
    """Close what cannot be completed any more; never raises."""
    with contextlib.suppress(RefvrError, FFmpegError, ValueError):
        container.close()

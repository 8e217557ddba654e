"""Frames -> a video file, by PyAV, streaming: exact timestamps, colour marks, sound and subtitles copied.

The file appears under its final name when it is complete. After an interruption the frames written so far are closed
properly and kept as `NAME.partial.SUFFIX`, which plays.
"""
from __future__ import annotations

import contextlib
import math
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from refvr.errors import OutputError, RefvrError
from refvr.media import encoders, ffmpeg, pixels, tags, video_stream
from refvr.media.atomic import PartFile, Quiet, unwritable
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Frame, Writer
from refvr.media.container import reason
from refvr.media.open_video import open_alone
from refvr.media.stream_copy import StreamCopier
from refvr.media.tracks import muxer_of

CONSTANT_RATE = {".avi"}   # frames have no times there, and those of B frames come out wrong


class VideoWriter(Writer):
    """Write a video like `like`, in another size if `width` and `height` say so; see `encoders.plan` for the defaults.

    copy_streams_from  video file whose sound, subtitles, covers, chapters and tags go along
    audio, streams     what becomes of them: see `streams.plan`
    fps                rate for frames without timestamps (default: that of `like`, else 25)
    Raises OutputError if the place or the combination of options cannot work, before any frame is read.
    """

    def __init__(self, path: Path, like: ClipInfo, *, width: int | None = None, height: int | None = None,
                 codec: str | None = None, crf: float | None = None, pix_fmt: str | None = None,
                 fps: Fraction | None = None, copy_streams_from: str | Path | None = None,
                 audio: str = "copy", streams: str = "all", overwrite: bool = True) -> None:
        super().__init__(path, height or like.height, width or like.width)
        chosen = encoders.plan(self.path, like, (self.height, self.width), codec, crf, pix_fmt)
        self.warnings += chosen.warnings
        self.fps = Fraction(fps or like.fps or DEFAULT_FPS)
        self._constant_rate = self.path.suffix.lower() in CONSTANT_RATE
        counted = fps or like.time_base is None or self._constant_rate
        self.time_base = 1 / self.fps if counted else like.time_base
        self.colour = video_stream.output_colour(like, chosen.pix_fmt, self.height)
        self.pix_fmt = chosen.pix_fmt
        self._retime = fps is not None
        self._carry = {"audio": audio, "wanted": streams}
        self._last_pts: int | None = None
        self._copier: StreamCopier | None = None
        self._container: av.container.OutputContainer | None = None
        self._part = PartFile(self.path, like.source, overwrite=overwrite)
        try:
            self._open(like, chosen, copy_streams_from)
        except BaseException:
            self._drop()
            self._part.discard()
            raise

    def _open(self, like: ClipInfo, chosen: encoders.Plan, copy_from: str | Path | None) -> None:
        suffix = self.path.suffix.lower()
        name = muxer_of(suffix)
        try:
            # bitexact: no random identifiers and dates in the file, so that the same frames give the same bytes
            options = {"fflags": "+bitexact"} | tags.muxer_options(like.metadata, name)
            self._container = ffmpeg.open_output(Quiet(self._part), name, container_options=options)
        except (FFmpegError, ValueError) as error:
            raise OutputError(f"FFmpeg cannot write {suffix or 'this'} files ({reason(error)}); "
                              "expected a video suffix", fix="use .mp4 or .mkv") from error
        try:
            self._stream = video_stream.add(self._container, chosen, like, self.colour, (self.height, self.width),
                                            self.fps, self.time_base, constant_rate=self._constant_rate)
            if copy_from is not None:
                self._copier = StreamCopier(Path(copy_from), self._container, suffix, **self._carry)
                for line in self._copier.warnings:
                    self.warn(line)
            self._container.start_encoding()   # opens the encoder and writes the header: errors come now, not later
        except (FFmpegError, ValueError) as error:
            raise self._failure(error, f"{chosen.codec} {chosen.pix_fmt} {self.width}x{self.height}") from error

    def _write(self, frame: Frame) -> None:
        picture = pixels.from_rgb(frame.rgb, frame.alpha, self.pix_fmt, self.colour)
        picture.pts, picture.time_base = self._pts(frame), self.time_base
        if frame.duration and frame.time_base and not self._retime:
            picture.duration = round(frame.duration * frame.time_base / self.time_base)
        try:
            if self._copier:
                self._copier.copy_until(picture.pts * self.time_base)
            self._container.mux(self._stream.encode(picture))
        except (FFmpegError, ValueError) as error:
            raise self._failure(error, f"frame {self.written}") from error
        self._part.check()

    def _pts(self, frame: Frame) -> int:
        """The time of the frame in the encoder's time base: its own, or counted at the nominal rate."""
        timed = frame.pts is not None and frame.time_base is not None and not self._retime
        seconds = frame.pts * frame.time_base if timed else self.written / self.fps
        pts = math.floor(seconds / self.time_base + Fraction(1, 2))
        if self._constant_rate and pts * self.time_base != seconds:
            self.warn(f"{self.path.suffix} has one constant rate; timestamps are rounded to it (use .mp4 or .mkv)")
        if self._last_pts is not None and pts <= self._last_pts:
            self.warn("some timestamps of the input do not increase; those frames are moved by the smallest step")
            pts = self._last_pts + 1
        self._last_pts = pts
        return pts

    def _finish(self) -> None:
        if not self.written:
            raise OutputError(f"no frame was written to {self.path}; expected at least one", fix="check the input")
        self._close_container(copy_rest=True)
        self._part.commit()

    def _abandon(self) -> Path | None:
        if self.written:
            with contextlib.suppress(RefvrError, FFmpegError):
                self._close_container(copy_rest=False)
        self._drop()
        if self.written and self._plays(self._part.part):
            return self._part.keep()
        self._part.discard()
        return None

    def _close_container(self, *, copy_rest: bool) -> None:
        """Flush the encoder, copy the sound to its end (or to that of the last frame), write the index."""
        if self._container is None:
            return
        try:
            self._container.mux(self._stream.encode(None))
            if self._copier:
                self._copier.end(None if copy_rest else (self._last_pts + 1) * self.time_base)
                for line in self._copier.warnings:
                    self.warn(line)
            self._container.close()
        except (FFmpegError, ValueError) as error:
            raise self._failure(error, "the end of the file") from error
        self._part.check()
        self._release()

    def _drop(self) -> None:
        """Let go of a container that cannot be completed: its last words go nowhere."""
        self._part.close()
        if self._container is not None:
            with contextlib.suppress(RefvrError, FFmpegError, ValueError):
                self._container.close()
        self._release()

    def _release(self) -> None:
        if self._copier:
            self._copier.close()
        self._copier = self._container = None

    def _failure(self, error: Exception, what: str) -> OutputError:
        if self._part.error:
            return unwritable(self.path, self._part.error)
        return OutputError(f"cannot write {what} to {self.path}: {reason(error)}; expected an encoder that accepts it",
                           fix="choose another --codec, --pix-fmt or suffix")

    @staticmethod
    def _plays(path: Path) -> bool:
        """Whether at least one frame can be decoded: an MP4 that lost its index is of no use to anyone."""
        try:
            with open_alone(path) as container:
                return next(container.decode(video=0), None) is not None
        except (FFmpegError, IndexError, OSError):
            return False

"""Frames -> a video file, by PyAV, streaming: exact timestamps, colour marks, sound and subtitles copied.

Until the last frame there are only its parts (video_parts.py), so that nothing that was written is lost when the
process is killed. Then their packets are put into one file with sound and subtitles, nothing is encoded again, and the
file gets its final name. What is interrupted keeps the parts, to be continued, and makes `NAME.partial.SUFFIX` of them,
to be played.
"""
from __future__ import annotations

import contextlib
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from refvr.errors import OutputError, RefvrError
from refvr.media import clocks, encoders, ffmpeg, pixels, tags, video_stream
from refvr.media.atomic import PartFile, Quiet, unwritable
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Frame, Writer
from refvr.media.container import reason
from refvr.media.container_marks import ContainerMarks
from refvr.media.cut import Span
from refvr.media.part_folder import Job, PartFolder
from refvr.media.piece import Piece
from refvr.media.room import LOSSLESS, LOSSY, Need
from refvr.media.stream_copy import StreamCopier
from refvr.media.tracks import muxer_of
from refvr.media.video_join import join, use_header_of
from refvr.media.video_parts import VideoParts

MOST_PIXELS = 16384   # each way, for H.264, HEVC and AV1
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
                 audio: str = "copy", streams: str = "all", overwrite: bool = True, job: Job | None = None,
                 span: Span | None = None) -> None:
        super().__init__(path, height or like.height, width or like.width)
        chosen = encoders.plan(self.path, like, (self.height, self.width), codec, crf, pix_fmt)
        self.warnings += chosen.warnings
        self.held_frames = chosen.held_frames
        self._constant_rate = self.path.suffix.lower() in CONSTANT_RATE
        even = clocks.even_rate(like.fps, like.grid) if self._constant_rate else like.fps
        self.fps = Fraction(fps or even or DEFAULT_FPS)
        counted = fps or like.time_base is None or self._constant_rate
        self.time_base = 1 / self.fps if counted else like.time_base
        self.colour = video_stream.output_colour(like, chosen.pix_fmt, self.height)
        self.pix_fmt = chosen.pix_fmt
        self._retime = fps is not None
        self._marks = ContainerMarks(like, av.Codec(chosen.codec, "w").canonical_name,
                                     muxer_of(self.path.suffix.lower()), self.warn)
        self._carry, self._span = {"audio": audio, "wanted": streams}, span or Span()
        self._last_pts: int | None = None
        self._like, self._chosen, self._copy_from = like, chosen, copy_streams_from
        made = {"codec": chosen.codec, "pixel format": chosen.pix_fmt, "encoder options": chosen.options,
                "size": [self.width, self.height], "unit of time": str(self.time_base), "rate": str(self.fps)}
        self.part = PartFolder(self.path, like.source, overwrite=overwrite, job=job, made=made)
        self._parts: VideoParts | None = None
        self._joined = False   # whether it was tried
        try:
            self._begin()
        except BaseException:
            self.part.give_up()
            raise
        self.warnings += self.part.warnings

    def _begin(self) -> None:
        """Try the whole output with no frame in it; then open what takes frames, after those that are there already."""
        try:
            container, stream, copier = self._open(ffmpeg.Nowhere())
        except OutputError as error:
            if self._copy_from is None:
                raise
            self._carry["wanted"] = "none"   # each was tried alone; raises again where the encoder is at fault
            container, stream, copier = self._open(ffmpeg.Nowhere())
            self.warn(f"sound, subtitles and whatever else is beside the picture are left out: {self.path.suffix} does "
                      f"not take them together ({error.message})")
        try:
            self._parts = VideoParts(self.part, stream, container.format.name, self.time_base, self._blank)
        except (FFmpegError, ValueError) as error:
            raise self._failure(error, "a part file") from error
        finally:   # the encoder lives on
            if copier:
                copier.close()
            _close(container)
        self.written, self._last_pts = self._parts.count, self._parts.last_pts

    def _blank(self) -> av.VideoFrame:
        return pixels.from_rgb(np.zeros((self.height, self.width, 3), np.float32), None, self.pix_fmt, self.colour)

    def _open(self, sink: Any, header_of: Piece | None = None
              ) -> tuple[av.container.OutputContainer, av.video.stream.VideoStream, StreamCopier | None]:
        """A container in `sink` with all streams and its header: (container, video stream, copier of the others)."""
        suffix, copier = self.path.suffix.lower(), None
        name = muxer_of(suffix)
        try:
            # bitexact: no random identifiers and dates in the file, so that the same frames give the same bytes
            options = {"fflags": "+bitexact"} | tags.muxer_options(self._like.metadata, name)
            container = ffmpeg.open_output(sink, name, container_options=options)
        except (FFmpegError, ValueError) as error:
            raise OutputError(f"FFmpeg cannot write {suffix or 'this'} files ({reason(error)}); "
                              "expected a video suffix", fix="use .mp4 or .mkv") from error
        try:
            with self._marks.template(header_of and header_of.path) as template:
                stream = video_stream.add(container, self._chosen, self._like, self.colour, (self.height, self.width),
                                          self.fps, self.time_base, constant_rate=self._constant_rate,
                                          template=template)
            if self._copy_from is not None:
                copier = StreamCopier(Path(self._copy_from), container, suffix, begin=self._span.begin,
                                      **self._carry)
                for line in copier.warnings:
                    self.warn(line)
            if header_of:
                use_header_of(header_of, stream)
            container.start_encoding()   # opens the encoder and writes the header: errors come now, not later
        except BaseException as error:
            if copier:
                copier.close()
            _close(container)
            if isinstance(error, (FFmpegError, ValueError)) and not isinstance(error, RefvrError):
                what = f"{self._chosen.codec} {self._chosen.pix_fmt} {self.width}x{self.height}"
                raise self._failure(error, what) from error
            raise
        return container, stream, copier

    def _write(self, frame: Frame) -> None:
        picture = pixels.from_rgb(frame.rgb, frame.alpha, self.pix_fmt, self.colour)
        picture.pts, picture.time_base = self._pts(frame), self.time_base
        if frame.duration and frame.time_base and not self._retime:
            picture.duration = round(frame.duration * frame.time_base / self.time_base)
        try:
            self._parts.add(picture)
        except (FFmpegError, ValueError) as error:
            raise self._failure(error, f"frame {self.written}") from error

    def _pts(self, frame: Frame) -> int:
        """The time of the frame in the encoder's time base: its own, or counted at the nominal rate."""
        timed = frame.pts is not None and frame.time_base is not None and not self._retime
        seconds = frame.pts * frame.time_base if timed else self.written / self.fps
        pts = math.floor(seconds / self.time_base + Fraction(1, 2))
        if self._constant_rate and pts * self.time_base != seconds:
            self.warn(f"{self.path.suffix} has one constant rate; timestamps are rounded to it (use .mp4 or .mkv)")
        if self._last_pts is not None and pts <= self._last_pts:
            if not self._constant_rate:
                self.warn("some timestamps of the input do not increase; those frames are moved by the smallest step")
            pts = self._last_pts + 1
        self._last_pts = pts
        return pts

    def _need(self) -> Need:
        return LOSSLESS if self._chosen.codec in encoders.LOSSLESS else LOSSY

    def _sync(self) -> None:
        self._parts.sync()

    def _finish(self) -> None:
        if not self.written:
            raise OutputError(f"no frame was written to {self.path}; expected at least one", fix="check the input")
        self._complete()
        self._joined = True
        part = self.part.fresh("whole")
        try:
            self._join(part, copy_rest=True)
            part.commit()
        except BaseException:
            part.discard()
            raise
        self.part.finished()

    def _abandon(self) -> Path | None:
        """The frames so far, with sound up to there, under a name of their own; the part folder stays for --resume."""
        if not self.written:
            self._parts.drop()
            return self.part.leave(None)
        try:
            self._complete()
            if self._joined:   # what has just failed, or was stopped, is not tried again
                return self._longest_piece()
            part = self.part.fresh("whole")
            try:
                self._join(part, copy_rest=False)
                return self.part.keep(part)
            except BaseException:
                part.discard()
                raise
        except (RefvrError, FFmpegError, OSError):
            self._parts.drop()
            return self._longest_piece()
        finally:
            self._parts.drop()
            self.part.close()

    def _longest_piece(self) -> Path:
        """Where there is no room for a whole file, a piece can be played, without sound."""
        found = max((Piece(path) for path in self.part.names("frames-", self.path.suffix)),
                    key=lambda piece: len(piece.entries))
        self.playable = len(found.entries)
        return found.path

    def _complete(self) -> None:
        """Flush the encoder: all frames are in pieces then."""
        try:
            self._parts.complete()
        except (FFmpegError, ValueError) as error:
            raise self._failure(error, "the last frames") from error

    def _join(self, part: PartFile, *, copy_rest: bool) -> None:
        """Put all pieces and the sound (to its end, or to that of the last frame) into one file."""
        container = copier = None
        try:
            container, stream, copier = self._open(Quiet(part), self._parts.pieces[0])
            join(self._parts.pieces, container, stream, copier, self.time_base)
            if copier:
                copier.end(None if copy_rest and not self._span.ends else self._end())
                for line in copier.warnings:
                    self.warn(line)
            container.close()
            container = None
        except (FFmpegError, ValueError) as error:
            raise self._failure(error, "the whole file", part) from error
        finally:
            if container:   # its last words go nowhere
                part.close()
                _close(container)
            if copier:
                copier.close()
        part.check()
        self._marks.complete(part)

    def _end(self) -> Fraction:
        """When the last frame is over, by the rate; where work was interrupted, shortly after it begins."""
        return self._last_pts * self.time_base + (1 / self.fps if self._span.ends else self.time_base)

    def _failure(self, error: Exception, what: str, part: PartFile | None = None) -> OutputError:
        failed = (part and part.error) or (self._parts and self._parts.error)
        if failed:
            return unwritable(self.path, failed)
        if max(self.width, self.height) > MOST_PIXELS:
            return OutputError(f"{self._chosen.codec} cannot encode {self.width}x{self.height}; expected at most "
                               f"{MOST_PIXELS} pixels each way, as far as most encoders go",
                               fix="use --codec ffv1 with .mkv, or a folder of images")
        return OutputError(f"cannot write {what} to {self.path}: {reason(error)}; expected an encoder that accepts it",
                           fix="choose another --codec, --pix-fmt or suffix")


def _close(container: av.container.OutputContainer) -> None:
    with contextlib.suppress(RefvrError, FFmpegError, ValueError):
        container.close()

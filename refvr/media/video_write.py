"""Frames -> a video file, by PyAV, streaming: exact timestamps, colour marks, sound and subtitles copied.

Until the last frame there are only its parts (video_parts.py), so that nothing that was written is lost when the
process is killed. Then their packets are put into one file with sound and subtitles, nothing is encoded again, and the
file gets its final name. What is interrupted keeps the parts, to be continued, and makes `NAME.partial.SUFFIX` of them,
to be played.
"""
from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from refvr.errors import OutputError, RefvrError
from refvr.interrupt import interrupts_wait
from refvr.media import encoders, ffmpeg, tags
from refvr.media.atomic import PartFile, unwritable
from refvr.media.clip import ClipInfo, Frame
from refvr.media.container import reason
from refvr.media.container_marks import ContainerMarks
from refvr.media.cut import Span
from refvr.media.encoding import Encoding, close
from refvr.media.part_folder import Job, PartFolder
from refvr.media.piece import Piece
from refvr.media.piece_encoder import said
from refvr.media.quiet import Quiet
from refvr.media.room import LOSSLESS, LOSSY, Need
from refvr.media.stored_pieces import stored_pieces
from refvr.media.stream_copy import StreamCopier
from refvr.media.video_join import in_order, join, use_header_of
from refvr.media.video_parts import VideoParts
from refvr.media.writer import Writer


class VideoWriter(Writer):
    """Write a video like `like`, in another size if `width` and `height` say so; see `encoders.plan` for the defaults.

    copy_streams_from  video file whose sound, subtitles, covers, chapters and tags go along
    audio, streams     what becomes of them: see `streams.plan`
    fps                rate for frames without timestamps (default: that of `like`, else 25)
    encoding, says     how pictures become packets, and what is before the first: for whoever encodes pieces to `adopt`
    ends               numbers of frames with which a piece begins, that is, an encoder of its own; to be set
    Raises OutputError if the place or the combination of options cannot work, before any frame is read.
    """

    part: PartFolder
    encoding: Encoding

    def __init__(self, path: Path, like: ClipInfo, *, width: int | None = None, height: int | None = None,
                 codec: str | None = None, crf: float | None = None, pix_fmt: str | None = None,
                 fps: Fraction | None = None, copy_streams_from: str | Path | None = None,
                 audio: str = "copy", streams: str = "all", overwrite: bool = True, job: Job | None = None,
                 span: Span | None = None) -> None:
        super().__init__(path, height or like.height, width or like.width)
        self.encoding = Encoding(self.path, like, (self.height, self.width), codec=codec, crf=crf, pix_fmt=pix_fmt,
                                 fps=fps, warn=self.warn)
        self.held_frames = self.encoding.plan.held_frames
        self._marks = ContainerMarks(like, av.Codec(self.encoding.plan.codec, "w").canonical_name,
                                     self.encoding.format_name, self.warn)
        self._carry, self._span = {"audio": audio, "wanted": streams}, span or Span()
        self._like, self._copy_from = like, copy_streams_from
        self.part = PartFolder(self.path, like.source, overwrite=overwrite, job=job, made=self.encoding.about())
        self.ends: frozenset[int] = frozenset()
        self._joined = False   # whether it was tried
        try:
            self._parts = self._begin()
        except BaseException:
            self.part.give_up()
            raise
        self.written = self._parts.count
        self.warnings += self.part.warnings

    def _begin(self) -> VideoParts:
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
        self.says = said(stream)
        if copier:
            copier.close()
        close(container)
        try:
            return VideoParts(self.part, self.encoding, self.says)
        except (FFmpegError, ValueError) as error:
            raise self.encoding.failure(error, "a part file") from error

    def _open(self, sink: object, header_of: Piece | None = None
              ) -> tuple[av.container.OutputContainer, av.video.stream.VideoStream, StreamCopier | None]:
        """A container in `sink` with all streams and its header: (container, video stream, copier of the others)."""
        suffix, copier, name = self.path.suffix.lower(), None, self.encoding.format_name
        try:
            # bitexact: no random identifiers and dates in the file, so that the same frames give the same bytes
            options = {"fflags": "+bitexact"} | tags.muxer_options(self._like.metadata, name)
            container = ffmpeg.open_output(sink, name, container_options=options)
        except (FFmpegError, ValueError) as error:
            raise OutputError(f"FFmpeg cannot write {suffix or 'this'} files ({reason(error)}); "
                              "expected a video suffix", fix="use .mp4 or .mkv") from error
        try:
            with self._marks.template(header_of.path if header_of else None) as template:
                stream = self.encoding.add_stream(container, template)
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
            close(container)
            if isinstance(error, (FFmpegError, ValueError)) and not isinstance(error, RefvrError):
                what = f"{self.encoding.plan.codec} {self.encoding.plan.pix_fmt} {self.width}x{self.height}"
                raise self.encoding.failure(error, what) from error
            raise
        return container, stream, copier

    def _write(self, frame: Frame) -> None:
        try:
            if self.written in self.ends:
                self._parts.end_piece()
            self._parts.add(self.encoding.picture(frame, self.written, self._parts.last_pts))
        except (FFmpegError, ValueError) as error:
            raise self._failure(error, f"frame {self.written}") from error

    def adopt(self, piece: Path) -> None:
        """Take the next frames as a piece that lies in the part folder, whole (`piece_encoder.encode_piece`).

        Raises InputError where it is damaged, and OutputError.
        """
        with interrupts_wait():
            try:
                self.written += self._parts.adopt(piece)
            except RefvrError:
                raise
            except (FFmpegError, ValueError) as error:
                raise self._failure(error, "the last frames") from error
            except OSError as error:
                raise unwritable(self.path, error) from error
            self._sync_now_and_then()

    def _need(self) -> Need:
        return LOSSLESS if self.encoding.plan.codec in encoders.LOSSLESS else LOSSY

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
        self._adopt_finished()
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

    def _adopt_finished(self) -> None:
        """What workers have finished and goes on where this ends can be played, too."""
        with suppress(RefvrError, FFmpegError, OSError, ValueError):   # what is there is kept without it
            for start, _, path in stored_pieces(self.part.path):
                if start == self.written:
                    self.written += self._parts.adopt(path)

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
            join(self._parts.pieces, container, stream, copier, self.encoding.time_base)
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
                close(container)
            if copier:
                copier.close()
        part.check()
        self._marks.complete(part)

    def _end(self) -> Fraction:
        """When the last frame is over; where work was interrupted, shortly after it begins."""
        entries = (entry for entries in in_order([p.entries for p in self._parts.pieces]) for entry in entries)
        last, unit = max(entries, key=lambda entry: entry.pts), self.encoding.time_base
        return last.pts * unit + ((last.duration * unit or 1 / self.encoding.fps) if self._span.ends else unit)

    def _failure(self, error: Exception, what: str, part: PartFile | None = None) -> OutputError:
        failed = (part.error if part else None) or self._parts.error
        if failed:
            return unwritable(self.path, failed)
        return self.encoding.failure(error, what)

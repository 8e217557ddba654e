"""Frames -> one file of moving pictures as browsers show them: GIF, animated WebP, APNG; by FFmpeg, streaming.

    .gif    256 colours, chosen anew for every frame and dithered; alpha is on or off; times in hundredths of a second
    .webp   lossy, quality 95, alpha without loss; times in thousandths; the encoder holds all frames until the end
    .apng   every bit, up to 16 of them, alpha too; any times

They repeat for ever. Times are those of the frames.
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from refvr.errors import OutputError, RefvrError
from refvr.media import ffmpeg, pixels
from refvr.media.atomic import PartFile
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Colour, Frame
from refvr.media.container import reason
from refvr.media.quiet import Quiet
from refvr.media.writer import Writer


@dataclass(frozen=True)
class Kind:
    """One row: FFmpeg's names and options, pixel formats without and with alpha, the unit of time."""

    muxer: str
    codec: str
    formats: tuple[str, str]
    unit: Fraction
    options: dict[str, str]
    repeats: dict[str, str]


KINDS = {
    ".gif": Kind("gif", "gif", ("pal8", "pal8"), Fraction(1, 100), {}, {"loop": "0"}),
    ".webp": Kind("webp", "libwebp_anim", ("bgra", "bgra"), Fraction(1, 1000), {"quality": "95"}, {"loop": "0"}),
    ".apng": Kind("apng", "apng", ("rgb24", "rgba"), Fraction(1, 90_000), {}, {"plays": "0"}),
}


class MovingImageWriter(Writer):
    """Write a GIF, WebP or APNG (also one called .png). Raises OutputError before the first frame if it cannot."""

    held_frames = 14.0

    def __init__(self, path: Path, like: ClipInfo, *, kind: str, width: int | None = None, height: int | None = None,
                 fps: Fraction | None = None, overwrite: bool = True) -> None:
        super().__init__(path, height or like.height, width or like.width)
        self.kind, self._alpha = KINDS[kind], like.has_alpha
        self.fps, self._retime = Fraction(fps or like.fps or DEFAULT_FPS), fps is not None
        self.pix_fmt = self._format(like)
        self._last: int | None = None
        self._palette = _Palette(self.width, self.height, like.has_alpha) if self.kind.codec == "gif" else None
        self._part = PartFile(self.path, like.source, overwrite=overwrite)
        try:
            self._container = self._opened()
        except BaseException:
            self._part.discard()
            raise
        self._open = True
        try:
            self._stream = self._begin()
        except BaseException:
            self._drop()
            self._part.discard()
            raise

    def _format(self, like: ClipInfo) -> str:
        name = self.kind.formats[like.has_alpha]
        if like.bit_depth > 8 and self.kind.codec == "apng":
            return "rgba64be" if like.has_alpha else "rgb48be"
        if like.bit_depth > 8:
            self.warnings.append(f"{self.path.suffix} holds 8 bits; the {like.bit_depth} bits of the input are rounded")
        return name

    def _opened(self) -> av.container.OutputContainer:
        try:
            return ffmpeg.open_output(Quiet(self._part), self.kind.muxer, options=self.kind.repeats,
                                      container_options={"fflags": "+bitexact"} | self.kind.repeats)
        except (FFmpegError, ValueError) as error:
            raise self._failure(error) from error

    def _begin(self) -> av.VideoStream:
        try:
            stream = ffmpeg.new_stream(self._container, av.VideoStream, self.kind.codec, self.fps, self.kind.options)
            context = stream.codec_context
            context.width, context.height, context.pix_fmt = self.width, self.height, self.pix_fmt
            context.time_base = stream.time_base = self.kind.unit
            self._container.start_encoding()
            return stream
        except (FFmpegError, ValueError) as error:
            raise self._failure(error) from error

    def _write(self, frame: Frame) -> None:
        form = "rgba" if self._palette else self.pix_fmt
        picture = pixels.from_rgb(frame.rgb, frame.alpha, form, Colour())
        pts, duration = self._time(frame)
        picture.pts, picture.time_base, picture.duration = pts, self.kind.unit, duration
        self._put(self._palette.reduced(picture) if self._palette else [picture])

    def _time(self, frame: Frame) -> tuple[int, int]:
        """Start and duration in units of the format."""
        base, start = frame.time_base, None if self._retime else frame.seconds
        lasts = frame.duration * base if start is not None and base is not None and frame.duration else 1 / self.fps
        start = self.written / self.fps if start is None else start
        pts = round(start / self.kind.unit)
        if self.kind.codec == "gif" and (pts * self.kind.unit != start or 1 / self.fps < 2 * self.kind.unit):
            self.warn(".gif has times in hundredths of a second; those of this clip are rounded to them")
        if self._last is not None and pts <= self._last:
            self.warn("some frames are nearer to each other than the format can say; they are moved by the least step")
            pts = self._last + 1
        self._last = pts
        return pts, max(1, round((start + lasts) / self.kind.unit) - pts)

    def _put(self, pictures: Iterable[av.VideoFrame | None]) -> None:
        try:
            for picture in pictures:
                self._container.mux(self._stream.encode(picture))
        except (FFmpegError, ValueError) as error:
            raise self._failure(error) from error
        self._part.check()

    def _finish(self) -> None:
        if not self.written:
            raise OutputError(f"no frame was written to {self.path}; expected at least one", fix="check the input")
        self._close_container()
        self._part.commit()

    def _close_container(self) -> None:
        self._put([*(self._palette.rest() if self._palette else []), None])
        try:
            self._container.close()
        except (FFmpegError, ValueError) as error:
            raise self._failure(error) from error
        self._open = False
        if self._alpha and self.kind.muxer == "webp":
            self._mark_alpha()
        self._part.check()

    def _mark_alpha(self) -> None:
        """Set the mark of the header. libwebp leaves it out where every frame, cut to what can be seen, is opaque."""
        file = self._part.file
        file.seek(0)
        head = file.read(21)
        if head[12:16] == b"VP8X":
            self._part.seek(20)
            self._part.write(bytes([head[20] | 0x10]))

    def _abandon(self) -> Path | None:
        whole = False
        if self.written:
            with contextlib.suppress(RefvrError, FFmpegError):
                self._close_container()
                whole = True
        self._drop()
        if whole:
            return self._part.keep()
        self._part.discard()
        return None

    def _drop(self) -> None:
        self._part.close()
        if self._open:
            with contextlib.suppress(RefvrError, FFmpegError, ValueError):
                self._container.close()
        self._open = False

    def _failure(self, error: Exception) -> OutputError:
        self._part.check()
        return OutputError(f"cannot write {self.path}: {reason(error)}; {self.width}x{self.height} pixels "
                           f"should fit into {self.kind.muxer.upper()}", fix="choose .mp4 or a folder of images")


class _Palette:
    """RGBA frames -> frames of 256 colours of their own, by FFmpeg's palettegen and paletteuse."""

    def __init__(self, width: int, height: int, alpha: bool) -> None:
        graph = av.filter.Graph()
        self._source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgba"),
                                        time_base=Fraction(1, 100))
        twice = graph.add("split")
        chosen = graph.add("palettegen", f"stats_mode=single:reserve_transparent={int(alpha)}")
        used = graph.add("paletteuse", "new=1")
        sink = graph.add("buffersink")
        for a, out, b, into in ((self._source, 0, twice, 0), (twice, 0, chosen, 0), (twice, 1, used, 0),
                                (chosen, 0, used, 1), (used, 0, sink, 0)):
            a.link_to(b, out, into)
        graph.configure()
        self._graph = graph

    def reduced(self, picture: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """What is ready after one more frame."""
        self._source.push(picture)
        return self._ready()

    def rest(self) -> Iterator[av.VideoFrame]:
        """What is left after the last frame."""
        self._source.push(None)
        return self._ready()

    def _ready(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                yield self._graph.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return

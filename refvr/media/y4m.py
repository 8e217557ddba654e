"""YUV4MPEG2 streams, raw video with a one-line header, as used between programs:

    ffmpeg -i in.mp4 -f yuv4mpegpipe - | refvr restore - - | ffplay -

Own reader and writer, since the format is two lines of text and planes, and since PyAV waits for five frames before it
yields one and does not notice a frame that is cut off.

Header: `YUV4MPEG2 W<width> H<height> F<rate> A<pixel aspect> C<chroma> XCOLORRANGE=<FULL|LIMITED> ...`, then per frame
a line `FRAME` and planes y, cb, cr; samples of more than 8 bits are 16-bit little endian. The format has no colour
matrix (BT.709 from 720 lines on, otherwise BT.601 is assumed) and one constant frame rate.
Source: mjpegtools, yuv4mpeg(5).
"""
from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

from refvr.errors import InputError, OutputError, printable
from refvr.media import colour as colours
from refvr.media.append_file import AppendFile
from refvr.media.atomic import unwritable
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Colour, Frame
from refvr.media.clip import Reader as BaseReader
from refvr.media.encoders import more_chroma
from refvr.media.part_folder import Job, PartFolder
from refvr.media.pipes import is_pipe, open_pipe, read_pipe, to_pipe
from refvr.media.room import Need
from refvr.media.writer import Writer

# chroma name -> columns and rows per chroma sample; depth and siting are in the rest of the tag
CHROMA = {"420": (2, 2), "422": (2, 1), "444": (1, 1), "411": (4, 1), "mono": (0, 0)}
CHROMA_TAG = re.compile(r"(420|422|444|411|mono)(jpeg|mpeg2|paldv|)(?:p?(9|10|12|14|16))?")
MAX_SIDE = 1 << 15   # a damaged header must not ask for all memory
PIECE = 1 << 24      # bytes that are asked for at once: Python makes room for all of them before it reads
SIDE, RATIO = re.compile("[1-9][0-9]{0,5}"), re.compile("([1-9][0-9]{0,8}):([1-9][0-9]{0,8})")
SLOWEST, FASTEST = Fraction(1, 1000), 100_000   # frames a second that are believed


class Y4mReader(BaseReader):
    """Read a y4m file, or standard input (`path` "-"), frame by frame as they come."""

    def __init__(self, path: Path | str) -> None:
        super().__init__()
        self.path = str(path)
        try:
            self._file: BinaryIO = _stdin() if self.path == "-" else read_pipe(Path(path)) if is_pipe(path) else \
                open(path, "rb")   # noqa: SIM115
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}); expected a readable y4m file",
                             fix="check its permissions") from error
        try:
            self.info = self._parse(self._file.readline(512))
            if self.path != "-" and not is_pipe(path):
                self.info = replace(self.info, duration_s=self._seconds())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.path != "-":
            self._file.close()

    def _parse(self, line: bytes) -> ClipInfo:
        name = "standard input" if self.path == "-" else self.path
        if not line:
            raise InputError(f"{name} is empty (0 bytes); expected a YUV4MPEG2 stream",
                             fix="check the program that writes it")
        if not line.startswith(b"YUV4MPEG2 "):
            raise InputError(f"{name} begins with {line[:12]!r}; expected a YUV4MPEG2 stream",
                             fix="make one with: ffmpeg -i CLIP -f yuv4mpegpipe -strict -1 -")
        tags = {tag[0]: tag[1:] for tag in line.decode("latin-1").split()[1:] if tag[0] != "X"}
        width, height = (int(tags[k]) if SIDE.fullmatch(tags.get(k, "")) else 0 for k in "WH")
        chroma = CHROMA_TAG.fullmatch(tags.get("C", "420jpeg"))
        if chroma is None or not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
            raise InputError(f"{name} has the y4m header {line.decode('latin-1').strip()!r}; expected W and H up to "
                             f"{MAX_SIDE} and chroma 420, 422, 444, 411 or mono", fix="convert it with ffmpeg first")
        self._step = CHROMA[chroma[1]]
        self._bits = int(chroma[3] or 8)
        rate = RATIO.fullmatch(tags.get("F", ""))
        fps = Fraction(int(rate[1]), int(rate[2])) if rate else DEFAULT_FPS
        if tags.get("F", "0:0") != "0:0" and (rate is None or not SLOWEST <= fps <= FASTEST):
            fps = DEFAULT_FPS
            self.warnings.append(f"the rate F{printable(tags['F'][:40])} of {name} is none; {DEFAULT_FPS} is taken")
        full = b"XCOLORRANGE=FULL" in line
        # 420jpeg, the default, has its chroma in the centre of each square
        siting = "centre" if chroma[1] == "420" and chroma[2] in ("jpeg", "") and self._bits == 8 else "left"
        self._colour = Colour(colours.matrix_for(colours.UNSPECIFIED_CODE, height), full, siting)
        if tags.get("I", "p") not in ("p", "?"):
            self.warnings.append("the video is interlaced and is treated as progressive; deinterlace it first")
        aspect = RATIO.fullmatch(tags.get("A", ""))
        pixel = Fraction(int(aspect[1]), int(aspect[2])) if aspect else None
        return ClipInfo(width, height, fps=fps, pixel_aspect=None if pixel == 1 else pixel, bit_depth=self._bits,
                        kind="y4m", grey=chroma[1] == "mono", colour=self._colour, source=self.path, time_base=1 / fps,
                        pix_fmt=_format_name(chroma[1], self._bits), codec="rawvideo")

    def _planes(self) -> tuple[list[tuple[int, int]], np.dtype, int]:
        """Shapes of a frame's planes, the type of their samples, and its bytes."""
        shapes = [(self.info.height, self.info.width)]
        if not self.info.grey:
            sx, sy = self._step
            shapes += [(-(-self.info.height // sy), -(-self.info.width // sx))] * 2
        dtype = np.dtype(np.uint8 if self._bits == 8 else "<u2")
        return shapes, dtype, sum(h * w for h, w in shapes) * dtype.itemsize

    def _seconds(self) -> float:
        """Of a file, from its bytes: every frame has a line of six, or of more where it has parameters."""
        frame = self._planes()[2] + len(b"FRAME\n")
        rest = os.fstat(self._file.fileno()).st_size - self._file.tell()
        return rest // frame / float(self.info.fps or DEFAULT_FPS)

    def _frames(self) -> Iterator[Frame]:
        shapes, dtype, size = self._planes()
        while line := self._file.readline(512):
            data = self._read(size) if line.startswith(b"FRAME") else b""
            if len(data) < size:
                why = "cut off" if line.startswith(b"FRAME") else f"begins with {line[:8]!r} instead of FRAME"
                self.truncated = f"{self.decoded} frames were read; the next one is {why}"
                break
            samples = np.frombuffer(data, dtype)
            ends = np.cumsum([h * w for h, w in shapes])[:-1]
            parts = [p.reshape(shape) for p, shape in zip(np.split(samples, ends), shapes)]
            yield Frame(self._rgb(parts), self.decoded, self.info.time_base, duration=1)
        if not self.decoded and not self.truncated:
            raise InputError("the y4m stream ends after its header; expected at least one frame",
                             fix="check the program that writes it")

    def _read(self, size: int) -> bytes:
        """`size` bytes, or what is left."""
        pieces = []
        while size and (piece := self._file.read(min(size, PIECE))):
            pieces.append(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _rgb(self, parts: list[np.ndarray]) -> np.ndarray:
        if self.info.grey:
            y = colours.decode_luma(parts[0], self._colour.full_range, self._bits)
            return np.repeat(y[..., None], 3, axis=2)
        return colours.planes_to_rgb(parts, self._colour, self._bits)


class Y4mWriter(Writer):
    """Write a y4m file, or standard output (`path` "-"): 4:2:0, or 4:4:4 for odd sizes; 10 bits if the input has more
    than 8; the range of the input, the matrix that its height stands for.
    """

    held_frames = 3.0

    def __init__(self, path: Path | str, like: ClipInfo, *, width: int | None = None, height: int | None = None,
                 fps: Fraction | None = None, overwrite: bool = True, job: Job | None = None) -> None:
        super().__init__(path, height or like.height, width or like.width)
        self.fps = Fraction(fps or like.fps or DEFAULT_FPS)
        self.bits = 8 if like.bit_depth <= 8 else 10
        matrix = colours.matrix_for(colours.UNSPECIFIED_CODE, self.height)   # what every reader has to assume
        full = bool(like.colour and like.colour.full_range and not like.grey)
        self.colour = Colour(matrix, full, "left")
        even = self.height % 2 == 0 and self.width % 2 == 0
        self._chroma = (self.height // 2, self.width // 2) if even else (self.height, self.width)
        if even and more_chroma(like):
            self.warnings.append(f"the chroma of {like.pix_fmt} is halved for 4:2:0 (.mkv can keep it)")
        if like.has_alpha:
            self.warnings.append("y4m has no alpha channel; transparency is left out")
        same = self.width * like.height == self.height * like.width
        self._aspect = (like.pixel_aspect if same else None) or Fraction(1)
        self._start: Fraction | None = None
        self._lasts = Fraction(0)   # the newest frame, in seconds, where it says so
        header = self._header(even).encode()
        self._part: AppendFile | None = None
        if to_pipe(path):
            self._pipe: BinaryIO = _stdout() if str(path) == "-" else open_pipe(self.path)
            self._put(header)
            return
        made = {"y4m": header.decode().strip()}
        self.part = PartFolder(self.path, like.source, overwrite=overwrite, job=job, made=made)
        self.warnings += self.part.warnings
        self._part = AppendFile.resumed(self.part.file("frames.y4m"), self.path, header)
        self.written = len(self._part.entries)

    def _header(self, even: bool) -> str:
        name = ("420mpeg2" if even else "444") if self.bits == 8 else ("420p10" if even else "444p10")
        return (f"YUV4MPEG2 W{self.width} H{self.height} F{self.fps.numerator}:{self.fps.denominator} Ip "
                f"A{self._aspect.numerator}:{self._aspect.denominator} C{name} "
                f"XCOLORRANGE={'FULL' if self.colour.full_range else 'LIMITED'}\n")

    def _write(self, frame: Frame) -> None:
        if frame.seconds is not None and self._uneven(frame.seconds):
            self.warn("y4m has one constant rate; the timestamps of this clip do not fit it")
        self._lasts = Fraction(frame.duration or 0) * (frame.time_base or 0)
        parts = colours.rgb_to_planes(frame.rgb, self._chroma, self.colour, self.bits)
        data = b"FRAME\n" + b"".join(p.astype(p.dtype.newbyteorder("<")).tobytes() for p in parts)
        self._put(data)

    def _uneven(self, time: Fraction) -> bool:
        """Whether a frame is more than a whole step away from its place at the constant rate."""
        self._start = time - self.written / self.fps if self._start is None else self._start
        return abs((time - self._start) * self.fps - self.written) >= 1

    def _put(self, data: bytes) -> None:
        if self._part:
            self._part.write(data)
            self._part.mark()
            return
        try:
            self._pipe.write(data)
            self._pipe.flush()   # the next program waits for whole frames
        except OSError as error:
            raise unwritable("standard output" if str(self.path) == "-" else self.path, error) from error

    def _need(self) -> Need | None:
        each = (1 + 2 * self._chroma[0] * self._chroma[1] / (self.height * self.width)) * (1 if self.bits == 8 else 2)
        return Need(each, each) if self._part else None

    def _sync(self) -> None:
        if self._part:
            self._part.sync()

    def _finish(self) -> None:
        if round(self._lasts * self.fps) > 1:
            self.warn(f"y4m has one constant rate; the last frame is shown for {float(1 / self.fps):.3g} s in place of "
                      f"{float(self._lasts):.3g} s (use .mp4 or .mkv)")
        if self._part and self.part:
            self._part.commit()
            self.part.finished()
        elif str(self.path) != "-":
            self._pipe.close()

    def _abandon(self) -> Path | None:
        """Of a pipe nothing can be kept."""
        if self._part is None or self.part is None:
            return None
        self._part.abandon()
        return self.part.leave(self.part.file("frames.y4m") if self.written else None)


def _format_name(chroma: str, bits: int) -> str:
    """FFmpeg's name of the samples, as readers of videos say it."""
    return ("gray" if chroma == "mono" else f"yuv{chroma}p") + ("" if bits == 8 else f"{bits}le")


def _stdin() -> BinaryIO:
    if sys.stdin is None or sys.stdin.closed:
        raise InputError("standard input is closed; expected a y4m stream", fix="pipe one in, or name a file")
    return sys.stdin.buffer


def _stdout() -> BinaryIO:
    """Standard output for binary data; what else the program prints there would damage the stream."""
    if sys.stdout is None or sys.stdout.closed:
        raise OutputError("standard output is closed; expected a pipe or a file for y4m", fix="add > out.y4m")
    if sys.stdout.isatty():
        raise OutputError("standard output is a terminal; expected a pipe or a file for y4m",
                          fix="add | ffplay - or > out.y4m")
    return sys.stdout.buffer

"""A part of a clip: from a frame or time on, for so many frames or so long. Its times begin at 0.

Frames before it are decoded and passed over, so that the part is the same whatever the container knows of its frames.
"""
from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from refvr.errors import InputError
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Frame, Reader

Place = int | str | float | Fraction
_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)s?")


@dataclass
class Span:
    """Where a part lies in its clip, for what goes along with the picture; known when its frames have been read.

    begin  seconds on the clock of the clip
    ends   whether there is more of the clip after it
    first  number of its first frame in the clip
    """

    begin: Fraction = Fraction(0)
    ends: bool = False
    first: int = 0


def place(given: Place, name: str) -> int | Fraction:
    """A number of frames, or seconds: 250 are frames, "10s", "9.5s", "1:05", "1:00:05.2", 9.5 are times. InputError."""
    text = str(given)
    if isinstance(given, int) and not isinstance(given, bool) or text.isdecimal():
        if int(given) >= 0:
            return int(given)
    elif isinstance(given, (float, Fraction)) and 0 <= given < math.inf:
        return Fraction(given).limit_denominator(10**6)
    elif isinstance(given, str) and (":" in text or text.endswith("s")) and (clock := _CLOCK.fullmatch(text)):
        hours, minutes, seconds = (Fraction(part or 0) for part in clock.groups())
        if ":" in text and seconds >= 60 or clock[1] and minutes >= 60:
            raise InputError(f"{name}: got {given!r}, expected less than 60 after a colon, as in 1:05 or 1:00:05.2",
                             fix="seconds alone are written 99s")
        return 3600 * hours + 60 * minutes + seconds
    raise InputError(f"{name}: got {given!r}, expected frames such as 250, or a time such as 10s, 9.5s or 1:05",
                     fix="a time has an s or a colon")


def cut(reader: Reader, start: Place | None, frames: Place | None) -> Reader:
    """The part of a clip from `start` on with `frames` (`place` says how both are written); None: all of it.

    Raises InputError for places that mean nothing, at once or when the clip ends before them.
    """
    if start is None and frames is None:
        return reader
    try:
        return Cut(reader, place(start or 0, "start"), None if frames is None else place(frames, "frames"))
    except BaseException:
        reader.close()
        raise


class Cut(Reader):
    """Reads a part of another reader's frames: what `cut` returns."""

    span: Span

    def __init__(self, reader: Reader, start: int | Fraction, frames: int | Fraction | None) -> None:
        super().__init__()
        if frames is not None and not frames > 0:
            raise InputError(f"frames: got {frames}, expected at least 1", fix="leave it out for all of them")
        self._reader, self.warnings, self.span, self.info = reader, reader.warnings, Span(), reader.info
        info, self._fps = reader.info, reader.info.fps or DEFAULT_FPS
        if info.time_base is None:   # without times of their own frames are counted
            start, frames = self._counted(start), None if frames is None else self._counted(frames)
        self._start, self._count = start, frames
        if isinstance(start, int) and info.frames is not None and start >= info.frames:
            raise self._beyond(f"{info.frames} frames")
        self.info = replace(info, frames=self._expected(info), duration_s=self._seconds(info))

    def close(self) -> None:
        """Close the clip."""
        self._reader.close()

    def _counted(self, at: int | Fraction) -> int:
        """A place or a length in frames."""
        return math.ceil(at * self._fps) if isinstance(at, Fraction) else at

    def _expected(self, info: ClipInfo) -> int | None:
        if self._count == 1:
            return 1
        if info.frames is None or isinstance(self._start, Fraction) or isinstance(self._count, Fraction):
            return None
        rest = info.frames - self._start
        return rest if self._count is None else min(rest, self._count)

    def _seconds(self, info: ClipInfo) -> float | None:
        """How long the part is, for the display of progress."""
        start, count = (float(at if isinstance(at, Fraction) else (at or 0) / self._fps)
                        for at in (self._start, self._count))
        rest = None if info.duration_s is None else max(0.0, info.duration_s - start)
        return rest if self._count is None else count if rest is None else min(count, rest)

    def _frames(self) -> Iterator[Frame]:
        if isinstance(self._start, int):
            self._reader.skip = self._start
        given, first, since = 0, None, Fraction(0)
        for frame in self._reader:
            time = self._time(frame)
            if isinstance(self._start, Fraction) and time < self._start:
                continue
            if first is None:
                first, self.span.begin, self.span.first = frame, time, self._reader.decoded - 1
            since = time - (self._start if isinstance(self._start, Fraction) else self.span.begin)
            if self._count is not None and (given if isinstance(self._count, int) else since) >= self._count:
                self.span.ends = True
                return
            given += 1
            yield frame if frame.pts is None or first.pts is None else replace(frame, pts=frame.pts - first.pts)
        self.truncated = self._reader.truncated
        if not given:
            raise self._beyond(f"{self._reader.decoded} frames")
        if not self.truncated:   # which is said anyway
            self._say_fewer(given, since)

    def _say_fewer(self, given: int, since: Fraction) -> None:
        """A warning where the clip has less than what was asked for; its last frame began after `since` seconds."""
        if self._count is None:
            return
        if isinstance(self._count, int):
            fewer, asked = given < self._count, f"{self._count} frame{'s' * (self._count != 1)}"
        else:   # the last one is shown for about a frame, or two
            fewer, asked = since + 2 / Fraction(self._fps) < self._count, f"{float(self._count):g} s"
        if fewer:
            self.warnings.append(f"{asked} were asked for, but {self.info.source or 'the clip'} ended after {given} "
                                 f"frame{'s' * (given != 1)}{' from there on' * bool(self._start)}")

    def _time(self, frame: Frame) -> Fraction:
        counted = (self._reader.decoded - 1) / Fraction(self._fps)
        return counted if frame.seconds is None else frame.seconds

    def _beyond(self, length: str) -> InputError:
        where = f"{float(self._start):g} s" if isinstance(self._start, Fraction) else f"frame {self._start}"
        return InputError(f"start: got {where}, but {self.info.source or 'the clip'} ends after {length}; expected a "
                          "place inside of it", fix="frames are counted from 0")

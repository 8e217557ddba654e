"""What every reader yields and every writer takes: `Frame`, `ClipInfo`, and the two base classes.

A `Reader` is iterated once, front to back, and holds a few frames at most, whatever the length of the clip.
A `Writer` is a context manager: leaving it normally completes the file under its final name, leaving it through an
exception (Ctrl-C too) keeps the finished frames under another name and tells it in `partial`.
"""
from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from refvr.errors import InputError, OutputError, ShapeError
from refvr.interrupt import interrupts_wait
from refvr.media import room
from refvr.media.image_tags import ImageTags
from refvr.media.marks import Mastering
from refvr.media.part_folder import PartFolder
from refvr.media.views import Views

SYNC_EVERY_S = 5.0
NO_PICTURE = np.empty((0, 0, 3), np.float32)
DEFAULT_FPS = Fraction(25)   # for what has no time of its own: folders of images, arrays


@dataclass(frozen=True)
class Colour:
    """How the samples of a video stream stand for RGB (ITU-T H.273). Images and arrays are plain RGB: all defaults.

    matrix      a name of `colour.MATRICES`
    full_range  luma 0..255 instead of 16..235 (8 bit)
    siting      horizontal place of subsampled chroma: "left" (MPEG-2, H.264) or "centre" (JPEG)
    primaries, transfer  code points, only carried from input to output; 2 means unspecified
    """

    matrix: str = "bt709"
    full_range: bool = False
    siting: str = "left"
    primaries: int = 2
    transfer: int = 2


@dataclass(frozen=True)
class ClipInfo:
    """What is known about a clip before its frames are read.

    frames     exact number of frames according to the container; None where only reading tells
    fps        mean rate; the timestamps of the frames are what counts
    grid       a rate of which all times of a video are multiples, where FFmpeg finds one
    bit_depth  8, 10, 12 or 16 for integers, 32 for floating point
    kind       "video", "y4m", "images", "image", "npy", "h5" or "made" (not from a file)
    colour     None for everything that is RGB already
    profile    name of the colour profile of images, where it has one
    streams    one line for each further stream of the file (sound, subtitles)
    mastering  the screen that an HDR picture was graded on, where the file says so
    views      how the frame is spread over a sphere and two eyes, if it is
    """

    width: int
    height: int
    frames: int | None = None
    fps: Fraction | None = None
    bit_depth: int = 8
    kind: str = "made"
    has_alpha: bool = False
    grey: bool = False
    colour: Colour | None = None
    source: str | None = None
    time_base: Fraction | None = None
    duration_s: float | None = None
    pixel_aspect: Fraction | None = None
    pix_fmt: str | None = None
    codec: str | None = None
    profile: str | None = None
    streams: tuple[str, ...] = ()
    mastering: Mastering | None = None
    views: Views | None = None
    grid: Fraction | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def frames_hint(self) -> int | None:
        """The number of frames, estimated from the duration where the container does not count them (for progress)."""
        if self.frames is None and self.duration_s and self.fps:
            return max(1, round(self.duration_s * self.fps))
        return self.frames


@dataclass
class Frame:
    """One picture.

    rgb        (h, w, 3) float32, nominally in [0, 1]
    pts        presentation time in units of `time_base`; None where the source has no time
    alpha      (h, w) float32 in [0, 1], straight (not premultiplied), or None
    name       stem of the image file it came from
    duration   in units of `time_base`, if the source tells
    tags       what an image file says beside its samples, or None
    beyond     (h, w, 3) float32: what of linear light lies outside of [0, 1] and passes by (linear.py), or None
    """

    rgb: np.ndarray
    pts: int | None = None
    time_base: Fraction | None = None
    alpha: np.ndarray | None = None
    name: str | None = None
    duration: int | None = None
    tags: ImageTags | None = None
    beyond: np.ndarray | None = None

    @property
    def seconds(self) -> Fraction | None:
        """When it is shown; None where the source has no time."""
        return None if self.pts is None or self.time_base is None else self.pts * self.time_base


class Reader:
    """A clip that is read once, front to back. Use it as a context manager.

    info       ClipInfo
    warnings   what was noticed, one line each
    decoded    frames yielded so far
    skip       how many frames at the beginning are passed over, set before iteration; they are decoded, and counted
    truncated  after iteration: None, or one line saying that and where the input ended early;
               the frames yielded before are good
    """

    info: ClipInfo
    span: Any = None   # of a part of a clip: cut.Span

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.truncated: str | None = None
        self.decoded = self.skip = 0
        self._started = False

    def __iter__(self) -> Iterator[Frame]:
        if self._started:
            raise InputError(f"{self.info.source or 'this clip'} was read already; a reader goes through its clip "
                             "once", fix="open it again with open_reader")
        self._started = True
        for frame in self._frames():
            self.decoded += 1
            if self.decoded > self.skip:
                yield frame

    def _frames(self) -> Iterator[Frame]:
        raise NotImplementedError

    def _passed(self) -> bool:
        """Whether the next frame is passed over, so that its picture need not be made: `NO_PICTURE` will do."""
        return self.decoded < self.skip

    def close(self) -> None:
        """Release the file. Called on leaving the `with` block."""

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Writer:
    """A clip being written. Use it as a context manager.

    path       the final name
    written    frames written so far
    warnings   what was changed or left out, one line each
    held_frames  frames of float32 that writing takes at most beside the one that is written (measured);
    held_between  those of them that it still has when that is done
    partial    where the finished frames were kept after an interruption, or None
    part       the part folder while the output is not complete; None for what goes to a pipe
    playable   how many of them can be looked at there; all `written` ones, or fewer where there was no room
    keeps_beyond  whether it writes what lies outside of [0, 1] in linear light (`Frame.beyond`)
    encoding     of a video: how pieces of it are encoded elsewhere, for `adopt`; None: it takes frames alone
    """

    keeps_beyond = False
    encoding: Any = None
    ends: frozenset[int] = frozenset()   # frames that begin pieces, where `encoding` is there
    held_frames = 1.0

    @property
    def held_between(self) -> float:
        """Of `held_frames` those held between two frames; where it was not measured, all."""
        return self.held_frames

    def __init__(self, path: Path | str, height: int, width: int) -> None:
        self.path = Path(path)
        self.height, self.width = height, width
        self.written = 0
        self.warnings: list[str] = []
        self.partial: Path | None = None
        self.part: PartFolder | None = None
        self.playable = 0
        self._closed = False
        self._synced = time.monotonic()

    def adopt(self, piece: Path) -> None:
        """Take the next frames as a piece that was encoded elsewhere; where `encoding` is there."""
        raise NotImplementedError(type(self).__name__)

    def write(self, frame: Frame) -> None:
        """Append one frame. Raises ShapeError for another size and OutputError for NaN, infinity or a failed write."""
        if self._closed:
            raise OutputError(f"got a frame after {self.path.name} was closed; expected none any more",
                              fix="write it before")
        if frame.rgb.shape != (self.height, self.width, 3):
            raise ShapeError(f"frame {self.written} for {self.path.name}: got shape {frame.rgb.shape}, "
                             f"expected ({self.height}, {self.width}, 3)")
        if frame.alpha is not None and frame.alpha.shape != (self.height, self.width):
            raise ShapeError(f"alpha of frame {self.written} for {self.path.name}: got shape {frame.alpha.shape}, "
                             f"expected ({self.height}, {self.width})", fix="resize it too, or leave it out")
        bad = frame.rgb.size - int(np.isfinite(frame.rgb).sum())
        if bad:
            raise OutputError(f"frame {self.written} for {self.path.name} has {bad} values that are NaN or infinite; "
                              "expected finite RGB", fix="check the weights and the input")
        if frame.beyond is not None and not self.keeps_beyond:
            self.warn(f"light outside of [0, 1] is cut off in {self.path.name}; .exr keeps it")
        with interrupts_wait():
            self._write(frame)
            self.written += 1
            self._sync_now_and_then()

    def _sync_now_and_then(self) -> None:
        if time.monotonic() - self._synced > SYNC_EVERY_S:
            self.sync()

    def expect(self, frames: int) -> None:
        """So many frames will have been written in the end: is there room? Raises OutputError where there is none."""
        need, rest = self._need(), max(0, frames - self.written)
        folder = Path(os.path.abspath(self.path)).parent
        line = need and room.check(folder, need, rest * self.height * self.width)
        if line:
            self.warn(line)

    def _need(self) -> room.Need | None:
        """What a pixel takes on the disk; None for what goes to a pipe."""
        return None

    def sync(self) -> None:
        """Bring all frames to the disk: lost power does not lose them. Happens by itself every few seconds."""
        with interrupts_wait():
            self._sync()
            self._synced = time.monotonic()

    def _sync(self) -> None:
        """What `sync` does for this format: nothing where writing reaches the disk at once, or a pipe."""

    def _write(self, frame: Frame) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        """Complete the output under its final name."""
        raise NotImplementedError

    def _abandon(self) -> Path | None:
        """Keep what can be kept; return where, or None when there is nothing."""
        raise NotImplementedError

    def close(self) -> None:
        """Complete the output; afterwards it exists under its final name. Same as leaving the `with` block."""
        if self._closed:
            return
        with interrupts_wait():
            try:
                self._finish()
            except BaseException:
                self._keep()
                raise
            self._closed = True

    def _keep(self) -> None:
        self._closed = True
        with interrupts_wait():
            self.partial = self._abandon()
            self.playable = self.playable or (self.written if self.partial else 0)

    def warn(self, line: str) -> None:
        """Note something once."""
        if line not in self.warnings:
            self.warnings.append(line)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        elif not self._closed:
            self._keep()

"""What every reader yields and every writer takes: `Frame`, `ClipInfo`, and the base class of readers.

A `Reader` is iterated once, front to back, and holds a few frames at most, whatever the length of the clip.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from refvr.errors import InputError
from refvr.media.image_tags import ImageTags
from refvr.media.marks import Mastering
from refvr.media.views import Views

if TYPE_CHECKING:
    from refvr.media.cut import Span

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
    span: Span | None = None   # of a part of a clip

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

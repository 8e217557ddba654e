"""What differs between PyAV 17, 18 and 19, in one place: opening files, the bytes of tags, exact times.

Tags are bytes that should be UTF-8 and often are not. PyAV 19 keeps foreign bytes as surrogates, which a container
writes back unchanged; here the older ones do so too. `readable` makes text of them that can be shown.

Times come as `Fraction` from PyAV 17 and as `AVRational` from later ones, which has 32 bits and rounds what does not
fit: `fraction` is applied to whatever is kept or multiplied.
"""
from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, TypedDict, TypeVar

import av
from av.subtitles.stream import SubtitleStream

from refvr.errors import InputError

if TYPE_CHECKING:
    from av.sidedata.sidedata import SideDataContainer

KindOfStream = TypeVar("KindOfStream", av.VideoStream, av.AudioStream, SubtitleStream)


class Ratio(Protocol):
    """A unit of time or a rate as any PyAV has it; n/0 and 0/n are false."""

    @property
    def numerator(self) -> int:
        """What stands above."""

    @property
    def denominator(self) -> int:
        """What stands below."""


class _Errors(TypedDict, total=False):
    metadata_errors: str


_OLD: _Errors = {"metadata_errors": "surrogateescape"} if int(av.__version__.split(".")[0]) < 19 else {}


def open_input(file: object, *, name: str | None = None, container_options: dict[str, str] | None = None,
               buffer_size: int = 32768) -> av.container.InputContainer:
    """`av.open` for reading a file object as the format `name`, or as what it is; raises what that raises.

    For paths see open_video.py.
    """
    return av.open(file, "r", format=name, container_options=container_options, buffer_size=buffer_size, **_OLD)


def open_output(file: object, name: str, *, options: dict[str, str] | None = None,
                container_options: dict[str, str] | None = None) -> av.container.OutputContainer:
    """`av.open` for writing the format `name` into a file object; raises what that raises."""
    return av.open(file, "w", format=name, options=options, container_options=container_options, **_OLD)


def new_stream(container: av.container.OutputContainer, kind: type[KindOfStream], codec: str,
               rate: Fraction | int | None = None, options: dict[str, str] | None = None) -> KindOfStream:
    """A stream of that kind with an encoder of its own. Raises what PyAV raises, ValueError for a codec of another."""
    stream = container.add_stream(codec, rate=rate, options=options)
    if not isinstance(stream, kind):
        raise ValueError(f"{codec} makes another kind of stream: {stream.type}")
    return stream


def readable(tags: dict[str, str]) -> dict[str, str]:
    """Tags as text that can be printed: a question mark in a diamond for each byte that is not UTF-8."""
    return {_shown(name): _shown(value) for name, value in tags.items()}


def _shown(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def fraction(value: Ratio | None) -> Fraction | None:
    """A time or rate of PyAV as an exact fraction; None where FFmpeg does not know it (none, n/0, 0/n)."""
    return Fraction(value.numerator, value.denominator) if value else None


def unit(value: Ratio | None) -> Fraction:
    """The unit of the times of a stream, a packet or a chapter. FFmpeg gives one to each; InputError where it has not.
    """
    if not value:
        raise InputError("a stream has no unit of time; expected one, such as 1/90000",
                         fix="make the file anew: ffmpeg -i CLIP -c copy clip.mkv")
    return Fraction(value.numerator, value.denominator)


def time_of(what: av.VideoFrame | av.Packet) -> int:
    """When a frame is shown, in its unit. ValueError where it has no time: encoders want one, and give one."""
    if what.pts is None:
        raise ValueError("a frame has no time")
    return what.pts


def side_data(frame: av.VideoFrame, name: str) -> bytes | None:
    """The bytes of a frame's side data of that kind, "DISPLAYMATRIX"; None where there is none."""
    held: SideDataContainer = frame.side_data   # type: ignore[assignment]  # the stub knows motion vectors alone
    try:
        return bytes(held[name])
    except (KeyError, ValueError):   # ValueError: a kind that PyAV does not know is there, and it then shows none
        return None


class Nowhere:
    """A file of which nothing stays, to try a container with."""

    _place = 0

    def write(self, data: bytes) -> int:
        """As for any file."""
        self._place += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """As for any file."""
        self._place = offset + (self._place if whence else 0)
        return self._place

    def tell(self) -> int:
        """As for any file."""
        return self._place

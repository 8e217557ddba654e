"""What differs between PyAV 17, 18 and 19, in one place: opening files, the bytes of tags, exact times.

Tags are bytes that should be UTF-8 and often are not. PyAV 19 keeps foreign bytes as surrogates, which a container
writes back unchanged; here the older ones do so too. `readable` makes text of them that can be shown.

Times come as `Fraction` from PyAV 17 and as `AVRational` from later ones, which has 32 bits and rounds what does not
fit: `fraction` is applied to whatever is kept or multiplied.
"""
from __future__ import annotations

from fractions import Fraction
from typing import Any

import av

_OLD = {"metadata_errors": "surrogateescape"} if int(av.__version__.split(".")[0]) < 19 else {}


def open_input(file: Any, **options: Any) -> av.container.InputContainer:
    """`av.open` for reading a file object; raises what that raises. For paths see open_video.py."""
    return av.open(file, "r", **_OLD, **options)


def open_output(file: Any, name: str, **options: Any) -> av.container.OutputContainer:
    """`av.open` for writing the format `name` into a file object; raises what that raises."""
    return av.open(file, "w", format=name, **_OLD, **options)


def readable(tags: dict[str, str]) -> dict[str, str]:
    """Tags as text that can be printed: a question mark in a diamond for each byte that is not UTF-8."""
    return {_shown(name): _shown(value) for name, value in tags.items()}


def _shown(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def fraction(value: Any) -> Fraction | None:
    """A time or rate of PyAV as an exact fraction; None where FFmpeg does not know it (none, n/0, 0/n)."""
    return Fraction(value.numerator, value.denominator) if value else None


def side_data(frame: av.VideoFrame, name: str) -> bytes | None:
    """The bytes of a frame's side data of that kind, "DISPLAYMATRIX"; None where there is none."""
    try:
        return bytes(frame.side_data[name])
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

"""What an image file says beside its samples and is kept from image to image: colour profile and density in dots per
inch; for DPX, what its code values stand for.
"""
from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Protocol

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_METRE_IN = 39.37007874015748    # inches
_COLOURS_OF_SPACE = {b"RGB ": (3, 4), b"GRAY": (1, 2)}


class Sink(Protocol):
    """A file that is written to, and no more."""

    def write(self, data: bytes | memoryview, /) -> object:
        """As for any file."""


@dataclass(frozen=True)
class ImageTags:
    """icc: the bytes of an ICC profile; dpi: pixels per inch across and down; dpx: transfer and colour code points."""

    icc: bytes | None = None
    dpi: tuple[float, float] | None = None
    dpx: tuple[int, int] | None = None

    def profile_for(self, channels: int) -> bytes | None:
        """The profile, if it is one for so many channels: that of a CMYK picture says nothing about RGB."""
        fits = self.icc is not None and channels in _COLOURS_OF_SPACE.get(self.icc[16:20], ())
        return self.icc if fits else None

    @property
    def profile_name(self) -> str | None:
        """What an RGB profile calls itself, as far as that is easily found ("sRGB IEC61966-2.1", "Display P3")."""
        if self.icc is None or self.icc[16:20] != b"RGB ":
            return None
        try:
            count, = struct.unpack(">I", self.icc[128:132])
            for k in range(min(count, 100)):
                name, offset, size = struct.unpack(">4sII", self.icc[132 + 12 * k:144 + 12 * k])
                if name == b"desc":
                    return _text(self.icc[offset:offset + size])
        except struct.error:
            return None
        return None


NO_TAGS = ImageTags()


def png_chunks(tags: ImageTags, channels: int) -> bytes:
    """The chunks iCCP and pHYs, to stand after the header of a PNG."""
    chunks, icc = b"", tags.profile_for(channels)
    if icc is not None:
        chunks += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
    if tags.dpi is not None:
        per_metre = (max(1, round(side * _METRE_IN)) for side in tags.dpi)
        chunks += _chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1))
    return chunks


class WithPngChunks:
    """A file that a library writes a PNG to, which puts `chunks` after the header of it."""

    def __init__(self, file: Sink, chunks: bytes) -> None:
        self._file, self._chunks, self._header = file, chunks, len(PNG_SIGNATURE) + 25

    def write(self, data: bytes | memoryview) -> None:
        """As for any file."""
        if 0 < self._header <= len(data):
            self._file.write(data[:self._header])
            self._file.write(self._chunks)
            data, self._header = data[self._header:], 0
        else:
            self._header -= min(self._header, len(data))
        self._file.write(data)


def usable_dpi(x: float, y: float) -> tuple[float, float] | None:
    """Densities as they may stand in a file, or None for those that mean nothing."""
    return (float(x), float(y)) if 1 < x < 1e5 and 1 < y < 1e5 else None


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _text(data: bytes) -> str | None:
    """The text of a tag of the type desc (version 2) or mluc (version 4)."""
    if data[:4] == b"desc":
        length, = struct.unpack(">I", data[8:12])
        return data[12:12 + length].split(b"\0")[0].decode("ascii", "replace") or None
    if data[:4] == b"mluc":
        size, offset = struct.unpack(">II", data[20:28])
        return data[offset:offset + size].decode("utf-16-be", "replace").strip("\0") or None
    return None

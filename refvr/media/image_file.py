"""One image file <-> pictures: who reads and writes which kind.

PNG of 16 bits, OpenEXR, DPX     FFmpeg's codecs       Pillow drops the lower byte of 16-bit colour without a word
TIFF                             tifffile              Pillow as well; neither knows pages, tiles and floats in all
everything else of 8 bits        Pillow
"""
from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.media import image_ffmpeg, image_pillow, image_tiff
from refvr.media.image_tags import NO_TAGS, PNG_SIGNATURE, ImageTags
from refvr.media.looks_like import other_than
from refvr.media.picture import MAX_PIXELS, Look, Picture
from refvr.media.strips import Strips, strips_of

TIFF_SUFFIXES = {".tif", ".tiff"}
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".exr", ".dpx"} | TIFF_SUFFIXES
DEEP_SUFFIXES = {".png", ".exr", ".dpx"} | TIFF_SUFFIXES      # can hold 16 bits
FLOAT_SUFFIXES = {".exr"} | TIFF_SUFFIXES
ALPHA_SUFFIXES = {".png", ".webp", ".exr", ".dpx"} | TIFF_SUFFIXES
_HEAD = 2048   # bytes; the header of a DPX


def look(path: Path) -> Look:
    """What the header of an image file says, without unpacking the picture. Raises InputError."""
    head = _head(path)
    try:
        found = _look(path, head)
    except InputError:
        raise
    except Exception as error:   # what libraries raise for a damaged header is not specified
        raise _unreadable(path, error) from error
    if not 0 < found.height * found.width <= MAX_PIXELS:
        raise InputError(f"{path} claims {found.width}x{found.height} pixels; expected 1 to {MAX_PIXELS} pixels",
                         fix="export it again, or cut it into parts")
    return found


def _look(path: Path, head: bytes) -> Look:
    if head[:4] in image_ffmpeg.DPX_MAGICS:
        return image_ffmpeg.look_dpx(head)
    if head[:4] == image_ffmpeg.EXR_MAGIC[:4]:
        return image_ffmpeg.look_exr(path)
    if head[:4] in image_tiff.SIGNATURES:
        return image_tiff.look(path)
    return image_ffmpeg.deep_png(head) or image_pillow.look(path)


def pictures(path: Path) -> Iterator[Picture]:
    """Every picture of an image file in turn, upright. Raises InputError at the one that cannot be read."""
    head = _head(path)
    try:
        if head[:4] in image_ffmpeg.DPX_MAGICS:
            yield image_ffmpeg.decode_dpx(path.read_bytes())
        elif head[:4] == image_ffmpeg.EXR_MAGIC:
            yield image_ffmpeg.decode(path.read_bytes(), "exr")
        elif head[:4] in image_tiff.SIGNATURES:
            yield from image_tiff.pictures(path)
        elif image_ffmpeg.deep_png(head):
            yield image_ffmpeg.decode(path.read_bytes(), "png", tags=image_pillow.tags(path))
        else:
            yield from image_pillow.pictures(path)
    except InputError:
        raise
    except Exception as error:   # decoders raise anything for a damaged file
        raise _unreadable(path, error) from error


def read(path: Path) -> Picture:
    """The first picture of an image file. Raises InputError."""
    return next(pictures(path))


def decode(path: Path) -> np.ndarray:
    """The samples of the first picture, (h, w, c): uint8, uint16 (16 bits: any more than 8), or float32 as in the file.

    Raises InputError.
    """
    found = read(path)
    if found.bits > 16:
        return found.values
    bits = 8 if found.bits <= 8 else 16
    return np.rint(found.values * np.float32(2 ** bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)


def is_moving_png(path: Path) -> bool:
    """Whether a PNG has the chunk acTL before its picture, which makes it an APNG; FFmpeg reads those as videos."""
    with path.open("rb") as file:
        if file.read(len(PNG_SIGNATURE)) != PNG_SIGNATURE:
            return False
        while len(head := file.read(8)) == 8 and head[4:] not in (b"IDAT", b"IEND"):
            if head[4:] == b"acTL":
                return True
            file.seek(struct.unpack(">I", head[:4])[0] + 4, 1)
    return False


def write(file: Any, samples: Strips, suffix: str, *, bits: int | None = None, tags: ImageTags = NO_TAGS,
          beyond: np.ndarray | None = None) -> None:
    """(h, w, c) samples -> an image file, from its beginning to its end. What a format cannot hold is a ValueError.

    file     whatever has `write`
    samples  uint8, uint16, or float32 (TIFF: as they are; OpenEXR: display values, see linear.py)
    bits     of uint16 samples where not 16 (DPX: 10 or 12)
    """
    suffix = suffix.lower()
    if suffix in TIFF_SUFFIXES:
        image_tiff.write(file, samples.whole(), tags)
    elif suffix == ".exr":
        image_ffmpeg.write_exr(file, samples, beyond)
    elif suffix == ".dpx":
        image_ffmpeg.write_dpx(file, samples, bits or 8 * samples.dtype.itemsize, tags)
    elif samples.dtype == np.uint16:
        image_ffmpeg.write_packed(file, samples, tags)
    else:
        image_pillow.write(file, samples, suffix, tags)


def encode(samples: np.ndarray, suffix: str, *, bits: int | None = None, tags: ImageTags = NO_TAGS,
           beyond: np.ndarray | None = None) -> bytes:
    """What `write` writes, of samples that are there."""
    file = io.BytesIO()
    write(file, strips_of(samples), suffix, bits=bits, tags=tags, beyond=beyond)
    return file.getvalue()


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({_line(error)}); expected a readable image",
                         fix="check its permissions") from error
    if not head:
        raise InputError(f"{path} is empty (0 bytes); expected an image", fix="remove it or export it again")
    return head


def _unreadable(path: Path, error: Exception) -> InputError:
    if other := other_than(_head(path), SUFFIXES):
        return InputError(f"{path} is {other[0]}; expected an image such as PNG, TIFF, JPEG, OpenEXR", fix=other[1])
    return InputError(f"{path} cannot be read ({_line(error)}); expected an image such as PNG, TIFF, JPEG, OpenEXR",
                      fix="remove it or export it again")


def _line(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0][:100]

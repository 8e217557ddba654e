"""One image file <-> integer samples.

8-bit files go through imageio. 16-bit PNG and all TIFF go through FFmpeg's codecs, because imageio's PNG reader drops
the lower byte of 16-bit colour without a word and its TIFF reader is an optional package.
"""
from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

from refvr.errors import InputError

SUFFIXES = {".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".webp"}
DEEP_SUFFIXES = {".png", ".tif", ".tiff"}      # can hold 16 bits
ALPHA_SUFFIXES = {".png", ".tif", ".tiff", ".webp"}
_PNG_HEAD = 26                                 # bytes up to size, depth and colour type in the first chunk
_PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}       # colour types of 16-bit PNG
# samples per pixel -> FFmpeg's name; PNG stores 16 bits big endian, TIFF here little endian
_FORMATS = {1: ("gray", "gray16"), 2: ("ya8", "ya16"), 3: ("rgb24", "rgb48"), 4: ("rgba", "rgba64")}


def shape_of(path: Path) -> tuple[int, int, int]:
    """(height, width, channels) from the header, without decoding the picture. Raises InputError."""
    import imageio.v3 as iio
    deep = _deep_png(_head(path))
    if deep is not None:
        return deep
    try:
        shape = iio.improps(path, plugin="pillow").shape
    except Exception:   # what the plugin raises is not specified; FFmpeg may still know the file
        shape = decode(path).shape
    return (*shape, 1)[:3]


def depth_of(path: Path) -> int:
    """8 or 16 bits per sample, from the header."""
    head = _head(path)
    if head[:2] in (b"II", b"MM"):
        with path.open("rb") as file:
            return _tiff_depth(file, head)
    return 8 if _deep_png(head) is None else 16


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_PNG_HEAD)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({_line(error)}); expected a readable image",
                         fix="check its permissions") from error


def _deep_png(head: bytes) -> tuple[int, int, int] | None:
    """(height, width, channels) from the first bytes of a 16-bit PNG; None for any other file."""
    if not head.startswith(b"\x89PNG") or len(head) < _PNG_HEAD:
        return None
    width, height, depth, colour_type = struct.unpack(">IIBB", head[16:_PNG_HEAD])
    return (height, width, _PNG_CHANNELS.get(colour_type, 3)) if depth == 16 else None


def _tiff_depth(file: BinaryIO, head: bytes) -> int:
    """Tag 258, BitsPerSample, of the first directory; 16 where it is not where it should be (BigTIFF)."""
    order = "<" if head[:2] == b"II" else ">"
    magic, start = struct.unpack(order + "HI", head[2:8])
    file.seek(start)
    count = file.read(2)
    entries = file.read(12 * struct.unpack(order + "H", count)[0]) if magic == 42 and len(count) == 2 else b""
    for tag, kind, number, value in struct.iter_unpack(order + "HHI4s", entries[:len(entries) // 12 * 12]):
        if (tag, kind) == (258, 3):
            if number > 2:   # too long for the entry itself, which then says where the values are
                file.seek(struct.unpack(order + "I", value)[0])
                value = file.read(2)
            return 16 if len(value) >= 2 and struct.unpack(order + "H", value[:2])[0] > 8 else 8
    return 16


def decode(path: Path) -> np.ndarray:
    """The samples of an image: (h, w, c) uint8 or uint16, c = 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA. Raises InputError.

    Orientation marks (EXIF) are applied; palettes, CMYK and 1-bit pictures become RGB or grey.
    """
    try:
        data = path.read_bytes()
        if data[:2] in (b"II", b"MM"):
            return _decode_ffmpeg(data, "tiff")
        if _deep_png(data[:_PNG_HEAD]) is not None:
            return _decode_ffmpeg(data, "png")
        return _decode_imageio(data, path)
    except InputError:
        raise
    except Exception as error:   # decoders raise anything for a damaged file
        empty = path.is_file() and not path.stat().st_size
        what = "is empty (0 bytes)" if empty else f"cannot be read ({_line(error)})"
        raise InputError(f"{path} {what}; expected a PNG, TIFF or JPEG image",
                         fix="remove it or export it again") from error


def encode(pixels: np.ndarray, suffix: str) -> bytes:
    """(h, w, c) uint8 or uint16 samples -> the bytes of an image file. What a format cannot hold is a ValueError."""
    suffix = suffix.lower()
    if suffix in (".tif", ".tiff") or pixels.dtype == np.uint16:
        return _encode_ffmpeg(pixels, "png" if suffix == ".png" else "tiff")
    import imageio.v3 as iio
    options = {".jpg": {"quality": 95, "subsampling": 0}, ".webp": {"lossless": True}}
    options[".jpeg"] = options[".jpg"]
    array = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    return iio.imwrite("<bytes>", array, extension=suffix, plugin="pillow", **options.get(suffix, {}))


def _decode_imageio(data: bytes, path: Path) -> np.ndarray:
    import imageio.v3 as iio
    with iio.imopen(data, "r", plugin="pillow", extension=path.suffix) as file:
        mode = file.metadata(index=0).get("mode", "")
        keep = {"L": None, "LA": None, "RGB": None, "RGBA": None, "1": "L", "CMYK": "RGB", "YCbCr": "RGB"}
        pixels = file.read(index=0, rotate=True, mode=keep.get(mode))
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * 255
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(f"{path} holds {pixels.dtype} samples; expected 8 or 16 bits", fix="use .npy for other types")
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _decode_ffmpeg(data: bytes, codec: str) -> np.ndarray:
    import av

    from refvr.media import pixels
    context = av.CodecContext.create(codec, "r")
    frames = context.decode(av.Packet(data)) + context.decode(None)
    frame = frames[0]
    form = pixels.layout(frame.format.name)
    if form.kind == "yuv":
        raise ValueError("Y'CbCr TIFF is not supported")
    if form.kind == "gbr":
        planes = pixels.planes(frame, form.bits)
        return np.stack([planes[k] for k in ((2, 0, 1, 3) if form.alpha else (2, 0, 1))], axis=2)
    channels = (2 if form.alpha else 1) if form.kind == "grey" else (4 if form.alpha else 3)
    if frame.format.name != form.name:
        frame = frame.reformat(format=form.name, src_color_range=pixels.FULL, dst_color_range=pixels.FULL)
    return pixels.packed_samples(frame, channels, form.bits).copy()


def _encode_ffmpeg(samples: np.ndarray, codec: str) -> bytes:
    import av

    from refvr.media import pixels
    h, w, channels = samples.shape
    name = _FORMATS[channels][samples.dtype == np.uint16]
    little = name + ("le" if samples.dtype == np.uint16 else "")
    frame = av.VideoFrame(w, h, little)
    pixels.fill(frame.planes[0], samples)
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.time_base = w, h, Fraction(1, 25)
    context.pix_fmt = little if codec == "tiff" else little.replace("le", "be")
    if codec == "tiff":
        context.options = {"compression_algo": "deflate"}
    elif samples.dtype == np.uint16:
        frame = frame.reformat(format=context.pix_fmt, src_color_range=pixels.FULL, dst_color_range=pixels.FULL)
    return b"".join(bytes(packet) for packet in context.encode(frame) + context.encode(None))


def _line(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0][:100]

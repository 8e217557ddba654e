"""Images by FFmpeg's codecs, which keep every bit where Pillow does not: PNG of 16 bits, OpenEXR, DPX, some TIFF.

OpenEXR is linear light, its colours multiplied by alpha: see linear.py and `picture.straight` for what becomes of them.
Headers of OpenEXR and DPX are read here, since FFmpeg would unpack the whole picture for them.
"""
from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from refvr.media import linear
from refvr.media.image_tags import NO_TAGS, ImageTags, Sink, WithPngChunks, png_chunks
from refvr.media.picture import MAX_PIXELS, Look, Picture, from_integers, premultiplied, straight
from refvr.media.strips import Strips

if TYPE_CHECKING:
    import av

EXR_MAGIC, DPX_MAGICS = b"v/1\x01", {b"SDPX": ">", b"XPDS": "<"}
_PNG_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}       # colour types of 16-bit PNG
_DPX_CHANNELS = {6: 1, 50: 3, 51: 4, 52: 4}    # descriptors of the first element
_DPX_MARKS = slice(801, 803)                   # bytes of its header: code points for transfer and colour
FLOATS = {"grayf32": 1, "rgbf32": 3, "rgbaf32": 4}   # of TIFF, before the order of bytes
_PACKED = {1: ("gray", "gray16"), 2: ("ya8", "ya16"), 3: ("rgb24", "rgb48"), 4: ("rgba", "rgba64")}


def deep_png(head: bytes) -> Look | None:
    """What the first bytes of a PNG of 16 bits say; None for any other file."""
    if not head.startswith(b"\x89PNG") or len(head) < 26:
        return None
    width, height, depth, colour_type = struct.unpack(">IIBB", head[16:26])
    return Look(height, width, _PNG_CHANNELS.get(colour_type, 3), bits=16) if depth == 16 else None


def look_dpx(head: bytes) -> Look:
    """Size, channels and depth from the header; struct.error or ValueError if it is none."""
    order = DPX_MAGICS[head[:4]]
    width, height = struct.unpack(order + "II", head[772:780])
    notes: tuple[str, ...] = ()
    if head[801] in (1, 3):   # printing density, logarithmic
        notes = ("the DPX samples are logarithmic (film density) and are taken as they are; contrast is low",)
    return Look(height, width, _DPX_CHANNELS.get(head[800], 3), bits=head[803], notes=notes)


def look_exr(path: Path) -> Look:
    """Size and channels from the header of the first part. ValueError if there are none."""
    with path.open("rb") as file:
        found = _attributes(file)
    left, top, right, bottom = _display_window(found)
    names = {entry.split(b".")[-1] for entry in _channel_names(found["channels"][1])}
    alpha, grey = b"A" in names, not {b"R", b"G", b"B"} & names
    lost = ("the alpha of a grey OpenEXR picture is left out: FFmpeg does not unpack it",) if grey and alpha else ()
    return Look(bottom - top + 1, right - left + 1, 1 if grey else 3 + alpha, bits=32, notes=lost)


def _attributes(file: BinaryIO) -> dict[str, tuple[int, bytes]]:
    """The header of an OpenEXR file: name -> where in the file its value is, and that."""
    found: dict[str, tuple[int, bytes]] = {}
    file.read(8)
    while len(found) < 1000 and (name := _word(file)):
        _word(file)   # its type
        size, = struct.unpack("<I", file.read(4))
        if size > 1 << 20:
            raise ValueError("a part of its header is too large")
        found[name] = file.tell(), file.read(size)
    return found


def _display_window(attributes: dict[str, tuple[int, bytes]]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is to be seen. ValueError for what FFmpeg cannot unpack, see `_from_origin`."""
    left, top, right, bottom = struct.unpack("<iiii", attributes["displayWindow"][1])
    if min(left, top) < 0 or (right + 1) * (bottom + 1) > MAX_PIXELS:
        raise ValueError(f"its display window begins at {left},{top}, expected it at 0,0")
    return left, top, right, bottom


def _from_origin(data: bytes) -> tuple[bytes, int, int]:
    """The file with a display window from 0,0 on, and the columns and rows by which it begins too early then.

    FFmpeg takes the window's size alone, and puts pixels as if it began there: of others it would lose some.
    """
    found = _attributes(io.BytesIO(data))
    (left, top, right, bottom), (at, window) = _display_window(found), found["displayWindow"]
    if left or top:
        data = data[:at] + struct.pack("<iiii", 0, 0, right, bottom) + data[at + len(window):]
    return data, left, top


def _word(file: BinaryIO) -> str:
    """Text up to a zero byte; ValueError for more than a name may have."""
    word = b""
    while (byte := file.read(1)) != b"\0":
        word += byte
        if not byte or len(word) > 255:
            raise ValueError("its header is cut off")
    return word.decode("latin-1")


def _channel_names(data: bytes) -> list[bytes]:
    """A name, a zero and 16 bytes about it, one after the other, up to an empty name."""
    names = []
    while data and data[0]:
        name, _, data = data.partition(b"\0")
        names.append(name)
        data = data[16:]
    return names


def decode(data: bytes, codec: str, *, directory: int | None = None, tags: ImageTags = NO_TAGS) -> Picture:
    """One picture out of the bytes of a file; ValueError or an error of FFmpeg if there is none.

    directory  of a TIFF: where that of the page begins; None: the first page
    """
    import av

    from refvr.media import pixels
    left = top = 0
    if codec == "exr":
        data, left, top = _from_origin(data)
    if directory is not None:   # FFmpeg has an option for a page, and finds the first one alone
        data = data[:4] + struct.pack(("<" if data[:2] == b"II" else ">") + "I", directory) + data[8:]
    context = av.Codec(codec, "r").create("video")
    frames = context.decode(av.Packet(data)) + context.decode(None)
    if not frames:
        raise ValueError("it holds no picture")
    frame = frames[0]
    if codec == "exr":
        return _light(frame, tags, left, top)
    if (channels := FLOATS.get(frame.format.name[:-2])) is not None:
        kind = np.dtype("<f4" if frame.format.name.endswith("le") else ">f4")
        rows = pixels.lines(frame.planes[0], kind)[:frame.height, :frame.width * channels]
        return Picture(rows.reshape(frame.height, frame.width, channels).astype(np.float32), 32, tags)
    form = pixels.layout(frame.format.name)
    if form.kind == "yuv":
        raise ValueError("it holds Y'CbCr samples")
    if form.kind == "gbr" or (form.kind == "grey" and not form.alpha and form.bits not in (8, 16)):
        planes = pixels.planes(frame, form.bits)
        order = ((2, 0, 1, 3) if form.alpha else (2, 0, 1)) if form.kind == "gbr" else (0,)
        return Picture(from_integers(np.stack([planes[k] for k in order], axis=2), form.bits), form.bits, tags)
    channels = (2 if form.alpha else 1) if form.kind == "grey" else (4 if form.alpha else 3)
    if frame.format.name != form.name:
        frame = frame.reformat(format=form.name, src_color_range=pixels.FULL, dst_color_range=pixels.FULL)
    return Picture(from_integers(pixels.packed_samples(frame, channels, form.bits), form.bits), form.bits, tags)


def decode_dpx(data: bytes) -> Picture:
    """A DPX picture; its code points for transfer and colour are kept."""
    marks = tuple(data[_DPX_MARKS])
    return decode(data, "dpx", tags=ImageTags(dpx=(marks[0], marks[1]) if len(marks) == 2 else None))


def _light(frame: av.VideoFrame, tags: ImageTags, left: int, top: int) -> Picture:
    """Planes of half or single floats in linear light, from a column and row on."""
    from refvr.media import pixels
    kind = np.dtype(np.float16 if "f16" in frame.format.name else np.float32)
    parts = [pixels.lines(plane, kind)[top:plane.height, left:plane.width] for plane in frame.planes]
    x = np.stack([parts[k] for k in {1: (0,), 3: (2, 0, 1), 4: (2, 0, 1, 3)}[len(parts)]], axis=2).astype(np.float32)
    if not np.isfinite(x).all():
        raise ValueError("it holds values that are NaN or infinite")
    if x.shape[2] != 4:
        values, beyond = linear.split(x)
        return Picture(values, 32, tags, beyond, linear=True)
    x = straight(x)
    values, beyond = linear.split(x[..., :3])
    return Picture(np.concatenate([values, x[..., 3:]], axis=2), 32, tags, beyond, linear=True)


def write_packed(file: Sink, samples: Strips, tags: ImageTags) -> None:
    """(h, w, c) uint16 -> a PNG of 16 bits."""
    from refvr.media import pixels
    frame = _empty(samples.shape, _PACKED[samples.shape[2]][1] + "be")
    for top, strip in samples:
        pixels.fill(frame.planes[0], strip, np.dtype(">u2"), top)
    file = WithPngChunks(file, png_chunks(tags, samples.shape[2]))
    for packet in _packets(frame, "png"):
        file.write(packet)


def write_dpx(file: Sink, samples: Strips, bits: int, tags: ImageTags) -> None:
    """(h, w, 1, 3 or 4) integers of 8 or 16 bits, RGB also of 10 or 12 -> a DPX file."""
    from refvr.media import pixels
    name = {8: _PACKED[samples.shape[2]][0], 10: "gbrp10le", 12: "gbrp12le"}.get(bits)
    name = name or _PACKED[samples.shape[2]][1] + "le"
    frame = _empty(samples.shape, name)
    for top, strip in samples:
        if name.startswith("gbrp"):
            for plane, k in zip(frame.planes, (1, 2, 0)):
                pixels.fill(plane, strip[..., k], top=top)
        else:
            pixels.fill(frame.planes[0], strip, top=top)
    packet, = _packets(frame, "dpx")
    file.write(packet[:_DPX_MARKS.start])
    file.write(packet[_DPX_MARKS] if tags.dpx is None else bytes(tags.dpx))
    file.write(packet[_DPX_MARKS.stop:])


def write_exr(file: Sink, values: Strips, beyond: np.ndarray | None) -> None:
    """(h, w, 1, 3 or 4) display values and what lies beyond them -> an OpenEXR file of float32 in linear light."""
    from refvr.media import pixels
    channels = values.shape[2]
    frame = _empty(values.shape, {1: "grayf32le", 3: "gbrpf32le", 4: "gbrapf32le"}[channels])
    for top, strip in values:
        x = linear.join(strip[..., :3], None if beyond is None else beyond[top:top + len(strip)])
        if channels == 4:
            x = premultiplied(np.concatenate([x, strip[..., 3:]], axis=2))
        for plane, k in zip(frame.planes, {1: (0,), 3: (1, 2, 0), 4: (1, 2, 0, 3)}[channels]):
            pixels.fill(plane, x[..., k], np.dtype(np.float32), top)
    for packet in _packets(frame, "exr", {"compression": "zip16"}):
        file.write(packet)


def _empty(shape: tuple[int, ...], form: str) -> av.VideoFrame:
    import av
    return av.VideoFrame(shape[1], shape[0], form)


def _packets(frame: av.VideoFrame, codec: str, options: dict[str, str] | None = None) -> Iterator[memoryview]:
    import av
    context = av.Codec(codec, "w").create("video")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
    context.time_base, context.options = Fraction(1, 25), options or {}
    return (memoryview(packet) for packet in context.encode(frame) + context.encode(None))

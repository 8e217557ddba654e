"""TIFF by tifffile: any number of pages, 1 to 16 bits or floats, strips or tiles, any order of bytes and planes.

What tifffile cannot unpack by itself (LZW, JPEG, fax, odd colours) goes to Pillow up to 8 bits, to FFmpeg above.
Thumbnails and masks between the pages are passed over. Orientation is applied, colours that were multiplied by alpha
are divided by it. Floats are taken as they are, as those of .npy: they must be scaled to [0, 1].
"""
from __future__ import annotations

import io
import logging
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from refvr.errors import InputError
from refvr.media.array_read import check_scale
from refvr.media.image_tags import ImageTags, usable_dpi
from refvr.media.picture import MAX_PIXELS, Look, Picture, from_integers, straight

if TYPE_CHECKING:
    import tifffile

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_COLOURS = {"MINISBLACK": 1, "MINISWHITE": 1, "RGB": 3, "PALETTE": 3}
_INKS = "SEPARATED"             # cyan, magenta, yellow, black
MAX_PAGES = 100_000
_REDUCED, _MASK = 1, 4          # of the tag NewSubfileType
_PREMULTIPLIED = 1              # of the tag ExtraSamples
_PER_INCH = {2: 1.0, 3: 2.54}   # by the tag ResolutionUnit: inches, centimetres
_TAGS = {"orientation": 274, "x": 282, "y": 283, "unit": 296, "extra": 338, "icc": 34675}


def _opened(file: Path | BinaryIO) -> tifffile.TiffFile:
    import tifffile
    logging.getLogger("tifffile").addHandler(logging.NullHandler())   # else every oddity is printed
    return tifffile.TiffFile(file)


def look(path: Path) -> Look:
    """What the directories say. InputError for kinds of pictures that mean no colour here."""
    with _opened(path) as file:
        pages = _pictures(file, path)
        first = pages[0]
        for k, page in enumerate(pages):
            if (page.imagelength, page.imagewidth) != (first.imagelength, first.imagewidth):
                raise InputError(f"{path} holds {len(pages)} pictures; page {k} is {page.imagewidth}x"
                                 f"{page.imagelength}, page 0 {first.imagewidth}x{first.imagelength}; expected one "
                                 "size for all",
                                 fix="split it into one file per size")
        if file.is_imagej:
            promised = int((file.imagej_metadata or {}).get("images", 1))
            if promised > len(pages):
                raise InputError(f"{path} holds {promised} pictures of ImageJ but {len(pages)} TIFF directories; "
                                 "expected one for each", fix="save it again as OME-TIFF or as an image sequence")
        height, width = first.imagelength, first.imagewidth
        if _tag(first, "orientation", 1) >= 5:
            height, width = width, height
        cut = None if directories(path)[1] else f"the list of the pages of {path.name} is damaged or cut off"
        return Look(height, width, _channels(first, path), _bits(first), len(pages), cut=cut)


def pictures(path: Path) -> Iterator[Picture]:
    """Every page in turn."""
    with _opened(path) as file:
        for page in _pictures(file, path):
            yield _picture(page, path)


def _pictures(file: tifffile.TiffFile, path: Path) -> list[tifffile.TiffPage]:
    import tifffile
    pages = []
    for k, offset in enumerate(directories(path)[0]):
        file.filehandle.seek(offset)
        pages.append(tifffile.TiffPage(file, k))
    found = [page for page in pages if not page.subfiletype & (_REDUCED | _MASK)] or pages[:1]
    if not found:
        raise InputError(f"{path} holds no pictures; expected a TIFF image", fix="export it again")
    first = found[0]
    if first.imagelength * first.imagewidth > MAX_PIXELS or first.imagedepth > 1:
        raise InputError(f"{path} claims {first.imagewidth}x{first.imagelength}x{first.imagedepth} pixels; expected a "
                         f"flat picture of at most {MAX_PIXELS} pixels", fix="export it again, in parts")
    return found


def directories(path: Path) -> tuple[list[int], bool]:
    """Where the directories of the pages lie, one after the other, as far as they lie in the file; whether that is all.

    tifffile walks this chain without end in files that are cut off.
    """
    found: dict[int, None] = {}   # in order; a chain may lead back into itself
    with path.open("rb") as file:
        head, size = file.read(16), path.stat().st_size
        order, big = "<" if head[:2] == b"II" else ">", head[2:4] in (b"+\0", b"\0+")
        count, entry, link = ("Q", 20, "Q") if big else ("H", 12, "I")
        offset, = struct.unpack_from(order + link, head, 8 if big else 4)
        while offset and offset not in found and len(found) < MAX_PAGES:
            file.seek(offset)
            number = file.read(struct.calcsize(count))
            if len(number) < struct.calcsize(count):
                break
            end = offset + len(number) + entry * struct.unpack(order + count, number)[0]
            if end > size:
                break
            found[offset] = None
            file.seek(end)
            following = file.read(struct.calcsize(link))
            offset = struct.unpack(order + link, following)[0] if len(following) == struct.calcsize(link) else size
    return list(found), not offset


def _channels(page: tifffile.TiffPage, path: Path) -> int:
    kind, samples = _kind(page), page.samplesperpixel
    colours = _COLOURS.get(kind, 3)
    if kind in ("CFA", "LINEAR_RAW"):
        raise InputError(f"{path} holds the raw samples of a camera ({kind}); expected a picture",
                         fix="develop it with a raw converter first")
    if kind == "PALETTE":
        return 3
    if samples not in (colours, colours + 1):
        raise InputError(f"{path} has {samples} samples per pixel; expected 1 to 4: grey or RGB, with or without alpha",
                         fix="choose three of its channels first")
    return colours + (samples > colours and kind in _COLOURS)


def _kind(page: tifffile.TiffPage) -> str:
    """MINISBLACK, RGB, ...; "" for what the standard does not know."""
    return getattr(page.photometric, "name", "")


def _bits(page: tifffile.TiffPage) -> int:
    if _kind(page) == "PALETTE":
        return 8 if (np.asarray(page.colormap) % 257 == 0).all() or not (np.asarray(page.colormap) & 255).any() else 16
    if page.dtype is not None and page.dtype.kind == "f":
        return 32
    return 8 if page.bitspersample <= 8 else page.bitspersample


def _picture(page: tifffile.TiffPage, path: Path) -> Picture:
    tags = _tags(page)
    try:
        deep_inks = _kind(page) == _INKS and page.bitspersample == 16 and page.samplesperpixel == 4
        samples = page.asarray() if _kind(page) in _COLOURS or deep_inks else None
    except Exception:   # tifffile raises anything for what it has no codec for, and for damage
        samples = None
    if samples is None:
        return _by_others(page, path, tags)
    if page.axes.startswith("S"):   # planes one after the other
        samples = np.moveaxis(samples, 0, -1)
    values, bits = _values(page, samples, path)
    if _tag(page, "extra", (0,))[:1] == (_PREMULTIPLIED,) and values.shape[2] in (2, 4):
        values = straight(values)
    return Picture(np.ascontiguousarray(_upright(values, _tag(page, "orientation", 1))), bits, tags)


def _values(page: tifffile.TiffPage, samples: np.ndarray, path: Path) -> tuple[np.ndarray, int]:
    kind, bits = _kind(page), page.bitspersample
    if samples.dtype.kind == "f":
        samples = samples[..., None] if samples.ndim == 2 else samples
        return check_scale(samples.astype(np.float32), f"page {page.index} of {path}"), 32
    if samples.dtype.kind not in "bu" or bits > 16:
        raise InputError(f"{path} holds {samples.dtype} samples; expected 1 to 16 bits without sign, or floats in "
                         "[0, 1]", fix="convert it to 16 bits or to floats")
    if kind == "PALETTE":
        colours = np.moveaxis(np.asarray(page.colormap), 0, -1)[samples]   # 16 bits; 8 of them where v = 257 k or 256 k
        if _bits(page) == 8:
            return from_integers(colours >> 8, 8), 8
        return from_integers(colours, 16), 16
    values = from_integers(samples, bits)
    if kind == _INKS:   # by the plain rule; Pillow, which knows profiles of inks, has 8 bits of them
        values = (1 - values[..., :3]) * (1 - values[..., 3:])
    if kind == "MINISWHITE":
        values[..., 0] = 1 - values[..., 0]
    return values, max(8, bits)


def _by_others(page: tifffile.TiffPage, path: Path, tags: ImageTags) -> Picture:
    """By Pillow, which gives 8 bits of anything, where there are no more; else by FFmpeg."""
    from refvr.media import image_ffmpeg, image_pillow
    if page.dtype == np.float32 and page.samplesperpixel == 1:
        with image_pillow.opened(path) as image:
            image.seek(page.index)
            image.load()   # turns it upright
            values = check_scale(np.asarray(image, np.float32)[..., None], f"page {page.index} of {path}")
            return Picture(values, 32, tags)
    if page.bitspersample > 8:
        if _kind(page) not in ("MINISBLACK", "RGB"):
            raise InputError(f"{path} holds {page.bitspersample} bits of {_kind(page) or 'unknown colours'} packed by "
                             f"{getattr(page.compression, 'name', page.compression)}, which cannot be read; expected "
                             "RGB or grey", fix="save it as RGB, or without packing")
        found = image_ffmpeg.decode(path.read_bytes(), "tiff", directory=page.offset, tags=tags)
        if found.bits == 32:
            check_scale(found.values, f"page {page.index} of {path}")
        return Picture(_upright(found.values, _tag(page, "orientation", 1)), found.bits, tags)
    with image_pillow.opened(path) as image:
        image.seek(page.index)
        image.load()   # turns it upright
        return image_pillow.picture(image)


def _tag(page: tifffile.TiffPage, name: str, otherwise: Any) -> Any:
    tag = page.tags.get(_TAGS[name])
    value = otherwise if tag is None else tag.value
    return (value,) if isinstance(otherwise, tuple) and not isinstance(value, tuple) else value


def _tags(page: tifffile.TiffPage) -> ImageTags:
    icc, dpi = _tag(page, "icc", None), None
    x, y, unit = _tag(page, "x", (0, 1)), _tag(page, "y", (0, 1)), int(_tag(page, "unit", 2))
    if len(x) == len(y) == 2 and x[1] and y[1] and unit in _PER_INCH:
        dpi = usable_dpi(*(round(a / b * _PER_INCH[unit], 3) for a, b in (x, y)))
    return ImageTags(bytes(icc) if icc else None, dpi)


def _upright(x: np.ndarray, orientation: int) -> np.ndarray:
    """(h, w, c) as it should be seen: 2 mirrored, 3 upside down, ... 6 turned to the left, 8 to the right."""
    if orientation >= 5:
        x = x.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return x[::rows, ::columns]


def write(file: BinaryIO, samples: np.ndarray, tags: ImageTags) -> None:
    """(h, w, c) uint8, uint16 or float32 -> a TIFF of one page."""
    import tifffile
    whole = io.BytesIO()   # it goes back and forth in it
    with tifffile.TiffWriter(whole) as out:
        append(out, samples, tags)
    file.write(whole.getbuffer())


def append(out: tifffile.TiffWriter, samples: np.ndarray, tags: ImageTags) -> None:
    """Add a page to a tifffile.TiffWriter, packed without loss."""
    channels = samples.shape[2]
    options: dict[str, Any] = {"extrasamples": ["unassalpha"]} if channels in (2, 4) else {}
    if tags.dpi is not None:
        options |= {"resolution": tags.dpi, "resolutionunit": "INCH"}
    out.write(samples[..., 0] if channels == 1 else samples, photometric="rgb" if channels > 2 else "minisblack",
              planarconfig="contig" if channels > 1 else None, compression="zlib", metadata=None, software=False,
              iccprofile=tags.profile_for(channels), **options)

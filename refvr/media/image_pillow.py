"""Images of 8 bits by Pillow: PNG, JPEG, WebP (moving ones too), GIF, BMP, and TIFF that tifffile cannot unpack."""
from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from refvr.media.image_tags import ImageTags, WithPngChunks, png_chunks, usable_dpi
from refvr.media.picture import Look, Picture, from_integers
from refvr.media.strips import Strips

if TYPE_CHECKING:
    from PIL import Image

# JPEG has MPO in it. Others are not even tried: some of Pillow's readers start programs
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "DIB", "TIFF")
MODES = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "PA": "RGBA", "RGBX": "RGB", "La": "LA",
         "RGBa": "RGBA"}   # all others become RGB
ORIENTATION = 0x112
SIDEWAYS = (5, 6, 7, 8)


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """The file as Pillow has it: header only, pictures on demand."""
    from PIL import Image
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")   # large pictures, odd metadata: what cannot be read raises
        with Image.open(path, formats=FORMATS) as image:
            yield image


def look(path: Path) -> Look:
    """What the header says."""
    with opened(path) as image:
        pages = getattr(image, "n_frames", 1) if image.format != "PNG" else 1
        width, height = image.size
        if "exif" in image.info and image.getexif().get(ORIENTATION) in SIDEWAYS:   # else Pillow would unpack a PNG
            width, height = height, width
        notes: tuple[str, ...] = ()
        if image.format == "MPO" and pages > 1:
            notes, pages = (f"{path.name} holds {pages} pictures for one (MPO); the first is taken",), 1
        return Look(height, width, len(target_mode(image)), pages=pages, notes=notes)


def pictures(path: Path) -> Iterator[Picture]:
    """Every picture of a file in turn; of a moving one as it is seen, disposal and offsets applied."""
    with opened(path) as image:
        last = (1 if image.format in ("MPO", "PNG") else getattr(image, "n_frames", 1)) - 1
        found: Picture | None = None
        for k in range(last + 1):
            if k:
                image.seek(k)
            image.load()
            found = picture(image)
            if k < last:
                yield found
    del image   # as large as the samples: it need not wait while the last picture is looked at
    if found is None:
        raise ValueError("it holds no picture")
    yield found


def picture(image: Image.Image) -> Picture:
    """The picture that a Pillow image is at."""
    from PIL import ImageOps
    mode, found, duration = target_mode(image), _tags(image), image.info.get("duration")
    image = ImageOps.exif_transpose(image)
    if image.mode == "CMYK":
        image = without_inks(image, found.icc)
    if image.mode != mode:
        image = image.convert(mode)
    return Picture(from_integers(np.asarray(image), 8), 8, found, duration_ms=duration)


def tags(path: Path) -> ImageTags:
    """Profile and density from the header."""
    with opened(path) as image:
        return _tags(image)


def _tags(image: Image.Image) -> ImageTags:
    dpi = image.info.get("dpi")
    return ImageTags(image.info.get("icc_profile"), usable_dpi(*map(float, dpi)) if dpi else None)


def target_mode(image: Image.Image) -> str:
    """L, LA, RGB or RGBA: what a picture becomes. A transparent colour or palette entry makes an alpha channel."""
    mode = MODES.get(image.mode, "RGB")
    if "transparency" in image.info or (image.mode == "P" and image.palette and image.palette.mode == "RGBA"):
        return {"L": "LA", "RGB": "RGBA"}.get(mode, mode)
    return mode


def without_inks(image: Image.Image, icc: bytes | None) -> Image.Image:
    """CMYK -> RGB, by the profile in the file where it has one (into sRGB), else by the plain rule."""
    from PIL import ImageCms
    if icc and icc[16:20] == b"CMYK":
        try:
            given, wanted = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, given, wanted, outputMode="RGB")
            return image.convert("RGB") if converted is None else converted   # None: in place, which nobody asked for
        except (ImageCms.PyCMSError, OSError):
            pass   # a damaged profile: as without one
    return image.convert("RGB")


def write(file: BinaryIO, samples: Strips, suffix: str, tags: ImageTags) -> None:
    """(h, w, c) uint8 -> a PNG, JPEG, WebP, BMP or GIF. ValueError or OSError for what cannot be.

    Pillow's picture, four bytes for a pixel of three, is the only one there is meanwhile; of PNG, JPEG
    and BMP the file is written as it comes.
    """
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".png": "PNG", ".bmp": "BMP", ".gif": "GIF"}[suffix]
    options: dict[str, object] = {"quality": 95, "subsampling": 0} if kind == "JPEG" else \
        {"lossless": True} if kind == "WEBP" else {}
    channels = samples.shape[2]
    out = WithPngChunks(file, png_chunks(tags, channels)) if kind == "PNG" else file
    if kind in ("JPEG", "WEBP") and tags.profile_for(channels):
        options = options | {"icc_profile": tags.profile_for(channels)}
    if kind in ("JPEG", "BMP") and tags.dpi:
        options = options | {"dpi": tuple(round(side) for side in tags.dpi)}
    _image(samples).save(cast(BinaryIO, out), kind, **options)   # it is written to, no more


def _image(samples: Strips) -> Image.Image:
    from PIL import Image
    height, width, channels = samples.shape
    image = Image.new(("L", "LA", "RGB", "RGBA")[channels - 1], (width, height), None)
    for top, strip in samples:
        image.paste(Image.fromarray(strip[..., 0] if channels == 1 else strip), (0, top))
    return image



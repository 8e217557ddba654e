"""PyAV's frames <-> float32 RGB. libswscale only repacks (nv12 -> planes, bgr0 -> rgb24) and never computes colour.

Formats are brought to one of four layouts, which keep every bit: planar Y'CbCr ("yuv420p10le"), grey ("gray10le"),
planar RGB of more than 8 bits ("gbrp10le"), packed RGB of 8 or 16 bits ("rgb24", "rgba64le").
"""
from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import av
import numpy as np

from refvr.errors import InputError
from refvr.media import colour as colours
from refvr.media.clip import Colour

LIMITED, FULL = 1, 2   # AVColorRange


class Layout(NamedTuple):
    """How a pixel format stores a picture: the format it is repacked to, its kind and the bits of a sample."""

    name: str
    kind: str          # "yuv", "grey", "gbr" (planes) or "rgb" (packed)
    bits: int
    alpha: bool


@lru_cache(maxsize=64)
def layout(name: str) -> Layout:
    """The layout of a pixel format, "nv12" -> Layout("yuv420p", "yuv", 8, False). Raises InputError for exotic ones."""
    try:
        form = av.VideoFormat(name, 64, 64)
    except ValueError as error:
        raise InputError(f"there is no pixel format {name!r}; expected for example yuv420p, yuv444p10le, gbrp",
                         fix="`ffmpeg -pix_fmts` lists them") from error
    bits = max((8, *(part.bits for part in form.components)))
    alpha = any(part.is_alpha for part in form.components)
    deep_packed = form.is_rgb and not form.is_planar and 8 < bits < 16   # x2rgb10: no exact repacking exists
    if bits > 16 or deep_packed or "f16" in name or form.is_bayer or name.startswith("xyz"):
        raise InputError(f"pixel format {name} is not supported; expected integer RGB, Y'CbCr or grey",
                         fix="convert it to yuv444p16le or rgb48le first")
    if form.has_palette or (form.is_rgb and bits == 8):
        return Layout("rgba" if alpha else "rgb24", "rgb", 8, alpha)
    if form.is_rgb and form.is_planar:
        return Layout(_little("gbrap" if alpha else "gbrp", bits), "gbr", bits, alpha)
    if form.is_rgb:
        return Layout("rgba64le" if alpha else "rgb48le", "rgb", 16, alpha)
    if len(form.components) <= 2:
        return Layout(("ya8" if bits == 8 else "ya16le") if alpha else _little("gray", bits), "grey", bits, alpha)
    ratio = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (4, 1): "411", (4, 4): "410", (1, 2): "440"}
    step = (64 // form.chroma_width(64), 64 // form.chroma_height(64))
    return Layout(_little(f"yuv{'a' if alpha else ''}{ratio[step]}p", bits), "yuv", bits, alpha)


def _little(name: str, bits: int) -> str:
    return name if bits == 8 else f"{name}{bits}le"


def stream_colour(frame: av.VideoFrame, codec: str) -> Colour | None:
    """How the samples of a decoded frame are to be read; None for RGB."""
    if layout(frame.format.name).kind in ("rgb", "gbr"):
        return None
    grey = layout(frame.format.name).kind == "grey"
    # Unmarked grey is full range for every FFmpeg tool, unmarked Y'CbCr limited.
    mark = int(frame.color_range)
    full = frame.format.name.startswith("yuvj") or mark == FULL or (grey and mark == 0)
    return Colour(matrix=colours.matrix_for(int(frame.colorspace), frame.height), full_range=full,
                  siting="centre" if codec == "mjpeg" else "left",
                  primaries=int(frame.color_primaries), transfer=int(frame.color_trc))


def to_rgb(frame: av.VideoFrame, colour: Colour | None) -> tuple[np.ndarray, np.ndarray | None]:
    """A decoded frame -> (h, w, 3) float32 RGB in [0, 1] and (h, w) alpha or None. RGB samples are v / (2^bits - 1)."""
    form = layout(frame.format.name)
    if frame.format.name.replace("yuvj", "yuv") != form.name:
        frame = _repack(frame, form.name, colour)
    top = np.float32(2 ** form.bits - 1)
    if form.kind == "rgb":
        packed = packed_samples(frame, 4 if form.alpha else 3, form.bits).astype(np.float32) / top
        return np.ascontiguousarray(packed[..., :3]), np.ascontiguousarray(packed[..., 3]) if form.alpha else None
    if form.kind == "grey" and form.alpha:
        packed = packed_samples(frame, 2, form.bits)
        parts = [packed[..., 0], packed[..., 1]]
    else:
        parts = planes(frame, form.bits)
    alpha = parts[-1].astype(np.float32) / top if form.alpha else None
    if form.kind == "gbr":
        g, b, r = parts[:3]
        return np.stack([r, g, b], axis=-1).astype(np.float32) / top, alpha
    if colour is None:
        raise InputError(f"got {form.name} samples and no Colour; expected one for all that is not RGB",
                         fix="take that of stream_colour")
    if form.kind == "grey":
        y = colours.decode_luma(parts[0], colour.full_range, form.bits)
        return np.repeat(y[..., None], 3, axis=2), alpha
    return colours.planes_to_rgb(parts[:3], colour, form.bits), alpha


def from_rgb(rgb: np.ndarray, alpha: np.ndarray | None, pix_fmt: str, colour: Colour) -> av.VideoFrame:
    """(h, w, 3) RGB, clipped to [0, 1], and (h, w) alpha -> a frame in `pix_fmt`, marked with its matrix and range.

    A format with alpha and no alpha given becomes opaque; alpha given for a format without it is left out.
    """
    form = layout(pix_fmt)
    h, w, _ = rgb.shape
    name = pix_fmt if pix_fmt.startswith("yuvj") else form.name   # yuvj420p is yuv420p with the range in its name
    frame = av.VideoFrame(w, h, name)
    top = 2 ** form.bits - 1
    opaque = np.ones((h, w), np.float32) if alpha is None else alpha
    if form.kind == "rgb":
        parts = [colours.to_integer(rgb, form.bits, top)]
        if form.alpha:
            parts = [np.concatenate([parts[0], colours.to_integer(opaque, form.bits, top)[..., None]], axis=2)]
    elif form.kind == "gbr":
        parts = [colours.to_integer(rgb[..., k], form.bits, top) for k in (1, 2, 0)]
    elif form.kind == "grey":
        parts = [colours.to_integer(colours.encode_yuv(rgb, colour, form.bits)[0], form.bits)]
    else:
        parts = colours.rgb_to_planes(rgb, (frame.planes[1].height, frame.planes[1].width), colour, form.bits)
    if form.kind == "grey" and form.alpha:
        parts = [np.stack([parts[0], colours.to_integer(opaque, form.bits, top)], axis=2)]
    elif form.alpha and form.kind != "rgb":
        parts.append(colours.to_integer(opaque, form.bits, top))
    for plane, part in zip(frame.planes, parts):
        fill(plane, part)
    _mark(frame, form, colour)
    return frame if name == pix_fmt else _repack(frame, pix_fmt, colour if form.kind in ("yuv", "grey") else None)


def planes(frame: av.VideoFrame, bits: int) -> list[np.ndarray]:
    """The (h, w) integer planes of a planar frame, as views into it."""
    dtype = np.dtype(np.uint8 if bits == 8 else np.uint16)
    return [lines(plane, dtype)[:plane.height, :plane.width] for plane in frame.planes]


def packed_samples(frame: av.VideoFrame, channels: int, bits: int) -> np.ndarray:
    """The (h, w, channels) samples of a frame with one packed plane."""
    dtype = np.dtype(np.uint8 if bits == 8 else np.uint16)
    rows = lines(frame.planes[0], dtype)[:frame.height, :frame.width * channels]
    return rows.reshape(frame.height, frame.width, channels)


def fill(plane: av.video.plane.VideoPlane, samples: np.ndarray, dtype: np.dtype | None = None, top: int = 0) -> None:
    """Copy (h, w) or (h, w, channels) samples into a plane, whose lines may be padded, from line `top` on.

    dtype  of the plane, where it is another
    """
    rows, dtype = samples.reshape(samples.shape[0], -1), dtype or samples.dtype
    lines(plane, dtype)[top:top + rows.shape[0], :rows.shape[1]] = rows


def lines(plane: av.video.plane.VideoPlane, dtype: np.dtype) -> np.ndarray:
    """(lines, samples) of a plane with what its lines are padded with, a view into it."""
    return np.frombuffer(memoryview(plane), dtype).reshape(-1, plane.line_size // dtype.itemsize)


def _repack(frame: av.VideoFrame, name: str, colour: Colour | None) -> av.VideoFrame:
    """The same samples in another layout. Source and target get the same matrix and range, so nothing is converted."""
    if colour is None:
        return frame.reformat(format=name)
    span = FULL if colour.full_range else LIMITED
    return frame.reformat(format=name, src_color_range=span, dst_color_range=span)


def _mark(frame: av.VideoFrame, form: Layout, colour: Colour) -> None:
    rgb = form.kind in ("rgb", "gbr")
    frame.colorspace = colours.RGB_CODE if rgb else colours.CODE_OF_MATRIX[colour.matrix]
    frame.color_range = FULL if rgb or colour.full_range else LIMITED

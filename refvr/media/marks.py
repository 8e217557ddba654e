"""Marks that say how a picture is meant: which way up, mirrored, how bright its screen was, Dolby Vision.

They come as the bytes of FFmpeg's structs (`av.sidedata`); here they are read, and put into words for encoders.
Source: libavutil/display.h, mastering_display_metadata.h, dovi_meta.h; SMPTE ST 2086; CTA-861.3.
"""
from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np

Primaries: TypeAlias = tuple[tuple[Fraction, Fraction], ...]
Luminance: TypeAlias = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Upright:
    """How a stored picture becomes upright: mirrored left to right first, then turned counter-clockwise.

    angle  what is left of the rotation after the quarter turns, degrees; 0 for every phone
    """

    mirrored: bool = False
    turns: int = 0
    angle: int = 0

    def apply(self, picture: np.ndarray) -> np.ndarray:
        """The upright picture of (h, w) or (h, w, c)."""
        picture = picture[:, ::-1] if self.mirrored else picture
        return np.ascontiguousarray(np.rot90(picture, self.turns)) if self.turns or self.mirrored else picture


def upright(display_matrix: bytes | None) -> Upright:
    """Read a display matrix: nine int32, rows (a b u) (c d v) (x y w); a point (p, q) is shown at (ap + cq, bp + dq).

    Image rows go down, so the angle of (a, b) counts clockwise.
    """
    if not display_matrix or len(display_matrix) < 36:
        return Upright()
    a, b, _, c, d = struct.unpack("=5i", display_matrix[:20])
    if a * d == b * c:   # maps the picture onto a line: no matrix at all
        return Upright()
    mirrored = a * d - b * c < 0
    if mirrored:   # M = rotation after mirroring, and mirroring turns (a, b) around
        a, b = -a, -b
    clockwise = math.degrees(math.atan2(b, a))
    turns = round(-clockwise / 90)
    return Upright(mirrored, turns % 4, round(-clockwise - 90 * turns))


def turned(angle: int) -> Upright:
    """For a counter-clockwise rotation by degrees."""
    turns = round(angle / 90)
    return Upright(False, turns % 4, angle - 90 * turns)


@dataclass(frozen=True)
class Mastering:
    """The screen that an HDR picture was graded on, and how bright the picture gets.

    primaries   x, y of red, green, blue and white; None if unknown
    luminance   darkest and brightest, cd/m^2; None if unknown
    light       brightest pixel and brightest frame (MaxCLL, MaxFALL), cd/m^2; None if unknown
    """

    primaries: Primaries | None = None
    luminance: Luminance | None = None
    light: tuple[int, int] | None = None


def mastering(display: bytes | None, light: bytes | None) -> Mastering | None:
    """From AVMasteringDisplayMetadata and AVContentLightMetadata; None if neither says anything."""
    primaries = luminance = level = None
    if display and len(display) >= 88:
        numbers = struct.unpack("=22i", display[:88])
        values = [Fraction(n, d) if d else Fraction(0) for n, d in zip(numbers[0:20:2], numbers[1:20:2])]
        if numbers[20]:
            primaries = tuple(zip(values[0:8:2], values[1:8:2]))
        if numbers[21]:
            luminance = (values[8], values[9])
    if light and len(light) >= 8:
        level = struct.unpack("=2I", light[:8])
    return Mastering(primaries, luminance, level) if primaries or luminance or level else None


def encoder_options(codec: str, hdr: Mastering) -> dict[str, str] | None:
    """What makes an encoder write the marks of HDR10; None for encoders that cannot."""
    if codec not in _WORDS:
        return None
    option, screen, light, always = _WORDS[codec]
    words = list(always)
    if hdr.primaries and hdr.luminance:   # one message holds both
        said = _screen_decimal if codec == "libsvtav1" else _screen
        words.append(f"{screen}={said(hdr.primaries, hdr.luminance)}")
    if hdr.light:
        words.append(f"{light}={hdr.light[0]},{hdr.light[1]}")
    return {option: ":".join(words)} if words else {}


# encoder -> its option, its words for the screen and for the light, and what it wants besides
_WORDS = {"libx264": ("x264-params", "mastering-display", "cll", ()),
          "libx265": ("x265-params", "master-display", "max-cll", ("hdr10=1",)),
          "libsvtav1": ("svtav1-params", "mastering-display", "content-light", ())}


def _screen(primaries: Primaries, luminance: Luminance) -> str:
    """Green, blue, red, white in steps of 0.00002, luminance in steps of 0.0001 cd/m^2, as ST 2086 stores them."""
    red, green, blue, white = ((round(x * 50000), round(y * 50000)) for x, y in primaries)
    least, most = (round(v * 10000) for v in luminance)
    return "".join(f"{name}({x},{y})" for name, (x, y) in zip(("G", "B", "R", "WP"), (green, blue, red, white))) + \
        f"L({most},{least})"


def _screen_decimal(primaries: Primaries, luminance: Luminance) -> str:
    red, green, blue, white = primaries
    return "".join(f"{name}({float(x):.5f},{float(y):.5f})" for name, (x, y) in
                   zip(("G", "B", "R", "WP"), (green, blue, red, white))) + \
        f"L({float(luminance[1]):.4f},{float(luminance[0]):.4f})"


# What is in the pictures of some clips and cannot be put into new ones: kind of side data -> the line about it
LOST = {"DOVI_METADATA": "Dolby Vision's metadata are left out; the picture is the SDR, HDR10 or HLG below them",
        "DYNAMIC_HDR_PLUS": "the metadata of HDR10+ are left out; the picture is HDR10",
        "A53_CC": "closed captions inside the pictures (CEA-608, CEA-708) are left out"}


def dolby_vision_5(metadata: bytes | None, codec_tag: str) -> bool:
    """Whether the picture is coded in Dolby's IPT, which shows as green and purple where it is taken for Y'CbCr.

    metadata   AVDOVIMetadata of a frame, whose data header says profile 0 with full range for it
    codec_tag  "dvh1" and "dvhe" are used for profile 5 alone: its stream is no HEVC that others could show
    """
    if codec_tag in ("dvh1", "dvhe"):
        return True
    if not metadata or len(metadata) < 24:
        return False
    at = struct.unpack("@N", metadata[:struct.calcsize("@N")])[0]   # where the data header begins
    if at + 11 > len(metadata):
        return False
    profile, full_range = metadata[at + 4], metadata[at + 10]
    return profile == 0 and bool(full_range)

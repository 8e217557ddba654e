"""Pictures of more than a rectangle: 360 degrees around, and two eyes in one frame. Read from FFmpeg's structs, and
written as boxes of MP4, which FFmpeg turns into the marks of any container.

Source: libavutil/spherical.h, stereo3d.h; Google, Spherical Video V2 RFC.
"""
from __future__ import annotations

import struct
from dataclasses import dataclass

EQUIRECTANGULAR, CUBEMAP, TILE = 0, 1, 2   # AVSphericalProjection
SIDE_BY_SIDE, TOP_BOTTOM = 1, 2            # AVStereo3DType
STEREO_MODE = {TOP_BOTTOM: 1, SIDE_BY_SIDE: 2}   # of the box st3d


@dataclass(frozen=True)
class Views:
    """How a frame is spread over a sphere and two eyes.

    projection  one of the three above, or None for a flat picture
    angles      yaw, pitch and roll of its middle, degrees in 16.16
    bounds      what of the sphere is missing left, top, right, bottom of a TILE, in 0.32
    padding     of the faces of a CUBEMAP, pixels
    stereo      SIDE_BY_SIDE, TOP_BOTTOM or None
    """

    projection: int | None = None
    angles: tuple[int, int, int] = (0, 0, 0)
    bounds: tuple[int, int, int, int] = (0, 0, 0, 0)
    padding: int = 0
    stereo: int | None = None


def views(spherical: bytes | None, stereo: bytes | None) -> Views | None:
    """From AVSphericalMapping and AVStereo3D; None for what is flat and for kinds that MP4 has no box for."""
    found = Views()
    if spherical and len(spherical) >= 36:
        numbers = struct.unpack("=4i5I", spherical[:36])
        if numbers[0] in (EQUIRECTANGULAR, CUBEMAP, TILE):
            found = Views(numbers[0], numbers[1:4], numbers[4:8], numbers[8])
    if stereo and len(stereo) >= 4:
        kind = struct.unpack("=i", stereo[:4])[0]
        if kind in STEREO_MODE:
            found = Views(found.projection, found.angles, found.bounds, found.padding, kind)
    return found if found != Views() else None


def box(name: str, *content: bytes) -> bytes:
    """A box of MP4: its length, its name, what is in it."""
    data = b"".join(content)
    return struct.pack(">I", 8 + len(data)) + name.encode() + data


def boxes(found: Views) -> bytes:
    """The boxes st3d and sv3d that stand in the description of a video track."""
    out = b""
    if found.stereo is not None:
        out += box("st3d", bytes(4), bytes([STEREO_MODE[found.stereo]]))
    if found.projection is not None:
        if found.projection == CUBEMAP:
            shape = box("cbmp", bytes(4), struct.pack(">2I", 0, found.padding))
        else:
            left, top, right, bottom = found.bounds
            shape = box("equi", bytes(4), struct.pack(">4I", top, bottom, left, right))
        out += box("sv3d", box("svhd", bytes(4), b"refvr\0"),
                   box("proj", box("prhd", bytes(4), struct.pack(">3i", *found.angles)), shape))
    return out

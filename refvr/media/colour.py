"""RGB <-> Y'CbCr samples, and the resampling of subsampled chroma, in float32.

With the luma weights Kr, Kb of a matrix, Kg = 1 - Kr - Kb, and RGB, Y in [0, 1], Cb, Cr in [-1/2, 1/2]:

    Y = Kr R + Kg G + Kb B        Cb = (B - Y) / (2 (1 - Kb))        Cr = (R - Y) / (2 (1 - Kr))

Stored in `bits` bits, s = 2^(bits-8):  limited range  y = (16 + 219 Y) s,  c = (128 + 224 C) s
                                        full range     y = (2^bits - 1) Y,  c = 128 s + (2^bits - 1) C
Integers are clipped, then rounded half up.

Why not libswscale: its 16-bit and float outputs are too dark by a third of an 8-bit level on average and by up to
a whole level (measured, PyAV 18.1), and what it does differs between versions. Here the formula is the code.

Source: ITU-T H.273 (02/2024) clause 8.3; ITU-R BT.601-7, BT.709-6, BT.2020-2.
"""
from __future__ import annotations

from typing import Literal

import numpy as np

from refvr.errors import InputError
from refvr.media.clip import Colour

# name -> (Kr, Kb), H.273 table 4
MATRICES = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593),
            "smpte240m": (0.212, 0.087), "fcc": (0.30, 0.11)}
# H.273 code point -> name
MATRIX_OF_CODE = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020"}
CODE_OF_MATRIX = {"bt709": 1, "fcc": 4, "bt601": 6, "smpte240m": 7, "bt2020": 9}
RGB_CODE, UNSPECIFIED_CODE = 0, 2
_ROWS = 256  # of a plane that are rounded at a time


def matrix_for(code: int, height: int) -> str:
    """The matrix of an H.273 code point; unspecified means BT.709 from 720 lines on and BT.601 below."""
    if code in (RGB_CODE, UNSPECIFIED_CODE):   # 0 on a Y'CbCr stream can only be a mistake
        return "bt709" if height >= 720 else "bt601"
    if code not in MATRIX_OF_CODE:
        raise InputError(f"the stream uses colour matrix {code} (H.273); expected one of {sorted(MATRIX_OF_CODE)}",
                         fix="convert it to BT.709 first")
    return MATRIX_OF_CODE[code]


def decode_yuv(y: np.ndarray, cb: np.ndarray, cr: np.ndarray, colour: Colour, bits: int) -> np.ndarray:
    """(h, w) code values of three planes, chroma already at full size -> (h, w, 3) float32 RGB clipped to [0, 1].

    Codes outside the range (below black, above white, colours outside the RGB cube) are clipped.
    """
    kr, kb = MATRICES[colour.matrix]
    kg = 1 - kr - kb
    black, white, middle, swing = _levels(colour.full_range, bits)
    y = (y.astype(np.float32) - np.float32(black)) * np.float32(1 / (white - black))
    cb = cb.astype(np.float32) - np.float32(middle)
    cr = cr.astype(np.float32) - np.float32(middle)
    rgb = np.empty((*y.shape, 3), np.float32)
    rgb[..., 0] = y + np.float32(2 * (1 - kr) / swing) * cr
    rgb[..., 1] = y - np.float32(2 * (1 - kr) * kr / kg / swing) * cr - np.float32(2 * (1 - kb) * kb / kg / swing) * cb
    rgb[..., 2] = y + np.float32(2 * (1 - kb) / swing) * cb
    return np.clip(rgb, 0, 1, out=rgb)


def encode_yuv(rgb: np.ndarray, colour: Colour, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(h, w, 3) RGB, clipped to [0, 1] first -> three (h, w) float32 planes of code values, not yet rounded."""
    kr, kb = MATRICES[colour.matrix]
    black, white, middle, swing = _levels(colour.full_range, bits)
    r, g, b = (np.clip(rgb[..., k], 0, 1).astype(np.float32) for k in range(3))
    y = np.float32(kr) * r + np.float32(1 - kr - kb) * g + np.float32(kb) * b
    cb = np.float32(middle) + np.float32(swing / (2 * (1 - kb))) * (b - y)
    cr = np.float32(middle) + np.float32(swing / (2 * (1 - kr))) * (r - y)
    return np.float32(black) + np.float32(white - black) * y, cb, cr


def decode_luma(y: np.ndarray, full_range: bool, bits: int) -> np.ndarray:
    """(h, w) code values of a grey plane -> (h, w) float32 clipped to [0, 1]."""
    black, white, _, _ = _levels(full_range, bits)
    return np.clip((y.astype(np.float32) - np.float32(black)) / np.float32(white - black), 0, 1)


def to_integer(x: np.ndarray, bits: int, maximum: int | None = None) -> np.ndarray:
    """Code values -> uint8 (bits = 8) or uint16: clipped to 0 .. 2^bits - 1 first, then rounded half up.

    With `maximum` the values are fractions of it: 0.5 with maximum 255 is 127.5, so 128.
    """
    top = 2 ** bits - 1
    codes = np.empty(x.shape, np.uint8 if bits == 8 else np.uint16)
    for k in range(0, len(x), _ROWS):
        scaled = np.multiply(x[k:k + _ROWS], np.float32(maximum if maximum is not None else 1), dtype=np.float32)
        scaled += np.float32(0.5)
        np.clip(scaled, 0, top, out=scaled)   # after adding 1/2: floor(top + 1/2) is top
        codes[k:k + _ROWS] = scaled
    return codes


def planes_to_rgb(parts: list[np.ndarray], colour: Colour, bits: int) -> np.ndarray:
    """Planes y, cb, cr of code values, chroma subsampled or not -> (h, w, 3) float32 RGB in [0, 1]."""
    y, cb, cr = parts
    if cb.shape != y.shape:
        cb, cr = (upsample(c, y.shape, colour.siting) for c in (cb, cr))
    return decode_yuv(y, cb, cr, colour, bits)


def rgb_to_planes(rgb: np.ndarray, chroma: tuple[int, int], colour: Colour, bits: int) -> list[np.ndarray]:
    """(h, w, 3) RGB -> integer planes y, cb, cr, the last two of shape `chroma`."""
    y, cb, cr = encode_yuv(rgb, colour, bits)
    if chroma != y.shape:
        cb, cr = (downsample(c, chroma, colour.siting) for c in (cb, cr))
    return [to_integer(p, bits) for p in (y, cb, cr)]


def _levels(full_range: bool, bits: int) -> tuple[float, float, float, float]:
    """Codes of black and white, of neutral chroma, and the codes that chroma spans for 1."""
    s = 2.0 ** (bits - 8)
    top = 2.0 ** bits - 1
    return (0.0, top, 128 * s, top) if full_range else (16 * s, 235 * s, 128 * s, 224 * s)


# Chroma. Going up is linear interpolation at the true places of the samples. Going down uses its biorthogonal dual
# (Cohen, Daubechies, Feauveau 1992), so that reading a frame and writing it again returns the same samples: colour does
# not blur when a clip is processed twice. At the borders both see the plane mirrored.
#   left    up: c0, (c0+c1)/2, c1, ...            down: (-1 2 6 2 -1)/8 around the even places
#   centre  up: (3c0+c-1)/4, (3c0+c1)/4, ...      down: (3 -9 -7 45 45 -7 -9 3)/64 around the middle of each pair
_DOWN = {"left": np.array([-1, 2, 6, 2, -1], np.float32) / 8,
         "centre": np.array([3, -9, -7, 45, 45, -7, -9, 3], np.float32) / 64}


def upsample(c: np.ndarray, shape: tuple[int, int], siting: str) -> np.ndarray:
    """One chroma plane -> (h, w) float32. Rows are always sited in the centre, columns as `siting` says."""
    c = c.astype(np.float32)
    while c.shape[0] < shape[0]:
        c = _double(c, "centre")
    c = c[:shape[0]].T
    while c.shape[0] < shape[1]:
        c = _double(c, siting)
    return np.ascontiguousarray(c[:shape[1]].T)


def downsample(c: np.ndarray, shape: tuple[int, int], siting: str) -> np.ndarray:
    """One (h, w) plane -> the plane of `shape`, a power of two smaller along each axis (rounded up)."""
    while c.shape[0] > shape[0]:
        c = _halve(c, "centre")
    c = c.T
    while c.shape[0] > shape[1]:
        c = _halve(c, siting)
    return np.ascontiguousarray(c.T)


def _double(c: np.ndarray, siting: str) -> np.ndarray:
    """Twice as many rows."""
    after = np.concatenate([c[1:], c[-1:]])
    out = np.empty((2 * c.shape[0], *c.shape[1:]), np.float32)
    if siting == "left":
        out[0::2] = c
        out[1::2] = (c + after) * np.float32(0.5)
    else:
        before = np.concatenate([c[:1], c[:-1]])
        out[0::2] = np.float32(0.75) * c + np.float32(0.25) * before
        out[1::2] = np.float32(0.75) * c + np.float32(0.25) * after
    return out


def _halve(c: np.ndarray, siting: str) -> np.ndarray:
    """Half as many rows, rounded up."""
    taps, rows = _DOWN[siting], (c.shape[0] + 1) // 2
    before = 2 if siting == "left" else 3
    mode: Literal["reflect", "symmetric"] = "reflect" if siting == "left" else "symmetric"
    padded = np.pad(c, ((before, len(taps)), (0, 0)), mode=mode)
    out = np.zeros((rows, *c.shape[1:]), np.float32)
    for k, tap in enumerate(taps):
        out += tap * padded[k:k + 2 * rows:2]
    return out

"""Mistakes around a network: rounding to bytes, luma, which frames stand beyond the ends of a clip."""
from __future__ import annotations

import numpy as np

from refvr.errors import InputError
from refvr.metrics import colour
from refvr.pipeline.edvr import BORDERS, frame_indices
from refvr.verify.mistakes._catalogue import Given, Op, mistake, subject, unless


def to_8bit(x: np.ndarray) -> np.ndarray:
    """Levels 0 to 255 of values in [0, 1], in float32, clipped and rounded (halves to even), as floats."""
    return colour.to_8bit(x.astype(np.float32)).astype(x.dtype)


def luma(x: np.ndarray) -> np.ndarray:
    """Y of BT.601 in its limited range, over 255, of RGB in [0, 1]: (..., 3) -> (..., 1)."""
    return colour.luma(x)[..., None]


def window(x: np.ndarray, *, centre: int, size: int, border: str) -> np.ndarray:
    """The `size` frames of x (t, h, w, c) around number `centre`, beyond the ends by EDVR's rule `border`."""
    if border not in BORDERS or not 0 <= centre < len(x):
        raise InputError(f"window: got border {border!r} and centre {centre}, expected one of {', '.join(BORDERS)} and "
                         f"a frame of the {len(x)}")
    return x[frame_indices(centre, len(x), size, border)]


subject("to_8bit", to_8bit, x="image")
subject("luma", luma, x="image")
subject("window", window, x="image")


def _clipped(a: Given) -> np.ndarray:
    return np.clip(a.x.astype(np.float32), 0, 1)


@mistake("precision", "to_8bit")
def levels_cut_off(op: Op, a: Given) -> np.ndarray:
    """levels cut off in place of rounded."""
    return np.floor(_clipped(a) * np.float32(255)).astype(a.x.dtype)


@mistake("precision", "to_8bit")
def halves_rounded_up(op: Op, a: Given) -> np.ndarray:
    """halves rounded up in place of to even."""
    return np.floor(_clipped(a) * np.float32(255) + np.float32(0.5)).astype(a.x.dtype)


@mistake("precision", "to_8bit")
def times_256(op: Op, a: Given) -> np.ndarray:
    """levels of 256 x, cut off."""
    return np.minimum(np.floor(_clipped(a) * 256), 255).astype(a.x.dtype)


@mistake("number", "to_8bit")
def not_clipped(op: Op, a: Given) -> np.ndarray:
    """values that wrap around in place of clipped."""
    return (np.rint(a.x.astype(np.float32) * np.float32(255)) % 256).astype(a.x.dtype)


@mistake("colour", "luma")
def of_blue_green_red(op: Op, a: Given) -> np.ndarray:
    """the colours in the order blue, green, red."""
    return op(a.but(x=np.ascontiguousarray(a.x[..., ::-1])))


def _weighted(a: Given, weights: tuple[float, float, float], scale: float = 1.0, zero: float = 0.0) -> np.ndarray:
    return (a.x @ np.array(weights, a.x.dtype) * a.x.dtype.type(scale) + a.x.dtype.type(zero))[..., None]


@mistake("colour", "luma")
def full_range(op: Op, a: Given) -> np.ndarray:
    """the full range 0 .. 255 (0.299 R + 0.587 G + 0.114 B) in place of 16 .. 235."""
    return _weighted(a, (0.299, 0.587, 0.114))


@mistake("colour", "luma")
def of_bt_709(op: Op, a: Given) -> np.ndarray:
    """the coefficients of BT.709."""
    return _weighted(a, (0.2126, 0.7152, 0.0722), 219 / 255, 16 / 255)


@mistake("colour", "luma")
def offset_missing(op: Op, a: Given) -> np.ndarray:
    """the 16 missing."""
    return op(a) - a.x.dtype.type(16 / 255)


@mistake("colour", "luma")
def mean_of_the_colours(op: Op, a: Given) -> np.ndarray:
    """the mean of the three colours."""
    return a.x.mean(-1, keepdims=True)


@mistake("precision", "luma")
def luma_rounded(op: Op, a: Given) -> np.ndarray:
    """luma rounded to 8 bits."""
    return np.rint(op(a) * 255) / a.x.dtype.type(255)


def _beyond_the_ends(border: str, says: str) -> None:
    def rule(op: Op, a: Given) -> np.ndarray:
        unless(a.border == border)
        return op(a.but(border=border))

    rule.__name__, rule.__doc__ = border, says
    mistake("border", "window")(rule)


_beyond_the_ends("replicate", "the first and last frame repeated beyond the ends of the clip")
_beyond_the_ends("reflection", "frames mirrored at the ends of the clip")
_beyond_the_ends("reflection_circle", "frames from the far side of the window beyond the ends of the clip")
_beyond_the_ends("circle", "frames that wrap around within the window")


@mistake("order", "window")
def frames_backwards(op: Op, a: Given) -> np.ndarray:
    """the frames of the window in reverse order."""
    return op(a)[::-1].copy()


@mistake("place", "window")
def one_frame_late(op: Op, a: Given) -> np.ndarray:
    """the window of the next frame."""
    unless(a.centre + 1 >= len(a.x))
    return op(a.but(centre=a.centre + 1))

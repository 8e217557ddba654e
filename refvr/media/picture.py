"""What the readers of image files give and their writers take."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refvr.media.image_tags import ImageTags

MAX_PIXELS = 1 << 28   # of one picture: a few bytes of a damaged or evil file must not ask for all memory


@dataclass(frozen=True)
class Look:
    """What the header of an image file promises.

    height, width  upright, orientation marks applied
    channels       1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha
    bits           of a sample; 32 for floating point
    pages          pictures in the file that make a clip, one after the other
    cut            None, or one line saying that there should be more pages
    notes          what a user should know, one line each
    """

    height: int
    width: int
    channels: int
    bits: int = 8
    pages: int = 1
    notes: tuple[str, ...] = ()
    cut: str | None = None


@dataclass(frozen=True)
class Picture:
    """One picture.

    values   (h, w, c) float32; integers v of the file are v / (2^bits - 1); alpha is straight (not premultiplied)
    bits     of a sample in the file; 32 for floating point
    beyond   (h, w, 1 or 3) float32: what of linear light lies outside of [0, 1] (linear.py), or None
    linear   whether the file holds linear light; `values` are display values all the same
    duration_ms  how long it is shown, where the file says so
    """

    values: np.ndarray
    bits: int
    tags: ImageTags = ImageTags()
    beyond: np.ndarray | None = None
    duration_ms: float | None = None
    linear: bool = False


def from_integers(samples: np.ndarray, bits: int) -> np.ndarray:
    """(h, w) or (h, w, c) integers -> (h, w, c) float32."""
    samples = samples[..., None] if samples.ndim == 2 else samples
    return samples.astype(np.float32) / np.float32(2 ** bits - 1)


def straight(values: np.ndarray) -> np.ndarray:
    """Colours that were multiplied by their alpha, the last channel, divided by it; left alone where it is 0."""
    alpha = values[..., -1:]
    colour = np.divide(values[..., :-1], alpha, out=values[..., :-1].copy(), where=alpha > 0)
    return np.concatenate([colour, alpha], axis=2)


def premultiplied(values: np.ndarray) -> np.ndarray:
    """The inverse of `straight`."""
    alpha = values[..., -1:]
    return np.concatenate([np.where(alpha > 0, values[..., :-1] * alpha, values[..., :-1]), alpha], axis=2)

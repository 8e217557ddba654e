"""Mistakes in cubic resizes: OpenCV's and MATLAB's."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from refvr import ops
from refvr.ops.kernels import taps
from refvr.verify.mistakes._catalogue import Given, Op, mistake, subject, unless

subject("resize_cubic", ops.resize_cubic, x="image")
subject("imresize", ops.imresize, x="image")


def _keys(t: np.ndarray, a: float) -> np.ndarray:
    """The cubic kernel of parameter a."""
    t = np.abs(t)
    near, far = ((a + 2) * t - (a + 3)) * t * t + 1, ((a * t - 5 * a) * t + 8 * a) * t - 4 * a
    return np.where(t <= 1, near, np.where(t <= 2, far, 0.0))


def _resized(x: np.ndarray, scale: float, sharpness: float, *, shrink: float, border: str, outputs: list[int],
             half: float = 0.5) -> np.ndarray:
    """Resize by a cubic kernel; `shrink` widens it, `half` moves the places.

    border  "mirror", "edge", or "inside": taps outside of the image are left out before weights are made to sum to 1
    """
    for axis, out in zip((1, 2), outputs):
        size = x.shape[axis]
        u = (np.arange(out) + half) / scale - half
        k = np.floor(u - 2 / shrink).astype(np.int64)[:, None] + np.arange(math.ceil(4 / shrink) + 2)
        weight = _keys((u[:, None] - k) * shrink, sharpness)
        weight = np.where((k >= 0) & (k < size), weight, 0) if border == "inside" else weight
        weight /= weight.sum(axis=1, keepdims=True)
        index = taps.mirrored(k, size) if border == "mirror" else np.clip(k, 0, size - 1)
        x = taps.apply_plain(x, taps.Taps(index, weight, size), axis)
    return x


def _opencv(a: Given, **change: object) -> np.ndarray:
    parts: dict[str, Any] = {"sharpness": -0.75, "shrink": 1.0, "border": "edge",
             "outputs": [round(n * a.scale) for n in a.x.shape[1:3]]}
    return _resized(a.x, a.scale, **parts | change)


def _matlab(a: Given, **change: object) -> np.ndarray:
    parts: dict[str, Any] = {"sharpness": -0.5, "shrink": min(a.scale, 1.0) if a.antialias else 1.0, "border": "mirror",
             "outputs": [math.ceil(n * a.scale) for n in a.x.shape[1:3]]}
    return _resized(a.x, a.scale, **parts | change)


@mistake("number", "resize_cubic")
def parameter_of_matlab(op: Op, a: Given) -> np.ndarray:
    """the cubic kernel of MATLAB and Pillow (a = -1/2) in place of OpenCV's (a = -3/4)."""
    return _opencv(a, sharpness=-0.5)


@mistake("border", "resize_cubic")
def cubic_border_mirrored(op: Op, a: Given) -> np.ndarray:
    """a mirrored border in place of a repeated edge."""
    return _opencv(a, border="mirror")


@mistake("place", "resize_cubic")
def cubic_half_pixels_missing(op: Op, a: Given) -> np.ndarray:
    """places d / scale without the half pixels."""
    return _opencv(a, half=0.0)


@mistake("number", "imresize")
def parameter_of_opencv(op: Op, a: Given) -> np.ndarray:
    """the cubic kernel of OpenCV and PyTorch (a = -3/4) in place of MATLAB's (a = -1/2)."""
    return _matlab(a, sharpness=-0.75)


@mistake("number", "imresize")
def no_antialiasing(op: Op, a: Given) -> np.ndarray:
    """no antialiasing where it shrinks."""
    unless(not a.antialias or a.scale >= 1)
    return op(a.but(antialias=False))


@mistake("border", "imresize")
def edge_repeated(op: Op, a: Given) -> np.ndarray:
    """the edge repeated in place of a mirrored border."""
    return _matlab(a, border="edge")


@mistake("border", "imresize")
def border_left_out(op: Op, a: Given) -> np.ndarray:
    """taps outside of the image left out (Pillow, PyTorch with antialias) in place of a mirrored border."""
    return _matlab(a, border="inside")


@mistake("place", "imresize")
def matlab_half_pixels_missing(op: Op, a: Given) -> np.ndarray:
    """places d / scale without the half pixels."""
    return _matlab(a, half=0.0)


@mistake("precision", "resize_cubic", "imresize")
def rounded_to_bytes(op: Op, a: Given) -> np.ndarray:
    """the result rounded to 8 bits."""
    return np.rint(np.clip(op(a), 0, 1) * 255) / a.x.dtype.type(255)

"""Operands in the layout of PyTorch and ONNX, and in ours."""
from __future__ import annotations

import numpy as np

from refvr.errors import InputError

LAYOUTS = ("nhwc", "nchw")


def from_nchw(x: np.ndarray, axes: str, channels: int = 1) -> np.ndarray:
    """An array whose channels come first, as PyTorch has it, in our layout; `axes` says what kind of array it is.

    image (n, c, h, w)  clip (n, c, t, h, w)  frames (n, t, c, h, w)  kernel (o, c, kh, kw)  kernel3d (o, c, kt, kh, kw)
    kernel_transposed (c, o, kh, kw)  matrix (o, c)  taps (n, c k k, h, w), the filters of fac for `channels` channels
    others: as they are
    """
    expected = {"image": 4, "clip": 5, "frames": 5, "kernel": 4, "kernel3d": 5, "kernel_transposed": 4, "matrix": 2,
                "taps": 4}.get(axes)
    if expected is None:
        return x
    if x.ndim != expected:
        raise InputError(f"got an array of shape {x.shape}, expected {expected} axes for a {axes} with channels first")
    if axes == "taps":
        return taps_first(x, channels)
    moves = {"image": (0, 2, 3, 1), "clip": (0, 2, 3, 4, 1), "frames": (0, 1, 3, 4, 2), "kernel": (2, 3, 1, 0),
             "kernel3d": (2, 3, 4, 1, 0), "kernel_transposed": (2, 3, 0, 1), "matrix": (1, 0)}
    return np.ascontiguousarray(x.transpose(moves[axes]))


def taps_first(x: np.ndarray, c: int) -> np.ndarray:
    """(n, c k k, h, w), channel after channel -> (n, h, w, k k, c)."""
    n, channels, h, w = x.shape
    if channels % c:
        raise InputError(f"got filters of {channels} channels, expected c * k * k of them with c = {c}")
    return np.ascontiguousarray(x.reshape(n, c, channels // c, h, w).transpose(0, 3, 4, 2, 1))


def to_nchw(x: np.ndarray, axes: str) -> np.ndarray:
    """The reverse of `from_nchw`."""
    moves = {"image": (0, 3, 1, 2), "clip": (0, 4, 1, 2, 3), "frames": (0, 1, 4, 2, 3), "kernel": (3, 2, 0, 1),
             "kernel3d": (4, 3, 0, 1, 2), "kernel_transposed": (2, 3, 0, 1), "matrix": (1, 0)}
    if axes == "taps":
        n, h, w, taps, c = x.shape
        return np.ascontiguousarray(x.transpose(0, 4, 3, 1, 2)).reshape(n, c * taps, h, w)
    return np.ascontiguousarray(x.transpose(moves[axes])) if axes in moves else x

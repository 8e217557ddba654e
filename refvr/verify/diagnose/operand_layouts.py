"""Operands in the layout of PyTorch and ONNX, and in ours."""
from __future__ import annotations

import numpy as np

from refvr.errors import InputError
from refvr.verify.runs.axes import reordered

LAYOUTS = ("nhwc", "nchw")


def axes_of_kind(kind: str) -> tuple[str, str] | None:
    """The axes of a kind of array with channels first, as PyTorch has it, and in our layout; None for other kinds."""
    return {"image": ("n c h w", "n h w c"), "clip": ("n c t h w", "n t h w c"), "frames": ("n t c h w", "n t h w c"),
            "kernel": ("o c i j", "i j c o"), "kernel3d": ("o c t i j", "t i j c o"),
            "kernel_transposed": ("c o i j", "i j c o"), "matrix": ("o c", "c o")}.get(kind)


def from_nchw(x: np.ndarray, axes: str, channels: int = 1) -> np.ndarray:
    """An array whose channels come first in our layout; `axes` says what kind of array it is.

    A kind of axes_of_kind; "taps" (n, c k k, h, w), the filters of fac for `channels` channels; others: as they are
    """
    known = axes_of_kind("image" if axes == "taps" else axes)
    if known and x.ndim != len(known[0].split()):
        raise InputError(f"got an array of shape {x.shape}, expected {len(known[0].split())} axes for a {axes} with "
                         "channels first")
    if axes == "taps":
        return taps_first(x, channels)
    return np.ascontiguousarray(reordered(x, *known)) if known else x


def taps_first(x: np.ndarray, c: int) -> np.ndarray:
    """(n, c k k, h, w), channel after channel -> (n, h, w, k k, c)."""
    n, channels, h, w = x.shape
    if channels % c:
        raise InputError(f"got filters of {channels} channels, expected c * k * k of them with c = {c}")
    return np.ascontiguousarray(x.reshape(n, c, channels // c, h, w).transpose(0, 3, 4, 2, 1))


def to_nchw(x: np.ndarray, axes: str) -> np.ndarray:
    """The reverse of `from_nchw`."""
    if axes == "taps":
        n, h, w, taps, c = x.shape
        return np.ascontiguousarray(x.transpose(0, 4, 3, 1, 2)).reshape(n, c * taps, h, w)
    known = axes_of_kind(axes)
    return np.ascontiguousarray(reordered(x, *reversed(known))) if known else x

"""Between the layout of a case (channels first, as in PyTorch) and ours (channels last); samples of large arrays."""
from __future__ import annotations

import re
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.types import DType


def channels_last(x: np.ndarray, dtype: DType) -> np.ndarray:
    """(..., c, h, w) -> (..., h, w, c), contiguous, of type `dtype`."""
    return np.ascontiguousarray(np.moveaxis(x, -3, -1), dtype)


def channels_first(x: np.ndarray) -> np.ndarray:
    """(..., h, w, c) -> (..., c, h, w)."""
    return np.moveaxis(x, -1, -3)


def slices(text: str, what: str) -> tuple[Any, ...]:
    """"[:, ::4, :93]" or "[..., ::8]" as an index; InputError, which begins with `what`, for anything else."""
    parts = [part.strip() for part in text.strip().removeprefix("[").removesuffix("]").split(",")]
    if parts.count("...") > 1 or not all(part == "..." or re.fullmatch(r"\d*(:\d*){1,2}", part) for part in parts):
        raise InputError(f"{what} is {text!r}, expected the like of '[:, ::4, :93]' or '[..., ::8]'")
    return tuple(... if part == "..." else slice(*(int(number) if number else None for number in part.split(":")))
                 for part in parts)


def sample(x: np.ndarray, shape: tuple[int, ...], stated: str = "") -> np.ndarray:
    """The elements of x that a case kept: x[stated], or every s-th along each axis where s follows from the sizes.

    stated  "[:, ::4, ::2]", from "sampling" in the case's meta
    Raises InputError where nothing of `shape` comes of it, or where the sizes allow several strides.
    """
    if stated:
        kept = _indexed(x, slices(stated, "sampling"), stated)
        if kept.shape != shape:
            raise InputError(f"computed with shape {x.shape}, of which {stated} is {kept.shape}, expected {shape}")
        return kept
    if x.ndim != len(shape):
        raise InputError(f"computed with shape {x.shape}, expected {shape}")
    steps = [_stride(size, wanted, axis, x.shape, shape) for axis, (size, wanted) in enumerate(zip(x.shape, shape))]
    return x[tuple(slice(None, None, step) for step in steps)]


def _indexed(x: np.ndarray, index: tuple[Any, ...], stated: str) -> np.ndarray:
    if len(index) - (... in index) > x.ndim:
        raise InputError(f"computed with shape {x.shape}, which has no {stated}")
    return x[index]


def _stride(size: int, wanted: int, axis: int, computed: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """The s of which every s-th of `size` elements are `wanted`.

    Where several fit, a power of two or one that divides the size, if it is the only such: 8 of 8 or 9 for 64
    elements of which 8 are kept. Of 12 elements every sixth and every eighth are two: that has to be stated.
    """
    if size == wanted:
        return 1
    fits = [s for s in range(1, size + 1) if -(-size // s) == wanted]
    if not fits:
        raise InputError(f"computed with shape {computed}, expected {shape}, or a multiple where the case is thinned "
                         "out")
    usual = [s for s in fits if s & (s - 1) == 0 or s * wanted == size]
    if len(fits) == 1:
        return fits[0]
    if len(usual) != 1:
        raise InputError(f"the case keeps {wanted} of {size} elements along axis {axis}, at a stride of "
                         f"{' or '.join(map(str, usual or fits))}",
                         fix='state it in the case: "sampling": {"NAME": "[..., ::8]"} in meta')
    return usual[0]

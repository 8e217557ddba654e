"""Frames on their way into a driver, every one looked at, brought to one type and copied; and out as authors write.

Kernels do not look at shapes, and a window keeps frames while the caller may fill the same buffer with the next one.
So each driver takes its stream through `checked`:

    given                    becomes
    float16, 32, 64          the network's float type; values in [0, 1], and as far beyond as noise and overshoot go
    uint8, uint16            v / 255, v / 65535, as in image files
    anything else            an InputError that names the frame, what it is, what was expected and what to do
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.nn.module import Module

_BEYOND = 8  # noise of sigma 255 leaves [0, 1] by about 5; frames in 0..255 by more than this, unless they are black
_LEVELS = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


def checked(frames: Iterable[Any], net: Module) -> Iterator[np.ndarray]:
    """(h, w, 3) RGB frames of one size -> copies in the float type of `net`.

    Raises InputError for what is no stream, and for a frame of another shape, type, range or size when it comes.
    """
    if isinstance(frames, (str, bytes)) or not hasattr(frames, "__iter__"):
        raise InputError(f"frames: got {type(frames).__name__}, expected an iterable of (h, w, 3) arrays",
                         fix="for files there is refvr.restore")
    dtype = np.dtype(next(iter(net.parameters().values())).dtype)
    first: tuple[int, ...] | None = None
    for number, given in enumerate(frames):
        frame = _array(given, number)
        first = first or frame.shape
        if frame.shape != first:
            raise InputError(f"frame {number}: got {_size(frame.shape)} after {_size(first)}, expected one size "
                             "throughout", fix="restore each size as a clip of its own")
        yield _converted(frame, dtype, number)


def _array(given: object, number: int) -> np.ndarray:
    """The frame as an array of the right shape and a type that can be converted."""
    try:
        frame = np.asarray(given)
    except Exception as error:  # whatever a foreign object does when it is asked for its values
        raise InputError(f"frame {number}: got {type(given).__name__}, which gives no array ({error}), "
                         "expected (h, w, 3)", fix="convert it to a NumPy array") from error
    if frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise InputError(f"frame {number}: got shape {frame.shape}, expected (h, w, 3), RGB", fix=_advice(frame.shape))
    if frame.dtype not in _LEVELS and (frame.dtype.kind != "f" or frame.dtype.itemsize > 8):
        raise InputError(f"frame {number}: got {frame.dtype}, expected floats in [0, 1], uint8 or uint16",
                         fix="convert it, for example frame.astype(numpy.uint8)")
    return frame


def _advice(shape: tuple[int, ...]) -> str:
    if 0 in shape:
        return "leave empty frames out"
    if len(shape) == 2 and shape[1] == 3:
        return "for a single frame give [frame]"
    if len(shape) == 2 or shape[2:] == (1,):
        return "grey goes in three times: numpy.repeat(frame.reshape(h, w, 1), 3, axis=2)"
    if shape[2:] == (4,):
        return "leave alpha out: frame[..., :3]"
    if len(shape) == 3 and shape[0] == 3:
        return "channels go last: frame.transpose(1, 2, 0)"
    if len(shape) == 4 and shape[0] == 1:
        return "give frames without a batch axis: frame[0]"
    return "give one picture at a time, rows, columns, channels"


def _converted(frame: np.ndarray, dtype: np.dtype, number: int) -> np.ndarray:
    """A copy of its own in `dtype`, in row order."""
    if frame.dtype in _LEVELS:
        return np.ascontiguousarray(frame).astype(dtype) / dtype.type(_LEVELS[frame.dtype])
    low, high = frame.min(), frame.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"frame {number}: got values that are not finite (nan or inf), expected [0, 1]",
                         fix="numpy.nan_to_num, or find out where they come from")
    if low < -_BEYOND or high > 1 + _BEYOND:
        raise InputError(f"frame {number}: got values from {low:g} to {high:g}, expected [0, 1]",
                         fix="divide 8-bit values by 255, or give them as uint8")
    return np.array(frame, dtype, order="C")


def truncated_to_8_bits(frame: np.ndarray) -> np.ndarray:
    """[0, 1] -> the next of 0/255 .. 255/255 below, or itself: what casting to uint8 does, where one means to round."""
    levels = frame.dtype.type(255)
    return np.floor(frame * levels) / levels


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"

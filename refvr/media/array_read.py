"""Arrays on disk -> frames: `.npy`, mapped, and `.h5`, a frame at a time.

(t, h, w, c), or (h, w, c) for one picture, c = 1 grey, 3 RGB, 4 RGB + alpha; uint8 and uint16 are divided by their
maximum, floating point is taken as it is and must be finite and scaled to [0, 1]; either byte order. HDF5: dataset
"frames", or the only one with four axes. Pickled objects are never loaded, and nothing beside the file is read.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from refvr import hdf5, npy
from refvr.errors import InputError, printable
from refvr.media.arrays import HDF5_SUFFIXES
from refvr.media.clip import ClipInfo, Frame, Reader

# Interpolation and sharpening overshoot a little; 0..255 in floating point is a mistake of scale
LOWEST, HIGHEST = -0.5, 1.5
SLOWEST, FASTEST = 1e-3, 1e5   # frames a second that are believed


class ArrayReader(Reader):
    """Frames of a .npy or .h5 file, read one at a time."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._open = ExitStack()
        is_hdf5 = path.suffix.lower() in HDF5_SUFFIXES
        try:
            array, fps = self._open_hdf5() if is_hdf5 else (npy.mapped(path), None)
            self._array, single = self._check(array)
        except BaseException:
            self.close()
            raise
        t, h, w, c = (1, *array.shape) if single else array.shape
        bits = 8 * array.dtype.itemsize if array.dtype.kind == "u" else 32
        self._single, self._count = single, t
        self.info = ClipInfo(width=w, height=h, frames=t, fps=fps, bit_depth=bits, kind="h5" if is_hdf5 else "npy",
                             has_alpha=c == 4, grey=c == 1, source=str(path),
                             pix_fmt=str(array.dtype.newbyteorder("=")))

    def close(self) -> None:
        """Close the file."""
        self._array = None
        self._open.close()

    def _open_hdf5(self) -> tuple[Any, Fraction | None]:
        if self.path.is_file() and not self.path.stat().st_size:
            raise InputError(f"{self.path} is empty (0 bytes); expected an HDF5 file", fix="write it with h5py")
        try:
            with ExitStack() as stack:
                file = stack.enter_context(hdf5.opened(self.path))
                found = self._choose(file)
                self._open = stack.pop_all()
        except InputError as error:
            named = error.message if printable(str(self.path)) in error.message else f"{self.path}: {error.message}"
            raise InputError(named, fix=error.fix) from error
        return found

    def _choose(self, file: object) -> tuple[Any, Fraction | None]:
        named = hdf5.datasets(file)
        fours = [name for name, item in named.items() if item.ndim == 4]
        chosen = "frames" if "frames" in named else fours[0] if len(fours) == 1 else None
        if chosen is None:
            shown = [*sorted(named)[:8], *(["..."] if len(named) > 8 else [])]
            raise InputError(f"{self.path} holds the datasets {', '.join(shown) or 'none'}; expected one called frames "
                             "in the file itself, or a single one with axes (t, h, w, c)",
                             fix="rename the dataset to frames")
        item = named[chosen]
        if hdf5.dtype_of(item) is None:
            raise InputError(f"{self.path}: {chosen} holds {hdf5.type_name(item)}; expected uint8, uint16 or floating "
                             "point", fix="convert it with x.astype('float32')")
        hdf5.check(item, in_parts=item.ndim == 4)
        return item, self._rate(hdf5.attributes(item).get("fps", hdf5.attributes(file).get("fps")))

    def _rate(self, fps: Any) -> Fraction | None:
        """The attribute fps, where it is a rate."""
        try:
            rate = None if fps is None else float(fps)
        except (TypeError, ValueError, OverflowError):
            rate = float("nan")
        if rate is not None and not (isfinite(rate) and SLOWEST <= rate <= FASTEST):
            self.warnings.append(f"the attribute fps of {self.path.name} is {printable(str(fps)[:40])}, which is no "
                                 "rate; it is not used")
            return None
        return None if rate is None else Fraction(rate).limit_denominator(1001)

    def _check(self, array: Any) -> tuple[Any, bool]:
        """The array and whether it is one picture without a time axis."""
        shape, fits = tuple(array.shape), array.ndim in (3, 4) and array.shape[-1] in (1, 3, 4)
        if not fits or 0 in shape:
            swapped = array.ndim == 4 and shape[1] in (1, 3, 4)
            raise InputError(f"{self.path} has shape {shape}; expected (t, h, w, c) or (h, w, c) with c = 1, 3 or 4 "
                             "and no empty axis",
                             fix="move the channels last: x.transpose(0, 2, 3, 1)" if swapped else "reshape it")
        if array.dtype.kind != "f" and array.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
            raise InputError(f"{self.path} holds {array.dtype}; expected uint8, uint16 or floating point",
                             fix="convert it with x.astype('float32')")
        return array, array.ndim == 3

    def _frames(self) -> Iterator[Frame]:
        for t in range(self._count):
            try:
                values = np.asarray(self._array[()] if self._single else self._array[t])
            except (OSError, RuntimeError, ValueError) as error:   # a damaged chunk of an HDF5 file
                self.truncated = (f"{t} of {self._count} frames of {self.path.name} could be read "
                                  f"({hdf5.reason(error)})")
                return
            values = self._scale(values, t)
            rgb = values[..., :3] if values.shape[2] > 1 else np.repeat(values, 3, axis=2)
            alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
            yield Frame(np.ascontiguousarray(rgb), alpha=alpha)

    def _scale(self, values: np.ndarray, t: int) -> np.ndarray:
        if values.dtype.kind == "u":
            return values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)
        return check_scale(values, f"frame {t} of {self.path}")


def check_scale(values: np.ndarray, what: str) -> np.ndarray:
    """Floating-point samples as float32. InputError unless they are finite and scaled to [0, 1], or nearly."""
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise InputError(f"{what} has {bad} values that are NaN or infinite; expected finite numbers in [0, 1]",
                         fix="replace them, for example with numpy.nan_to_num")
    low, high = float(values.min()), float(values.max())
    if low < LOWEST or high > HIGHEST:
        raise InputError(f"{what} has values from {low:.4g} to {high:.4g}; expected [0, 1]",
                         fix="divide by the maximum, or store uint8")
    return values.astype(np.float32)

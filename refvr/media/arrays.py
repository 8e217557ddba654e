"""Arrays on disk <-> frames: `.npy` (memory-mapped) and `.h5`.

In: (t, h, w, c), or (h, w, c) for one picture, c = 1 grey, 3 RGB, 4 RGB + alpha; uint8 and uint16 are divided by their
maximum, floating point is taken as it is and must be finite and scaled to [0, 1]. HDF5: dataset "frames", or the only
one with four axes. Pickled objects are never loaded.
Out: float32, unclipped, (t, h, w, 3), or with a fourth channel for alpha; HDF5 dataset "frames", attribute "fps".
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import InputError, OutputError
from refvr.media.append_file import AppendFile
from refvr.media.atomic import PartFile, Quiet
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Frame, Reader, Writer
from refvr.media.part_folder import Job, PartFolder

HDF5_SUFFIXES = {".h5", ".hdf5"}
# Interpolation and sharpening overshoot a little; 0..255 in floating point is a mistake of scale
LOWEST, HIGHEST = -0.5, 1.5
_NPY_HEADER = 128


class ArrayReader(Reader):
    """Frames of a .npy or .h5 file, read one at a time."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._file: Any = None
        hdf5 = path.suffix.lower() in HDF5_SUFFIXES
        try:
            array, fps = self._open_hdf5() if hdf5 else (self._open_npy(), None)
            self._array, single = self._check(array)
        except BaseException:
            self.close()
            raise
        t, h, w, c = (1, *array.shape) if single else array.shape
        bits = 8 * array.dtype.itemsize if array.dtype.kind == "u" else 32
        self._single = single
        self.info = ClipInfo(width=w, height=h, frames=t, fps=fps, bit_depth=bits, kind="h5" if hdf5 else "npy",
                             has_alpha=c == 4, grey=c == 1, source=str(path), pix_fmt=str(array.dtype))

    def close(self) -> None:
        """Close the file."""
        self._array = None
        if self._file is not None:
            self._file.close()

    def _open_npy(self) -> np.ndarray:
        try:
            return np.load(self.path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            what = "is empty (0 bytes)" if not self.path.stat().st_size else f"cannot be read ({_line(error)})"
            raise InputError(f"{self.path} {what}; expected a .npy array of numbers",
                             fix="write it with numpy.save, without objects") from error

    def _open_hdf5(self) -> tuple[Any, Fraction | None]:
        import h5py
        try:
            self._file = h5py.File(self.path, "r")
        except OSError as error:
            what = "is empty (0 bytes)" if not self.path.stat().st_size else f"cannot be read ({_line(error)})"
            raise InputError(f"{self.path} {what}; expected an HDF5 file", fix="write it with h5py") from error
        named: dict[str, Any] = {}
        self._file.visititems(lambda name, item: named.update({name: item} if hasattr(item, "dtype") else {}))
        fours = [name for name, item in named.items() if item.ndim == 4]
        chosen = "frames" if "frames" in named else fours[0] if len(fours) == 1 else None
        if chosen is None:
            raise InputError(f"{self.path} holds the datasets {', '.join(sorted(named)) or 'none'}; expected one "
                             "called frames, or a single one with axes (t, h, w, c)",
                             fix="rename the dataset to frames")
        with contextlib.suppress(TypeError, ValueError):
            fps = named[chosen].attrs.get("fps", self._file.attrs.get("fps"))
            return named[chosen], Fraction(float(fps)).limit_denominator(1001) if fps is not None else None
        return named[chosen], None

    def _check(self, array: Any) -> tuple[Any, bool]:
        """The array and whether it is one picture without a time axis."""
        shape, fits = tuple(array.shape), array.ndim in (3, 4) and array.shape[-1] in (1, 3, 4)
        if not fits or 0 in shape:
            swapped = array.ndim == 4 and shape[1] in (1, 3, 4)
            raise InputError(f"{self.path} has shape {shape}; expected (t, h, w, c) or (h, w, c) with c = 1, 3 or 4 "
                             "and no empty axis",
                             fix="move the channels last: x.transpose(0, 2, 3, 1)" if swapped else "reshape it")
        if array.dtype not in (np.uint8, np.uint16) and array.dtype.kind != "f":
            raise InputError(f"{self.path} holds {array.dtype}; expected uint8, uint16 or floating point",
                             fix="convert it with x.astype('float32')")
        return array, array.ndim == 3

    def _frames(self) -> Iterator[Frame]:
        for t in range(self.info.frames):
            try:
                values = np.asarray(self._array if self._single else self._array[t])
            except OSError as error:   # a damaged chunk of an HDF5 file
                self.truncated = f"{t} of {self.info.frames} frames of {self.path.name} could be read ({_line(error)})"
                return
            values = self._scale(values, t)
            rgb = values[..., :3] if values.shape[2] > 1 else np.repeat(values, 3, axis=2)
            alpha = np.ascontiguousarray(values[..., 3]) if values.shape[2] == 4 else None
            yield Frame(np.ascontiguousarray(rgb), alpha=alpha)

    def _scale(self, values: np.ndarray, t: int) -> np.ndarray:
        if values.dtype.kind == "u":
            return values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max)
        bad = values.size - int(np.isfinite(values).sum())
        if bad:
            raise InputError(f"frame {t} of {self.path} has {bad} values that are NaN or infinite; expected finite "
                             "numbers in [0, 1]", fix="replace them, for example with numpy.nan_to_num")
        low, high = float(values.min()), float(values.max())
        if low < LOWEST or high > HIGHEST:
            raise InputError(f"frame {t} of {self.path} has values from {low:.4g} to {high:.4g}; expected [0, 1]",
                             fix="divide by the maximum, or store uint8")
        return values.astype(np.float32)


class NpyWriter(Writer):
    """Write (t, h, w, c) float32, streaming, as `frames.npy` of the part folder: its header always says what is there.
    """

    def __init__(self, path: Path, like: ClipInfo, *, width: int | None = None, height: int | None = None,
                 overwrite: bool = True, job: Job | None = None) -> None:
        super().__init__(path, height or like.height, width or like.width)
        self.channels = 4 if like.has_alpha else 3
        made = {"size": [self.width, self.height], "channels": self.channels}
        self.part = PartFolder(self.path, like.source, overwrite=overwrite, job=job, made=made)
        self.warnings += self.part.warnings
        self._frames_file = self.part.file("frames.npy")
        self._part = AppendFile.resumed(self._frames_file, self.path, npy_header(self._shape(0)))
        self.written = len(self._part.entries)
        self._part.rewrite_head(npy_header(self._shape(self.written)))

    def _shape(self, t: int) -> tuple[int, ...]:
        return t, self.height, self.width, self.channels

    def _write(self, frame: Frame) -> None:
        self._part.write(np.ascontiguousarray(with_alpha(frame, self.channels), "<f4").tobytes())
        self._part.mark()
        self._part.rewrite_head(npy_header(self._shape(self.written + 1)))

    def _sync(self) -> None:
        self._part.sync()

    def _finish(self) -> None:
        if not self.written:
            raise OutputError(f"no frame was written to {self.path}; expected at least one", fix="check the input")
        self._part.commit()
        self.part.finished()

    def _abandon(self) -> Path | None:
        self._part.abandon()
        return self.part.leave(self._frames_file if self.written else None)


class Hdf5Writer(NpyWriter):
    """Write the float32 dataset "frames" (t, h, w, c). HDF5 writes its index last, so frames wait in a .npy for it."""

    def __init__(self, path: Path, like: ClipInfo, *, fps: Fraction | None = None, **options: Any) -> None:
        import h5py  # noqa: F401  what is missing is said now
        self._fps = float(fps or like.fps or DEFAULT_FPS)
        super().__init__(path, like, **options)

    def _finish(self) -> None:
        if not self.written:
            raise OutputError(f"no frame was written to {self.path}; expected at least one", fix="check the input")
        self._part.close()
        part = self.part.fresh("whole")
        try:
            self._convert(part)
        except BaseException:
            part.discard()
            raise
        part.commit()
        self.part.finished()

    def _convert(self, part: PartFile) -> None:
        import h5py
        frames = np.load(self._frames_file, mmap_mode="r")
        with h5py.File(Quiet(part), "w") as file:
            data = file.create_dataset("frames", frames.shape, np.float32, maxshape=(None, *frames.shape[1:]),
                                       chunks=(1, *frames.shape[1:]))
            data.attrs["fps"] = self._fps
            data.attrs["layout"] = "t h w c, RGB in [0, 1]"
            for t, frame in enumerate(frames):
                data[t] = frame
                if part.error:
                    break
        part.check()


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The header of a float32 .npy, always of the same length."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00" + (_NPY_HEADER - 10).to_bytes(2, "little") + \
        text.encode().ljust(_NPY_HEADER - 11) + b"\n"


def with_alpha(frame: Frame, channels: int) -> np.ndarray:
    """(h, w, 3), or with 4 channels the alpha behind it, opaque if the frame has none."""
    if channels == 3:
        return frame.rgb
    alpha = np.ones(frame.rgb.shape[:2], np.float32) if frame.alpha is None else frame.alpha
    return np.concatenate([frame.rgb, alpha[..., None]], axis=2)


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:100]

"""Frames -> arrays on disk, `.npy` and `.h5`; array_read.py reads them.

Float32, unclipped, (t, h, w, 3), or with a fourth channel for alpha; HDF5 dataset "frames", attribute "fps".
"""
from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import OutputError
from refvr.media.append_file import AppendFile
from refvr.media.atomic import PartFile
from refvr.media.clip import DEFAULT_FPS, ClipInfo, Frame
from refvr.media.part_folder import Job, PartFolder
from refvr.media.quiet import Quiet
from refvr.media.room import Need
from refvr.media.writer import Writer

HDF5_SUFFIXES = {".h5", ".hdf5"}
_NPY_HEADER = 128


class NpyWriter(Writer):
    """Write (t, h, w, c) float32, streaming, as `frames.npy` of the part folder: its header always says what is there.
    """

    part: PartFolder

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
        self._mark(frame)
        self._part.rewrite_head(npy_header(self._shape(self.written + 1)))

    def _mark(self, frame: Frame) -> None:
        """The frame is whole."""
        self._part.mark()

    def _need(self) -> Need:
        return Need(4 * self.channels, 4 * self.channels)

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

    def _need(self) -> Need:
        return Need(4 * self.channels, 4 * self.channels, copies=2)

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
    """(h, w, 3), or with 4 channels the alpha after it, opaque if the frame has none."""
    if channels == 3:
        return frame.rgb
    alpha = np.ones(frame.rgb.shape[:2], np.float32) if frame.alpha is None else frame.alpha
    return np.concatenate([frame.rgb, alpha[..., None]], axis=2)

"""What a stream holds of a value: a line buffer, the whole map, or the whole map in a file."""
from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from refvr.errors import OutputError
from refvr.ops.arrange import concat_fast
from refvr.ops.core.arena import empty
from refvr.ops.core.copies import copy_to
from refvr.types import DType


class Line:
    """The rows of a value that are still needed, in the pieces in which they came."""

    def __init__(self, axis: int) -> None:
        self._lead = (slice(None),) * axis
        self._axis = axis
        self._pieces: list[tuple[int, np.ndarray]] = []  # (first row, rows), from the top

    def add(self, row: int, rows: np.ndarray) -> None:
        """The next rows, from `row` on."""
        self._pieces.append((row, rows))

    def part(self, start: int, stop: int) -> np.ndarray:
        """Rows start .. stop - 1: put together where they came in several pieces."""
        found = []
        for first, rows in self._pieces:
            end = first + rows.shape[self._axis]
            if first < stop and end > start:
                inside = slice(max(start - first, 0), min(stop, end) - first)
                found.append(rows if inside == slice(0, end - first) else rows[(*self._lead, inside)])
        return found[0] if len(found) == 1 else concat_fast(*found, axis=self._axis)

    def forget(self, row: int) -> None:
        """Those above `row` are dead."""
        self._pieces = [(first, rows) if first >= row else (row, _copy(rows[(*self._lead, slice(row - first, None))]))
                        for first, rows in self._pieces if first + rows.shape[self._axis] > row]


def _copy(x: np.ndarray) -> np.ndarray:
    y = empty(x.shape, x.dtype)  # where the operations' results lie: two heaps would each keep their own peak
    copy_to(y, x)
    return y


class Whole:
    """A map whose rows all stay."""

    def __init__(self, data: np.ndarray, axis: int | None) -> None:
        self.data = data
        self._lead = (slice(None),) * (axis or 0)

    def add(self, row: int, rows: np.ndarray) -> None:
        """Rows from `row` on, in their place."""
        copy_to(self.data[(*self._lead, slice(row, row + rows.shape[len(self._lead)]))], rows)

    def part(self, start: int, stop: int) -> np.ndarray:
        """Rows start .. stop - 1."""
        return self.data[(*self._lead, slice(start, stop))]


class Stored:
    """A map in a file: its rows go out as they are computed and come in as they are read; memory keeps none of them.

    The file has no name, so nothing is left of it when the last reference goes, whatever ends the process.
    """

    nbytes = 0  # of memory
    stored = True

    def __init__(self, shape: tuple[int, ...], dtype: DType, axis: int) -> None:
        self.shape, self.dtype, self._axis = tuple(shape), np.dtype(dtype), axis
        self.ndim = len(self.shape)
        self._row = int(np.prod(shape[axis + 1:], dtype=np.int64)) * self.dtype.itemsize
        self._images = int(np.prod(shape[:axis], dtype=np.int64))
        self._file = tempfile.TemporaryFile(dir=folder())  # noqa: SIM115  (open as long as this is referred to)

    @classmethod
    def zeros(cls, shape: tuple[int, ...], dtype: DType, axis: int) -> Stored:
        """A map of zeros."""
        y = cls(shape, dtype, axis)
        y._file.truncate(y._images * shape[axis] * y._row)
        return y

    def add(self, row: int, rows: np.ndarray) -> None:
        """Rows from `row` on. Raises OutputError where the file cannot grow."""
        images = rows.reshape(self._images, -1)
        try:
            for k, image in enumerate(images):
                self._file.seek((k * self.shape[self._axis] + row) * self._row)
                self._file.write(np.ascontiguousarray(image).view(np.uint8).data)
            self._file.flush()
        except OSError as error:
            raise OutputError(f"a file for values in {folder()} cannot grow ({error.strerror})",
                              fix="free some space there, name another folder in TMPDIR, or give more --memory"
                              ) from error

    def part(self, start: int, stop: int) -> np.ndarray:
        """Rows start .. stop - 1, read."""
        shape = (*self.shape[:self._axis], stop - start, *self.shape[self._axis + 1:])
        y = empty(shape, self.dtype)
        for k, image in enumerate(y.reshape(self._images, -1)):
            self._file.seek((k * self.shape[self._axis] + start) * self._row)
            if self._file.readinto(image.view(np.uint8).data) != image.nbytes:
                raise OutputError(f"a file for values in {folder()} is shorter than what was written to it")
        return y

    @property
    def data(self) -> np.ndarray:
        """All of it, read."""
        return self.part(0, self.shape[self._axis])


def folder() -> Path:
    """Where such files lie: TMPDIR; a place that outlives a restart, so is no memory; or where the system says."""
    usual = Path("/var/tmp")
    if not os.environ.get("TMPDIR") and os.access(usual, os.W_OK):
        return usual
    return Path(tempfile.gettempdir())

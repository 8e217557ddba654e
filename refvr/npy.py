"""Arrays as numpy.save writes them: a header of one line of Python text, then the elements, which are mapped.

numpy.load evaluates the header and believes it, takes zip files and pickles as well, and lets through what its parser
raises. Here a header is a few plain numbers that agree with the size of the file, or an InputError.
Source: numpy.lib.format, versions 1.0 to 3.0.
"""
from __future__ import annotations

import io
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refvr.errors import InputError, printable

MAGIC = b"\x93NUMPY"
HEADER = 20_000   # bytes; that of an array of plain numbers is 128
LARGEST = 1 << 62  # bytes


class NotNumbersError(InputError):
    """An array of texts, objects, times or records."""


class Header(NamedTuple):
    """What stands before the elements: `offset` bytes."""

    shape: tuple[int, ...]
    columns_first: bool
    dtype: np.dtype
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return prod(self.shape) * self.dtype.itemsize


def header(beginning: bytes, name: str) -> Header:
    """The header in the first bytes (HEADER of them are enough) of what is called `name`. Raises InputError."""
    file = io.BytesIO(beginning)
    try:
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, columns_first, dtype = reader(file)
    except Exception as error:  # the header is Python text; NumPy lets through whatever its parser raises
        what = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{name} has no readable header: {printable(what[:100])}",
                         fix="save it again with numpy.save") from None
    if dtype.kind not in "fiubc" or dtype.itemsize > 32 or dtype.shape:
        raise NotNumbersError(f"{name} is of type {printable(str(dtype))[:40]!r}; expected numbers",
                              fix="save it with allow_pickle=False")
    if any(isinstance(size, bool) or not 0 <= size < LARGEST for size in shape) or len(shape) > 32 \
            or prod(size or 1 for size in shape) * dtype.itemsize > LARGEST:
        raise InputError(f"{name} has the shape {str(shape)[:100]}; expected sizes",
                         fix="save it again with numpy.save")
    return Header(tuple(shape), columns_first, dtype, file.tell())


def mapped(path: str | Path) -> np.ndarray:
    """The array in a .npy file, read-only and mapped, in the byte order of the file. Raises InputError."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            beginning = file.read(HEADER)
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})", fix="check its permissions") from error
    if not size:
        raise InputError(f"{path} is empty (0 bytes); expected a .npy array of numbers", fix="write it with numpy.save")
    if not beginning.startswith(MAGIC):
        raise InputError(f"{path} cannot be read as a .npy file: it begins with {beginning[:8]!r}",
                         fix="write it with numpy.save, without objects")
    try:
        found = header(beginning, str(path))
    except InputError as error:
        raise type(error)(f"{path} cannot be read: {error.message.removeprefix(f'{path} ')}", fix=error.fix) from None
    if found.offset + found.nbytes > size:
        raise InputError(f"{path} cannot be read: by its header it is {found.offset + found.nbytes} bytes, and it has "
                         f"{size}", fix="copy or save it again")
    if not found.nbytes:
        return np.empty(found.shape, found.dtype)
    try:
        return np.memmap(path, found.dtype, "r", found.offset, found.shape, "F" if found.columns_first else "C")
    except (OSError, ValueError, OverflowError) as error:
        raise InputError(f"{path} cannot be mapped: {error}", fix="check that it is an ordinary file") from error

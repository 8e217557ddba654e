"""Archives of numpy.savez: a zip file of .npy files. Arrays of objects, which are pickles, are refused."""
from __future__ import annotations

import io
import zlib
from functools import partial
from math import prod
from typing import Any

import numpy as np

from refvr.checkpoints.contents import Contents, LazyArray
from refvr.checkpoints.zip_entries import DEFLATED, Entry, unpacked
from refvr.errors import WeightsError

HEADER = 20_000  # bytes; that of an array of plain numbers is 128
GROWTH, SMALL = 50, 64 << 20  # an array above SMALL bytes may be packed to a fiftieth; zeros pack to a thousandth


def read(data: Any, entries: dict[str, Entry]) -> Contents:
    """The arrays of the archive `data` (bytes or a memory map)."""
    arrays = {name.removesuffix(".npy"): _array(data, entry) for name, entry in entries.items()}
    return Contents("NumPy, npz", {"": arrays})


def _array(data: Any, entry: Entry) -> LazyArray:
    file = io.BytesIO(_beginning(data, entry))
    try:
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, columns_first, dtype = reader(file)
    except Exception as error:  # the header is Python text; NumPy lets through whatever its parser raises
        raise WeightsError(f"{entry.name} has no readable header: {str(error)[:100]}") from None
    if dtype.kind not in "fiubc" or dtype.itemsize > 16:
        raise WeightsError(f"{entry.name} is of type {str(dtype)[:40]!r}; expected numbers",
                           fix="save with allow_pickle=False")
    values = prod(shape)
    if any(size < 0 for size in shape) or file.tell() + values * dtype.itemsize != entry.size:
        raise WeightsError(f"{entry.name} should be {values} values of {dtype}, and is {entry.size} bytes")
    if entry.size > max(SMALL, GROWTH * entry.packed):
        raise WeightsError(f"{entry.name} is {entry.packed} bytes that claim to be {entry.size}: not unpacked")
    return LazyArray(tuple(shape), dtype.newbyteorder("=").name,
                     partial(_values, data, entry, file.tell(), tuple(shape), columns_first, dtype))


def _beginning(data: Any, entry: Entry) -> bytes:
    if entry.method != DEFLATED:
        return data[entry.at:entry.at + min(entry.packed, HEADER)]
    try:
        return zlib.decompressobj(-15).decompress(data[entry.at:entry.at + min(entry.packed, HEADER)], HEADER)
    except zlib.error as error:
        raise WeightsError(f"{entry.name} is damaged: {error}") from None


def _values(data: Any, entry: Entry, header: int, shape: tuple[int, ...], columns_first: bool, dtype: np.dtype
            ) -> np.ndarray:
    flat = np.frombuffer(unpacked(data, entry, entry.size), dtype, offset=header)
    array = flat.reshape(shape, order="F" if columns_first else "C")
    return np.ascontiguousarray(array.astype(dtype.newbyteorder("="), copy=False)).reshape(shape)

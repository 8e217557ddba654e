"""Archives of numpy.savez: a zip file of .npy files. Texts and objects, which are pickles, are named and not read."""
from __future__ import annotations

import zlib
from functools import partial

import numpy as np

from refvr import npy
from refvr.checkpoints.contents import Contents, LazyArray, Mapped
from refvr.checkpoints.zip_entries import DEFLATED, Entry, unpacked
from refvr.errors import WeightsError, printable

GROWTH, SMALL = 50, 64 << 20  # an array above SMALL bytes may be packed to a fiftieth; zeros pack to a thousandth


def read(data: Mapped, entries: dict[str, Entry]) -> Contents:
    """The arrays of the archive `data` (bytes or a memory map). Raises WeightsError for what is damaged or has no
    numbers at all.
    """
    contents, refused = Contents("NumPy, npz", {"": {}}), None
    for stored, entry in entries.items():
        name = printable(stored.removesuffix(".npy"))
        try:
            contents.groups[""][name] = _array(data, entry)
        except npy.NotNumbersError as error:
            contents.others[name], refused = error.message.removeprefix(f"{entry.name} "), error
    if refused and not contents.groups[""]:
        raise refused
    return contents


def _array(data: Mapped, entry: Entry) -> LazyArray:
    found = npy.header(_beginning(data, entry), entry.name)
    if found.offset + found.nbytes != entry.size:
        raise WeightsError(f"{entry.name} should be {found.nbytes} bytes of elements, and is {entry.size} bytes")
    if entry.size > max(SMALL, GROWTH * entry.packed):
        raise WeightsError(f"{entry.name} is {entry.packed} bytes that claim to be {entry.size}: not unpacked")
    return LazyArray(found.shape, found.dtype.newbyteorder("=").name, partial(_values, data, entry, found))


def _beginning(data: Mapped, entry: Entry) -> bytes:
    if entry.method != DEFLATED:
        return data[entry.at:entry.at + min(entry.packed, npy.HEADER)]
    try:
        return zlib.decompressobj(-15).decompress(data[entry.at:entry.at + min(entry.packed, npy.HEADER)], npy.HEADER)
    except zlib.error as error:
        raise WeightsError(f"{entry.name} is damaged: {error}") from None


def _values(data: Mapped, entry: Entry, found: npy.Header) -> np.ndarray:
    flat = np.frombuffer(unpacked(data, entry, entry.size), found.dtype, offset=found.offset)
    array = flat.reshape(found.shape, order="F" if found.columns_first else "C")
    return np.ascontiguousarray(array.astype(found.dtype.newbyteorder("="), copy=False)).reshape(found.shape)

"""`read(path)`: whatever kind of weight file it is, found by its first bytes, not by its name."""
from __future__ import annotations

import hashlib
import mmap
from pathlib import Path

from refvr.checkpoints import foreign
from refvr.checkpoints.contents import Contents
from refvr.errors import RefvrError, WeightsError, printable

ZIP, HDF5, PICKLE = b"PK\3\4", b"\x89HDF\r\n\x1a\n", b"\x80"


def read(path: str | Path) -> Contents:
    """What the weight file `path` holds; arrays are read when asked for.

    Nothing is executed. Raises WeightsError, with the path in it, for anything that is damaged or no weight file.
    """
    try:
        return _read(path)
    except RefvrError as error:
        named = error.message if error.message.startswith(printable(str(path))) else f"{path}: {error.message}"
        raise WeightsError(named, fix=error.fix) from None


def sha256(path: str | Path) -> str:
    """Hexadecimal digest of a file."""
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
        return digest.hexdigest()


def mapped(path: str | Path) -> mmap.mmap:
    """The file as a read-only memory map, which lives as long as arrays refer to it."""
    path = Path(path)
    if not path.is_file():
        if path.is_dir():
            foreign.refuse_folder(path)
        raise WeightsError("there is no such file" if not path.exists() else "this is not a file",
                           fix="check the path")
    if path.stat().st_size == 0:
        raise WeightsError("the file is empty", fix="download it again")
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _read(path: str | Path) -> Contents:
    from refvr.checkpoints import npz, pth, zip_entries

    data = mapped(path)
    if data[:4] == ZIP:
        entries = zip_entries.entries(data)
        if entries and all(name.endswith(".npy") for name in entries):
            return npz.read(data, entries)
        foreign.refuse_zip(entries)
        return pth.read_zip(data, entries)
    if data[:1] == PICKLE:
        return pth.read_legacy(data)
    if data[:8] == HDF5:
        from refvr.checkpoints import h5

        return h5.contents(path)
    if data[257:262] == b"ustar":
        from refvr.checkpoints import pth_tar

        return pth_tar.read(data)
    if len(data) > 9 and data[8:9] == b"{":
        from refvr.checkpoints import safetensors

        return safetensors.read(path)
    return foreign.refuse(data)

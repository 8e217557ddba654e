"""Named arrays that another program wrote: HDF5, .npz, .npy, a folder of .npy, safetensors, a PyTorch state dict.

The kind is found by the first bytes. Nothing is executed, no link is followed, and an array is read when it is asked
for, so that a file larger than memory can be walked through; see refvr/checkpoints for the readers.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refvr import npy
from refvr.errors import InputError, RefvrError, printable

KINDS = "HDF5, .npz, .npy, a folder of .npy files, safetensors or a PyTorch state dict"


class Entry(NamedTuple):
    """What is known of an array before it is read: its shape and the name of its type ("bfloat16" comes as float32).

    in_parts  whether parts of it can be read, see compare/lazy_arrays.py
    """

    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], np.ndarray]
    in_parts: bool = False


class Arrays(Mapping[str, np.ndarray]):
    """name -> array, read at each access; `entries[name]` tells shape and type without reading.

    Names of nested groups are joined with "/" (folders too), those of state dicts with ".", as they stand there.
    `skipped`: names of what is there and holds no numbers. `results`: of a program, names of what it gives out -> what
    the program itself calls that, "" where it does not say; empty for a file.
    """

    def __init__(self, path: Path, entries: dict[str, Entry], skipped: Iterable[str] = ()) -> None:
        self.path, self.entries, self.skipped = path, entries, list(skipped)
        self.results: dict[str, str] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        return self.entries[name].read()

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


def open_arrays(path: str | Path) -> Arrays:
    """The arrays of a file or folder. Raises InputError saying what came, for anything damaged or unknown."""
    path = Path(path)
    if not path.exists():
        raise InputError(f"there is no {path}", fix="check the path")
    try:
        entries, skipped = _folder(path) if path.is_dir() else \
            ({path.stem: _npy(path)}, []) if _begins(path) == npy.MAGIC else _file(path)
    except RefvrError as error:
        named = error.message if str(path) in error.message else f"{path}: {error.message}"
        raise InputError(named.replace("weight file", "file of arrays"), fix=f"expected {KINDS}") from None
    if not entries:
        raise InputError(f"{path} holds no arrays", fix=f"expected {KINDS}")
    return Arrays(path, entries, skipped)


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(npy.MAGIC))


def _folder(path: Path) -> tuple[dict[str, Entry], list[str]]:
    """Every .npy file below `path`, named by its place there without the suffix; and those that hold no numbers."""
    entries, skipped = {}, []
    for file in sorted(path.rglob("*.npy")):
        name = printable(file.relative_to(path).with_suffix("").as_posix())
        try:
            entries[name] = _npy(file)
        except npy.NotNumbersError:
            skipped.append(name)
    return entries, skipped


def _npy(path: Path) -> Entry:
    array = npy.mapped(path)
    return Entry(array.shape, array.dtype.newbyteorder("=").name, partial(_values, path))


def _values(path: Path) -> np.ndarray:
    """The array in memory order, mapped where it stands so already."""
    array = npy.mapped(path)
    return np.asarray(array, array.dtype.newbyteorder("="), order="C")


def _file(path: Path) -> tuple[dict[str, Entry], list[str]]:
    from refvr.checkpoints.read import read

    contents = read(path)
    joint = "/" if contents.format == "HDF5" else "."
    entries = {f"{group}{joint}{name}" if group else name: Entry(array.shape, array.dtype, array.read, joint == "/")
               for group, arrays in contents.groups.items() for name, array in arrays.items()}
    return entries, list(contents.others)

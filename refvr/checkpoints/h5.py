"""Our weight files: HDF5, one dataset per parameter under its path, provenance as attributes; and others' (DUF).

    attributes   network, config (JSON), and what is known of the origin: source, sha256, licence, date, refvr version
    datasets     path -> array in our layout; float16 storage is widened to float32 when read

Values that are not text are stored as JSON. Reading goes through refvr/hdf5.py: nothing outside the file is touched.
"""
from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from refvr import hdf5
from refvr.checkpoints.contents import Contents, LazyArray
from refvr.errors import InputError, OutputError, WeightsError, printable


def save(path: str | Path, state: Mapping[str, np.ndarray], attributes: Mapping[str, Any]) -> None:
    """Write a weight file; it appears under its name only when complete. Attributes that are not text become JSON."""
    import h5py

    path = Path(path)
    part = path.with_name(path.name + f".{os.getpid()}.part")
    try:
        with h5py.File(part, "w", track_order=True) as f:
            for name, value in attributes.items():
                f.attrs[name] = value if isinstance(value, str) else json.dumps(value)
            for name, array in state.items():
                f.create_dataset(name, data=array, track_times=False)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error}", fix="check the folder, its permissions and free space"
                          ) from error


def load(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read a weight file: ({path: array}, {attribute: value}). Raises WeightsError for anything else."""
    if not Path(path).is_file():
        raise WeightsError(f"there is no weight file {path}", fix="check the path")
    with _open(path) as f:
        attributes = _attributes(f)
        if not isinstance(attributes.get("network"), str) or not isinstance(attributes.get("config", {}), dict):
            raise WeightsError(f"{path} is HDF5 but does not say which network it is for",
                               fix="`refvr convert` makes weight files of official ones")
        return {name: _widened(hdf5.values(item)) for name, item in hdf5.datasets(f).items()}, attributes


def provenance(path: str | Path) -> dict[str, Any]:
    """The attributes of an HDF5 file; "network" is among them if refvr wrote it."""
    with _open(path) as f:
        return _attributes(f)


def contents(path: str | Path) -> Contents:
    """What any HDF5 file holds; groups of the file are groups here."""
    found = Contents("HDF5")
    with _open(path) as f:
        found.others = {printable(name): printable(str(value)[:60]) for name, value in hdf5.attributes(f).items()}
        for full, item in hdf5.datasets(f).items():
            group, _, name = printable(full).rpartition("/")
            dtype = hdf5.dtype_of(item)
            if dtype is None:
                found.others[printable(full)] = f"values of type {hdf5.type_name(item)}"
                continue
            found.groups.setdefault(group, {})[name] = LazyArray(item.shape, dtype.newbyteorder("=").name,
                                                                 partial(_read, path, full))
    return found


def _read(path: str | Path, name: str) -> np.ndarray:
    with _open(path) as f:
        return hdf5.values(f[name])


def part(path: str | Path, name: str, index: tuple[Any, ...]) -> np.ndarray:
    """Part of a data set, in native byte order; half precision comes as it is."""
    with _open(path) as f:
        hdf5.check(f[name])
        array = f[name][index]
    return array.astype(array.dtype.newbyteorder("="), copy=False)


@contextmanager
def _open(path: str | Path) -> Iterator[Any]:
    """The file; whatever is wrong with it becomes a WeightsError that names it."""
    try:
        with hdf5.opened(path) as f:
            yield f
    except InputError as error:
        named = error.message if printable(str(path)) in error.message else f"{path}: {error.message}"
        raise WeightsError(named.replace("read as HDF5", "read as a weight file in HDF5"), fix=error.fix) from error


def _attributes(file: object) -> dict[str, Any]:
    return {name: _parsed(value) for name, value in hdf5.attributes(file).items()}


def _widened(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _parsed(value: object) -> Any:
    if not isinstance(value, str):
        return value.item() if isinstance(value, np.generic) else value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value

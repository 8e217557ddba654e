"""Our weight files: HDF5, one dataset per parameter under its path, provenance as attributes; and others' (DUF).

    attributes   network, config (JSON), and what is known of the origin: source, sha256, licence, date, refvr version
    datasets     path -> array in our layout; float16 storage is widened to float32 when read

Values that are not text are stored as JSON. Reading executes nothing: links to other files are not followed, filters
other than HDF5's own and lzf are refused (the library would load a plugin), and so is data that is not in the file.
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

from refvr.checkpoints.contents import Contents, LazyArray
from refvr.errors import OutputError, WeightsError

FILTERS = {1, 2, 3, 32000}  # gzip, shuffle, checksum, lzf
GROWTH, SMALL = 50, 64 << 20  # a dataset above SMALL bytes may be packed to a fiftieth; zeros pack to a thousandth


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
    attributes = provenance(path)
    if "network" not in attributes:
        raise WeightsError(f"{path} is HDF5 but does not say which network it is for",
                           fix="`refvr convert` makes weight files of official ones")
    with _open(path) as f:
        return {name: _widened(_values(item, path)) for name, item in _datasets(f).items()}, attributes


def provenance(path: str | Path) -> dict[str, Any]:
    """The attributes of an HDF5 file; "network" is among them if refvr wrote it."""
    with _open(path) as f:
        return {name: _parsed(value) for name, value in f.attrs.items()}


def contents(path: str | Path) -> Contents:
    """What any HDF5 file holds; groups of the file are groups here."""
    found = Contents("HDF5")
    with _open(path) as f:
        found.others = {name: str(value)[:60] for name, value in f.attrs.items()}
        for full, item in _datasets(f).items():
            group, _, name = full.rpartition("/")
            if item.dtype.kind not in "fiub" or item.shape is None:
                found.others[full] = f"values of type {str(item.dtype)[:40]}"
                continue
            found.groups.setdefault(group, {})[name] = LazyArray(item.shape, item.dtype.newbyteorder("=").name,
                                                                 partial(_read, path, full))
    return found


def _read(path: str | Path, name: str) -> np.ndarray:
    with _open(path) as f:
        array = _values(f[name], path)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def part(path: str | Path, name: str, index: tuple[Any, ...]) -> np.ndarray:
    """Part of a data set, in native byte order; half precision comes as it is."""
    with _open(path) as f:
        _checked(f[name], path)
        array = f[name][index]
    return array.astype(array.dtype.newbyteorder("="), copy=False)


@contextmanager
def _open(path: str | Path) -> Iterator[Any]:
    """The file; whatever the library raises about it becomes a WeightsError."""
    import h5py

    try:
        with h5py.File(path, "r") as f:
            yield f
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path} cannot be read as a weight file: {error}",
                           fix="expected HDF5 written by refvr, or official weights in HDF5") from error


def _datasets(f: Any) -> dict[str, Any]:
    """Path -> dataset, without following links."""
    import h5py

    found: dict[str, Any] = {}
    f.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


def _values(item: Any, path: str | Path) -> np.ndarray:
    """The values of a dataset that lies in this file, packed as weights may be."""
    _checked(item, path)
    return item[()]


def _checked(item: Any, path: str | Path) -> None:
    """Raises WeightsError for a dataset that is kept elsewhere or claims more than there is."""
    create = item.id.get_create_plist()
    filters = {create.get_filter(k)[0] for k in range(create.get_nfilters())}
    if filters - FILTERS or item.is_virtual or item.external:
        raise WeightsError(f"{path}: {item.name} is packed or kept in a way that weights are not",
                           fix="save it plainly")
    stored = item.id.get_storage_size()
    if item.nbytes > max(SMALL if stored else 1024, GROWTH * stored):
        raise WeightsError(f"{path}: {item.name} claims to be {item.nbytes} bytes, and {stored} are stored",
                           fix="download or save it again")


def _widened(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value

"""Our weight files: HDF5, one dataset per parameter under its path, provenance as attributes.

    attributes   network, config (JSON), and what is known of the origin: source, sha256, licence, date, refvr version
    datasets     path -> array in our layout; float16 storage is widened to float32 when read

Values that are not text are stored as JSON. Reading executes nothing.
"""
from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import OutputError, WeightsError


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
    import h5py

    if not Path(path).is_file():
        raise WeightsError(f"there is no weight file {path}", fix="check the path")
    try:
        with h5py.File(path, "r") as f:
            state: dict[str, np.ndarray] = {}
            f.visititems(lambda name, item: state.update({name: _widened(item[()])})
                         if isinstance(item, h5py.Dataset) else None)
            attributes = {name: _parsed(value) for name, value in f.attrs.items()}
    except OSError as error:
        raise WeightsError(f"{path} cannot be read as a weight file: {error}",
                           fix="expected HDF5 written by refvr") from error
    if "network" not in attributes:
        raise WeightsError(f"{path} is HDF5 but does not say which network it is for",
                           fix="expected a weight file written by refvr")
    return state, attributes


def _widened(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value

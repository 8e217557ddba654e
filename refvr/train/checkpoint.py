"""Checkpoints of a run: one HDF5 file with all that the next step depends on, and what must not change.

    datasets    network1/PATH ..., optimiser1/steps, optimiser1/m/PATH, optimiser1/v/PATH, average/a/PATH
    attributes  format, and as JSON: facts (model, config, recipe, seed, data), progress (step, plan, seconds)

The file appears under its name only when complete; until then the previous one is there.
"""
from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from refvr import hdf5
from refvr.errors import InputError
from refvr.types import Options

FORMAT = "refvr training checkpoint 1"


@dataclass(frozen=True)
class Checkpoint:
    """state: arrays by name; facts: what must be the same to go on; progress: where the run stood."""

    state: dict[str, np.ndarray]
    facts: dict[str, Any]
    progress: dict[str, Any]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write atomically. Raises OutputError."""
    import h5py

    from refvr.media.atomic import write_bytes

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as f:
        f.attrs["format"] = FORMAT
        f.attrs["facts"], f.attrs["progress"] = json.dumps(checkpoint.facts), json.dumps(checkpoint.progress)
        for name, array in checkpoint.state.items():
            f.create_dataset(name, data=array, track_times=False)
    write_bytes(path, buffer.getvalue())


def load(path: Path) -> Checkpoint:
    """Read what `save` wrote. Raises InputError for anything else."""
    if not path.is_file():
        raise InputError(f"nothing to resume: {path} does not exist", fix="leave out --resume to start a run")
    try:
        with hdf5.opened(path) as f:
            attributes = hdf5.attributes(f)
            if attributes.get("format") != FORMAT:
                raise InputError(f"{path} is not a training checkpoint of this version; expected {FORMAT!r}")
            state = {name: hdf5.values(item) for name, item in hdf5.datasets(f).items()}
            return Checkpoint(state, json.loads(attributes["facts"]), json.loads(attributes["progress"]))
    except InputError as error:
        if "not a training checkpoint" in error.message:
            raise
        raise InputError(f"{path} cannot be read as a training checkpoint: {error.message}",
                         fix="expected a file written by refvr train") from error


def check_same(saved: Options, current: Options, path: Path) -> None:
    """Raise InputError naming the first fact in which the run to resume differs from the one that is asked for."""
    current = json.loads(json.dumps(current))  # tuples become lists, as in the file
    for key in current:
        ours, theirs = current[key], saved.get(key)
        if ours == theirs:
            continue
        if isinstance(ours, dict) and isinstance(theirs, dict):
            name = next(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name))
            key, ours, theirs = f"{key} {name}", ours.get(name), theirs.get(name)
        raise InputError(f"{path} belongs to another run: its {key} is {_short(theirs)}, now {_short(ours)}",
                         fix="give the same options and data, or start a new run without --resume in another folder")


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."

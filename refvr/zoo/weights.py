"""A model with its weights: embedded ones, those of the user's folder, those of a file, ours or the authors'."""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from refvr.checkpoints import h5, names
from refvr.checkpoints.read import HDF5, sha256
from refvr.errors import OutputError, WeightsError
from refvr.types import Options
from refvr.zoo.folder import find, home
from refvr.zoo.models import MODELS, build, build_network, config, names_for, recommended, row_of

if TYPE_CHECKING:  # who reads about models needs no kernels
    from refvr.nn.module import Module


class ModelSummary(TypedDict):
    """A row of `refvr models`."""

    name: str
    network: str
    task: str
    kind: str
    scale: int
    parameters: int
    score: str
    licence: str
    source: str
    file: str
    where: str
    here: str
    weights: str
    recommended: bool
    note: str


def load(name: str | None = None, weights: str | Path | None = None, options: Options | None = None) -> Module:
    """A model with weights, ready for inference: those of the file `weights`, else those that folder.find has.

    name     None: what the file says it is for, and without a file the model recommended for denoising
    weights  a weight file of ours, or an official one, which is converted
    options  fields of the model's configuration that are others in this file
    Raises WeightsError when there are no weights, or when they are of another network or configuration.
    """
    if weights is None:
        name = name or recommended("denoise")
        row, weights = row_of(name), find(name)
        if weights is None:
            where = f"put {row.file} of its authors ({row.source}: {row.where}) into {home() / 'weights'}, " \
                    "or give it with --weights"
            none = "none were published; give a file with --weights, or another model"
            raise WeightsError(f"there are no weights of {name}", fix=where if row.file else none)
    state, attributes = load_file(weights, name, options)
    if name is not None and attributes["network"] != row_of(name).network:
        raise WeightsError(f"{weights} holds weights of {attributes['network']}, expected {row_of(name).network}",
                           fix="choose the model with --model")
    return build_network(attributes["network"], attributes.get("config", {})).load(state)


def load_file(path: str | Path, model: str | None = None, options: Options | None = None
              ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(state, attributes) of a weight file of ours, or of an official one, which is converted and kept.

    model    a name of the zoo that an official file is to be taken for; None: found by its names and shapes
    options  as `load` has them; a file of ours says itself what they are, and may not say otherwise
    """
    if not Path(path).is_file():
        raise WeightsError(f"there is no weight file {path}", fix="check the path")
    with open(path, "rb") as file:
        is_hdf5 = file.read(len(HDF5)) == HDF5
    if is_hdf5 and "network" in h5.provenance(path):
        state, attributes = h5.load(path)
        _check_options(path, attributes.get("config", {}), options or {})
        return state, attributes
    return _converted(path, model, options or {})


def _check_options(path: str | Path, config: Options, options: Options) -> None:
    for key, value in options.items():
        there = config.get(key)
        if (tuple(there) if isinstance(there, list) else there) != (tuple(value) if isinstance(value, list) else value):
            raise WeightsError(f"{path} is of a network with {key}={there}, got {key}={value}", fix="leave it out: "
                               "the file says it")


def _converted(path: str | Path, model: str | None, options: Options) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The conversion of an official file, made only once."""
    from refvr.zoo.official import check_published, load_official, provenance

    digest = sha256(path)
    check_published(path, digest)
    kept = home() / "converted" / _tables() / f"{digest[:24]}-{model or 'any'}{_told(options)}.h5"
    if kept.is_file():
        return h5.load(kept)
    official = load_official(path, model, options)
    attributes = provenance(path, official)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        h5.save(kept, official.state, attributes)
    except (OSError, OutputError):  # a folder that cannot be written costs time, nothing else
        pass
    return official.state, attributes


def _told(options: Options) -> str:
    """What tells one set of options from another in the name of a file."""
    return f"-{hashlib.sha256(repr(sorted(options.items())).encode()).hexdigest()[:12]}" if options else ""


def _tables() -> str:
    """A name for this version of the tables that conversion goes by: one with other tables may not be used."""
    digest = hashlib.sha256()
    for path in sorted(Path(names.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def available(task: str) -> list[str]:
    """The models for a task whose weights are here, embedded or in the user's folder."""
    return [name for name in names_for(task) if find(name) is not None]


def summary() -> list[ModelSummary]:
    """Every model as plain values: what `refvr models` prints. `here`: where its weights are, "" if nowhere."""
    return [{"name": name, "network": row.network, "task": row.task,
             "kind": "small" if row.weights else "official", "scale": getattr(config(name), "scale", 1),
             "parameters": build(name).parameter_count(), "score": row.score, "licence": row.licence,
             "source": row.source, "file": row.file, "where": row.where, "here": str(find(name) or ""),
             "weights": row.weights, "recommended": row.task in row.recommended, "note": row.note}
            for name, row in MODELS.items()]

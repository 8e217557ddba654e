"""A case: one HDF5 file with what a network or an operation was given and what the original answered.

    attribute "meta"     JSON: family, config, seed, source, notes; sampling, {name: what is kept, "[..., ::8, ::8]"}
    dataset "table"      JSON: one row a weight tensor, {"name", "shape", "kind", "fan_in", "crc"}
    groups               inputs/  outputs/ (float32 run)  outputs64/ (the same in float64)  trace/ (on the way, float32)

Weights are not stored but drawn from (seed, name, shape, kind, fan_in), so that a network of millions of parameters
costs a few kilobytes. The CRC of each tensor shows that it was drawn as it was when the case was made.
All arrays keep the layout of the original (channels first for PyTorch); the families turn them.
Reading executes nothing and follows no link to another file.
"""
from __future__ import annotations

import json
import math
import re
import zlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from refvr import hdf5
from refvr.errors import InputError, printable

GROUPS = ("inputs", "outputs", "outputs64", "trace")
_REQUIRED = ("inputs", "outputs")
_LARGEST = 1 << 30  # values in one array; more than any case needs, and a broken header is told apart from a big file
_FIX = "a case is one HDF5 file; docs/verify.md describes the format"


@dataclass(frozen=True)
class Case:
    """One case. All dictionaries are name -> array, names and layout as in the original."""

    path: Path
    meta: dict[str, Any]
    state: dict[str, np.ndarray]
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    outputs64: dict[str, np.ndarray]
    trace: dict[str, np.ndarray]

    @property
    def family(self) -> str:
        """How the case is to be run, "remonet.seq"."""
        return self.meta["family"]

    @property
    def config(self) -> dict[str, Any]:
        """The options that make the network or operation."""
        return self.meta.get("config", {})

    def sampling(self, name: str) -> str:
        """What the case says that it kept of the output or intermediate value `name`: "[:, ::8]"; "" for nothing."""
        stated = self.meta.get("sampling", {})
        return next((text for pattern, text in stated.items() if fnmatchcase(name, pattern)), "")


def load_case(path: str | Path) -> Case:
    """Read a case. Raises InputError saying what is wrong with the file."""
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file, expected a case", fix=_FIX)
    try:
        with hdf5.opened(path) as file:
            meta = _meta(path, hdf5.attributes(file).get("meta"))
            found = hdf5.datasets(file)
            rows = _json(path, "table", hdf5.text(found["table"]) if "table" in found else "[]")
            groups = {name: _arrays(path, file, found, name) for name in GROUPS}
    except InputError as error:
        named = error.message if printable(str(path)) in error.message else f"{path}: {error.message}"
        raise InputError(f"{named}, expected a case" if "a case" not in named else named, fix=_FIX) from error
    for name in _REQUIRED:
        if groups[name] is None:
            raise InputError(f"{path}: no group {name!r}, expected a case", fix=_FIX)
    return Case(path, meta, _state(path, rows, meta), **{name: arrays or {} for name, arrays in groups.items()})


def _json(path: Path, what: str, text: Any) -> object:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        raise InputError(f"{path}: {what!r} is not JSON, expected a case", fix=_FIX) from None


def _meta(path: Path, text: object) -> dict[str, Any]:
    if text is None:
        raise InputError(f"{path}: no attribute 'meta', expected a case", fix=_FIX)
    meta = _json(path, "meta", text)
    if not isinstance(meta, dict) or not isinstance(meta.get("family"), str) or not meta["family"].isprintable():
        raise InputError(f"{path}: 'meta' names no family, expected a case", fix=_FIX)
    for name in ("config", "sampling"):
        if not isinstance(meta.get(name, {}), dict):
            raise InputError(f"{path}: {name!r} is {meta[name]!r}, expected names and values", fix=_FIX)
    if not all(isinstance(text, str) for text in meta.get("sampling", {}).values()):
        raise InputError(f"{path}: 'sampling' is {meta['sampling']!r}, expected the like of '[:, ::8]' for each name",
                         fix=_FIX)
    return meta


def _arrays(path: Path, file: object, found: dict[str, Any], group: str) -> dict[str, np.ndarray] | None:
    """The datasets of a group, which all lie directly in it; None without the group."""
    names = hdf5.members(file, group)
    if names is None:
        return None
    arrays = {}
    for name in names:
        item = found.get(f"{group}/{name}")
        if item is None:
            raise InputError(f"{path}: {group}/{name} is not an array inside the file", fix=_FIX)
        if hdf5.dtype_of(item) is None or math.prod(item.shape) > _LARGEST:
            raise InputError(f"{path}: {group}/{name} holds {hdf5.type_name(item)} of shape {item.shape}, expected "
                             "numbers", fix=_FIX)
        arrays[printable(name)] = hdf5.values(item)
    return arrays


def _state(path: Path, rows: object, meta: dict[str, Any]) -> dict[str, np.ndarray]:
    """All weights, drawn and checked."""
    state = {}
    wanted: list[Any] = rows if isinstance(rows, list) else [None]
    for row in wanted:
        try:
            name, shape, crc = str(row["name"]), tuple(int(size) for size in row["shape"]), int(row["crc"])
            recipe = str(row["kind"]), int(row.get("fan_in", 1)), int(meta["seed"])
        except (TypeError, KeyError, ValueError, AttributeError):
            raise InputError(f"{path}: row {row!r} of the weight table is not usable", fix=_FIX) from None
        if min(shape, default=1) < 0 or math.prod(shape) > _LARGEST or recipe[1] < 1 or recipe[2] < 0:
            raise InputError(f"{path}: {name} has shape {shape}, fan_in {recipe[1]} and seed {recipe[2]}", fix=_FIX)
        state[name] = draw(name, shape, *recipe)
        if zlib.crc32(state[name].tobytes()) != crc:
            raise InputError(f"{path}: {name} is drawn differently here than when the case was made",
                             fix="either the table was changed, or this NumPy draws other random numbers")
    return state


def draw(name: str, shape: tuple[int, ...], kind: str, fan_in: int, seed: int) -> np.ndarray:
    """One weight tensor, float32 (int64 for "count"); z below is standard normal, from the seed and the name's CRC.

    conv z / sqrt(fan_in) · bias 0.05 z · gamma 1 + 0.1 z · beta, mean 0.1 z · var 0.5 + |z| · prelu 0.25 + 0.05 z ·
    scale 0.3 z · zero 0 · count 0 · const:v v
    """
    z = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape)
    if kind == "count":
        return np.zeros(shape, np.int64)
    recipes = {"conv": lambda: z / np.sqrt(fan_in), "bias": lambda: 0.05 * z, "gamma": lambda: 1.0 + 0.1 * z,
               "beta": lambda: 0.1 * z, "mean": lambda: 0.1 * z, "var": lambda: 0.5 + np.abs(z),
               "prelu": lambda: 0.25 + 0.05 * z, "scale": lambda: 0.3 * z, "zero": lambda: np.zeros(shape)}
    constant = re.fullmatch(r"const:([-+]?[\d.]+(?:e[-+]?\d+)?)", kind)
    if constant:
        recipes[kind] = lambda: np.full(shape, float(constant[1]))
    if kind not in recipes:
        raise InputError(f"weight {name}: unknown kind {kind!r}", fix=f"known: {', '.join(recipes)}, count, const:v")
    return np.ascontiguousarray(recipes[kind](), np.float32)

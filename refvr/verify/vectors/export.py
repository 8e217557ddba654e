"""Write vectors: a folder each, with vector.json, the same as plain lines in vector.txt, and raw little-endian arrays.

    manifest.json   format, version, hash, and the SHA-256 of every vector
    schema.json     JSON Schema of vector.json
    test_vectors.py runs an implementation against them, with NumPy alone (alone.py)
    NAME/vector.json, NAME/vector.txt, NAME/*.bin

The SHA-256 of a vector goes over its files in alphabetical order, name and bytes; the hash of an export over the lines
"NAME SHA-256". Arrays come from our own kernels in float64, whose bits depend on neither threads nor vector width;
effects of mistakes are rounded to two digits because they also use NumPy's functions.
"""
from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import InputError, OutputError
from refvr.verify.mistakes import SUBJECTS
from refvr.verify.vectors import alone
from refvr.verify.vectors.answers import EPS32, EPS64, Answers, answers, dy_recipe
from refvr.verify.vectors.networks import NetworkVector, network_vectors
from refvr.verify.vectors.operations import VECTORS, Vector
from refvr.verify.vectors.recipe import Recipe, draw

FORMAT, VERSION = "refvr-vectors", 1


def chosen(patterns: Sequence[str]) -> list[Vector | NetworkVector]:
    """The vectors whose name or operation fits one of the patterns (with *); "ops" and "networks" are all of a kind."""
    networks = network_vectors()
    everything: list[Vector | NetworkVector] = [*VECTORS, *networks]
    kinds: dict[str, Sequence[Vector | NetworkVector]] = {"ops": VECTORS, "networks": networks, "all": everything}
    found: dict[str, Vector | NetworkVector] = {}
    for pattern in patterns or ["all"]:
        fits = kinds.get(pattern) or [v for v in everything if fnmatchcase(v.name, pattern)
                                      or fnmatchcase(v.operation, pattern)]
        if not fits:
            raise InputError(f"no vector or operation is named {pattern!r}",
                             fix=f"operations are {', '.join(dict.fromkeys(v.operation for v in everything))}")
        found |= {v.name: v for v in fits}
    return list(found.values())


def export(folder: str | Path, patterns: Sequence[str] = (), *,
           progress: Callable[[int, int], None] | None = None) -> str:
    """Write the chosen vectors into a new or empty folder; returns the hash of the export."""
    folder, vectors = Path(folder), chosen(patterns)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} exists and is not an empty folder", fix="choose a new folder")
    sums = {}
    for k, vector in enumerate(vectors):
        sums[vector.name] = write(folder / vector.name, vector)
        if progress:
            progress(k + 1, len(vectors))
    total = hash_of(sums)
    (folder / alone.NAME).write_text(alone.source({name: about.result for name, about in SUBJECTS.items()}))
    (folder / "schema.json").write_text(json.dumps(SCHEMA, indent=1) + "\n")
    rows = [{"name": v.name, "kind": _kind(v), "operation": v.operation, "sha256": sums[v.name]} for v in vectors]
    manifest = {"format": FORMAT, "version": VERSION, "hash": total, "vectors": rows}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")  # last: without it nothing is whole
    return total


def hash_of(sums: dict[str, str]) -> str:
    """The hash of an export."""
    return hashlib.sha256("".join(f"{name} {sums[name]}\n" for name in sorted(sums)).encode()).hexdigest()


def write(folder: Path, vector: Vector | NetworkVector) -> str:
    """Write one vector; returns its SHA-256."""
    files = contents(vector, answers(vector))
    folder.mkdir(parents=True)
    digest = hashlib.sha256()
    for name in sorted(files):
        (folder / name).write_bytes(files[name])
        digest.update(name.encode() + b"\0" + files[name])
    return digest.hexdigest()


def _kind(vector: Vector | NetworkVector) -> str:
    return "network" if isinstance(vector, NetworkVector) else "operation"


def contents(vector: Vector | NetworkVector, found: Answers) -> dict[str, bytes]:
    """The files of a vector, name -> bytes."""
    files: dict[str, bytes] = {}
    layouts = {} if isinstance(vector, NetworkVector) else SUBJECTS[vector.operation].layouts
    card: dict[str, Any] = {"format": FORMAT, "version": VERSION, "name": vector.name, "kind": _kind(vector),
                            "operation": vector.operation, "options": vector.options}
    card["inputs"] = {name: _given(files, vector, name, recipe, layouts.get(name.rstrip("0123456789"), "any"))
                      for name, recipe in vector.arrays.items()}
    if isinstance(vector, NetworkVector):
        card["config"] = vector.config
        card["weights"] = {name: {"seed": f"{vector.name}/weights/{name}", **recipe.as_dict()}
                           for name, recipe in vector.weights.items()}
    card["outputs"] = {"y": _answer(files, "expected_y", found.y, found.tolerance["y"])}
    if found.gradients:
        dy = dy_recipe(found.y.shape)
        card["dy"] = _given(files, vector, "dy", dy, "like y")
        card["gradients"] = {name: _answer(files, f"grad_{name}", array, found.tolerance[f"grad_{name}"])
                             for name, array in found.gradients.items()}
    card["mistakes"] = [{"name": flag.mistake.name, "says": flag.mistake.says, "kind": flag.mistake.kind,
                         "effect": flag.effect} for flag in found.flags]
    files["vector.json"] = (json.dumps(card, indent=1) + "\n").encode()
    files["vector.txt"] = _lines(card).encode()
    return files


def _given(files: dict[str, bytes], vector: Vector | NetworkVector, name: str, recipe: Recipe, layout: str
           ) -> dict[str, Any]:
    seed = f"{vector.name}/{name}"
    files[f"{name}.bin"] = draw(seed, recipe).astype("<f4").tobytes()
    return {"file": f"{name}.bin", "dtype": "float32", "shape": list(recipe.shape), "layout": layout,
            "recipe": {"seed": seed, **recipe.as_dict()}}


def _answer(files: dict[str, bytes], name: str, array: np.ndarray, tolerance: float) -> dict[str, Any]:
    files[f"{name}.bin"] = array.astype("<f8").tobytes()
    return {"file": f"{name}.bin", "dtype": "float64", "shape": list(array.shape), "tolerance": tolerance,
            "tolerance_float64": float(f"{tolerance * EPS64 / EPS32:.1e}")}


def _lines(card: dict[str, Any]) -> str:
    """vector.txt, for programs without a JSON reader: one thing a line, words between single spaces."""
    def plain(value: object) -> str:
        return " ".join(map(plain, value)) if isinstance(value, (list, tuple)) else json.dumps(value).strip('"')

    def arrays(word: str, group: dict[str, Any]) -> list[str]:
        return [f"{word} {name} {a['file']} {a['dtype']} {plain(a['shape'])}".rstrip() for name, a in group.items()]
    lines = [f"{card['kind']} {card['operation']}"]
    lines += [f"option {name} {plain(value)}" for name, value in card["options"].items()]
    lines += [f"config {name} {plain(value)}" for name, value in card.get("config", {}).items()]
    lines += arrays("input", card["inputs"]) + arrays("output", card["outputs"])
    lines += [f"weight {name} {plain([w['scale'], w['shift'], *w['shape']])}" for name, w in card.get("weights", {})
              .items()]
    if "gradients" in card:
        lines += arrays("dy", {"y": card["dy"]}) + arrays("gradient", card["gradients"])
    return "\n".join(lines) + "\n"


_RECIPE = {"type": "object", "required": ["seed", "shape", "scale", "shift", "levels"]}
_ARRAY = {"type": "object", "required": ["file", "dtype", "shape"],
          "properties": {"dtype": {"enum": ["float32", "float64"]}, "recipe": _RECIPE,
                         "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}}}}
_ARRAYS = {"type": "object", "additionalProperties": _ARRAY}
SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "vector.json of refvr-vectors",
    "type": "object",
    "required": ["format", "version", "name", "kind", "operation", "options", "inputs", "outputs", "mistakes"],
    "properties": {
        "format": {"const": FORMAT}, "version": {"const": VERSION}, "kind": {"enum": ["operation", "network"]},
        "inputs": _ARRAYS, "outputs": _ARRAYS, "gradients": _ARRAYS, "dy": _ARRAY,
        "weights": {"type": "object", "additionalProperties": _RECIPE},
        "mistakes": {"type": "array", "items": {"type": "object", "required": ["name", "says", "kind", "effect"]}}}}

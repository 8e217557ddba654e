"""Whether a vector.json is one: all that running it relies on, so that a damaged one is an error with a name."""
from __future__ import annotations

from math import isfinite, prod
from pathlib import Path
from typing import Any

from refvr.errors import InputError

LARGEST = 1 << 27  # elements of one array
DTYPES = ("float32", "float64")


def check(data: Any, path: Path) -> None:
    """Raise InputError naming the first part of the object in vector.json that cannot be used."""
    _need(isinstance(data, dict), path, "it is no object")
    for key in ("name", "kind", "operation"):
        _need(isinstance(data.get(key), str), path, f"its {key} is no text")
    _need(isinstance(data.get("options"), dict), path, "its options are no object")
    for key in ("inputs", "outputs", "gradients"):
        arrays = data.get(key, {} if key == "gradients" else None)
        _need(isinstance(arrays, dict) and bool(arrays or key != "outputs"), path, f"its {key} are no arrays")
        for name, entry in arrays.items():
            _entry(entry, path, f"{key} {name}", judged=key != "inputs")
    _entry(data.get("dy", {"file": "", "dtype": "float32", "shape": []}), path, "dy", judged=False)
    weights = data.get("weights", {})
    _need(isinstance(weights, dict), path, "its weights are no object")
    for name, recipe in weights.items():
        _recipe(recipe, path, f"weights {name}")
    mistakes = data.get("mistakes")
    _need(isinstance(mistakes, list) and all(isinstance(m, dict) and isinstance(m.get("name"), str) for m in mistakes),
          path, "its mistakes have no names")


def _entry(entry: Any, path: Path, name: str, *, judged: bool) -> None:
    _need(isinstance(entry, dict) and isinstance(entry.get("file"), str), path, f"{name} names no file")
    _need(entry.get("dtype") in DTYPES and _is_shape(entry.get("shape")), path, f"{name} has no type or shape")
    for key in ("tolerance", "tolerance_float64") if judged else ():
        _need(_is_number(entry.get(key)) and entry[key] >= 0, path, f"{name} has no {key}")


def _recipe(recipe: Any, path: Path, name: str) -> None:
    _need(isinstance(recipe, dict) and isinstance(recipe.get("seed"), str) and _is_shape(recipe.get("shape"))
          and _is_number(recipe.get("scale")) and _is_number(recipe.get("shift")), path, f"{name} has no recipe")
    levels = recipe.get("levels")
    _need(type(levels) is int and (levels == 0 or 2 <= levels < 1 << 31), path, f"{name} has no levels")


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and isfinite(value)


def _is_shape(value: object) -> bool:
    return isinstance(value, list) and len(value) < 16 and all(type(size) is int and size >= 0 for size in value) \
        and prod(value) <= LARGEST


def _need(holds: bool, path: Path, what: str) -> None:
    if not holds:
        raise InputError(f"{path} is damaged: {what}", fix="export the vectors again")

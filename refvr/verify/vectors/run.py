"""Run somebody's implementation against exported vectors.

program  called as `PROGRAM VECTOR_JSON FOLDER`; writes FOLDER/y.bin, and FOLDER/grad_NAME.bin where it has gradients,
         raw and little-endian, float32 or float64 (told by their size). Exit status 0; 3: not implemented; else: failed
module   callables named like the operations: OPERATION(**inputs, **options) -> y, for networks with `weights` and
         `config` besides; OPERATION_adjoint(dy, **inputs, **options) -> {operand: gradient} where there are any
"""
from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import InputError, RefvrError
from refvr.verify.diagnose.operand_layouts import from_nchw, to_nchw
from refvr.verify.mistakes import SUBJECTS
from refvr.verify.vectors.card_check import check
from refvr.verify.vectors.export import FORMAT, VERSION
from refvr.verify.vectors.recipe import Recipe, draw

NOT_IMPLEMENTED = 3
_SECONDS = 300  # for one vector


class NotThereError(Exception):
    """The implementation does not have this operation."""


@dataclass
class Result:
    """What became of one vector.

    status    "pass", "fail" or "skip" (not implemented)
    used      share of its tolerance that each compared array uses
    mistakes  what `diagnose` says about a failed one; flags: mistakes that the vector catches
    """

    name: str
    operation: str
    status: str
    used: dict[str, float] = field(default_factory=dict)
    problem: str = ""
    mistakes: list[list[str]] = field(default_factory=list)
    says: str = ""
    flags: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


Answer = Callable[["Card"], dict[str, np.ndarray]]


class Card:
    """An exported vector."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "vector.json"
        self.data = _json(self.path)
        if not isinstance(self.data, dict) or self.data.get("format") != FORMAT or self.data.get("version") != VERSION:
            raise InputError(f"{self.path} is not of version {VERSION} of {FORMAT}", fix="export the vectors again")
        check(self.data, self.path)

    def array(self, entry: dict[str, Any]) -> np.ndarray:
        """The values of an entry with file, dtype and shape."""
        name = Path(entry["file"]).name  # a file beside vector.json, wherever else the entry may point to
        dtype = {"float32": "<f4", "float64": "<f8"}[entry["dtype"]]
        return raw(self.folder / name, entry["shape"], dtype)

    def inputs(self) -> dict[str, np.ndarray]:
        """The operands, float32."""
        return {name: self.array(entry) for name, entry in self.data["inputs"].items()}

    def weights(self) -> dict[str, np.ndarray]:
        """Those of a network, drawn."""
        return {name: draw(w["seed"], Recipe(tuple(w["shape"]), w["scale"], w["shift"], w["levels"]))
                for name, w in self.data.get("weights", {}).items()}


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}", fix="export the vectors again") from None


def raw(path: Path, shape: list[int], dtype: str | None = None) -> np.ndarray:
    """A raw array; without `dtype` the size of the file says whether it is float32 or float64."""
    count = int(np.prod(shape, dtype=np.int64))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", fix="export the vectors again") from None
    kinds = {4 * count: "<f4", 8 * count: "<f8"}
    if len(data) not in kinds or (dtype and len(data) != count * np.dtype(dtype).itemsize):
        raise InputError(f"{path.name} has {len(data)} bytes, expected {4 * count} (float32) or {8 * count} (float64) "
                         f"for shape {tuple(shape)}")
    return np.frombuffer(data, dtype or kinds[len(data)]).reshape(shape).astype(dtype[1:] if dtype else kinds[
        len(data)][1:])


def cards(folder: str | Path) -> list[Card]:
    """All vectors of an export."""
    folder = Path(folder)
    if not (folder / "manifest.json").is_file():
        raise InputError(f"{folder} has no manifest.json, expected a folder of `refvr vectors export`")
    manifest = _json(folder / "manifest.json")
    rows = manifest.get("vectors") if isinstance(manifest, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get("name"), str)
                                             for row in rows):
        raise InputError(f"{folder / 'manifest.json'} names no vectors", fix="export the vectors again")
    return [Card(folder / Path(row["name"]).name) for row in rows]


def run_vectors(folder: str | Path, answer: Answer) -> Iterator[Result]:
    """Run them one after the other; `answer` is made by `program` or `module`."""
    for card in cards(folder):
        yield judge(card, answer)


def judge(card: Card, answer: Answer) -> Result:
    """Run one vector and compare."""
    data = card.data
    result = Result(data["name"], data["operation"], "pass", flags=[m["name"] for m in data["mistakes"]])
    try:
        got = answer(card)
    except NotThereError:
        result.status = "skip"
        return result
    except Exception as error:  # whatever an implementation raises is its result
        result.status, result.problem = "fail", f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return result
    for name, entry in {**data["outputs"], **{f"grad_{k}": v for k, v in data.get("gradients", {}).items()}}.items():
        if name in got:
            result.used[name] = _used(got[name], card.array(entry), entry)
            if list(got[name].shape) != entry["shape"]:
                result.problem = f"{name} has shape {got[name].shape}, expected {tuple(entry['shape'])}"
        elif name == "y":
            result.problem = "no y"
    result.status = "pass" if not result.problem and max(result.used.values()) <= 1 else "fail"
    if result.status == "fail" and "y" in got and result.used["y"] > 1:
        _diagnose(card, got["y"], result)
    return result


def _used(got: np.ndarray, want: np.ndarray, entry: dict[str, Any]) -> float:
    """Share of the tolerance; infinite for another shape or values that are no numbers."""
    if got.shape != want.shape:
        return float("inf")
    tolerance = entry["tolerance_float64" if got.dtype == np.float64 else "tolerance"]
    away = np.abs(got.astype(np.float64) - want).max(initial=0.0)
    return float(away / tolerance) if np.isfinite(away) and tolerance else 0.0 if away == 0 else float("inf")


def _diagnose(card: Card, y: np.ndarray, result: Result) -> None:
    """Name the mistake of a failed operation."""
    from refvr.verify.diagnose.search import diagnose

    if card.data["kind"] != "operation":
        return
    options = {name: _tuple(value) for name, value in card.data["options"].items()}
    try:
        found = diagnose(card.data["operation"], y, card.inputs(), seconds=20.0, **options)
    except RefvrError as error:
        result.says = str(error)
        return
    result.mistakes = [list(e.mistakes) for e in found.explained]
    result.says = "; or ".join(e.says for e in found.explained[:3]) or "not explained by any mistake of the catalogue"


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value


def program(command: str) -> Answer:
    """Answers of a program; see the module."""
    words = shlex.split(command)
    if not words:
        raise InputError("got an empty --program, expected a command")

    def answer(card: Card) -> dict[str, np.ndarray]:
        with tempfile.TemporaryDirectory(prefix="refvr-vectors-") as folder:
            done = subprocess.run([*words, str(card.path.resolve()), folder], capture_output=True, text=True,
                                  timeout=_SECONDS)
            if done.returncode == NOT_IMPLEMENTED:
                raise NotThereError
            if done.returncode:
                raise RuntimeError(f"exit status {done.returncode}: {done.stderr[-300:]}")
            entries = {**card.data["outputs"], **{f"grad_{k}": v for k, v in card.data.get("gradients", {}).items()}}
            return {name: raw(Path(folder) / f"{name}.bin", entry["shape"]) for name, entry in entries.items()
                    if (Path(folder) / f"{name}.bin").is_file()}
    return answer


def module(name: str, layout: str = "nhwc", dtype: Any = np.float32) -> Answer:
    """Answers of the callables of a Python module, which gets and gives arrays of `layout` and `dtype`."""
    try:
        owner = import_module(name)
    except ImportError as error:
        raise InputError(f"the module {name} cannot be imported: {error}", fix="run where Python finds it") from None
    except (Exception, SystemExit) as error:  # what a stranger's module does while it is imported is its own affair
        said = " ".join(str(error).split())[:200]
        raise InputError(f"the module {name} cannot be imported: {type(error).__name__}: {said}") from None

    def answer(card: Card) -> dict[str, np.ndarray]:
        data = card.data
        operation = data["operation"]
        function = getattr(owner, operation, None)
        if function is None:
            raise NotThereError
        layouts = {k: v["layout"] for k, v in data["inputs"].items()} if layout == "nchw" else {}
        result = SUBJECTS[operation].result if operation in SUBJECTS else "image"
        inputs = {k: to_nchw(a.astype(dtype), layouts.get(k, "any")) for k, a in card.inputs().items()}
        options = {k: _tuple(v) for k, v in data["options"].items()}
        extra = {"weights": card.weights(), "config": data["config"]} if data["kind"] == "network" else {}
        got = {"y": _back(_offered(function, **inputs, **options, **extra), result, layout)}
        adjoint = getattr(owner, f"{operation}_adjoint", None)
        if adjoint is not None and "dy" in data:
            dy = to_nchw(card.array(data["dy"]).astype(dtype), result if layout == "nchw" else "any")
            try:
                grads = _offered(adjoint, dy, **inputs, **options)
            except NotThereError:
                return got
            got |= {f"grad_{k}": _back(g, layouts.get(k, "any"), layout, inputs) for k, g in grads.items()}
        return got
    return answer


def _offered(function: Callable[..., Any], *operands: Any, **options: Any) -> Any:
    """Call it; NotImplementedError says that the module does not have it, or not with these options."""
    try:
        return function(*operands, **options)
    except NotImplementedError:
        raise NotThereError from None


def _back(y: Any, axes: str, layout: str, inputs: dict[str, np.ndarray] | None = None) -> np.ndarray:
    y = np.asarray(y)
    channels = inputs["x"].shape[1] if inputs and "x" in inputs and inputs["x"].ndim > 1 else 1
    return from_nchw(y, axes, channels) if layout == "nchw" and y.ndim > 1 else y

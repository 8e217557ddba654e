"""Run an implementation against exported vectors.

program  called as `PROGRAM VECTOR_JSON FOLDER`; writes FOLDER/y.bin, and FOLDER/grad_NAME.bin where it has gradients,
         raw and little-endian, float32 or float64 (told by their size). Exit status 0; 3: not implemented; else: failed
module   callables named like the operations: OPERATION(**inputs, **options) -> y, for networks with `weights` and
         `config` besides; OPERATION_adjoint(dy, **inputs, **options) -> {operand: gradient} where there are any
"""
from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import InputError, RefvrError
from refvr.types import DType
from refvr.verify.mistakes import SUBJECTS
from refvr.verify.vectors import alone
from refvr.verify.vectors.alone import (
    NotThereError,
    array_of,
    expected,
    of_module,
    of_program,
    tupled,
    used,
    weights_of,
)
from refvr.verify.vectors.card_check import check
from refvr.verify.vectors.export import FORMAT, VERSION


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
        return array_of(self.folder, entry)

    def inputs(self) -> dict[str, np.ndarray]:
        """The operands, float32."""
        return {name: self.array(entry) for name, entry in self.data["inputs"].items()}

    def weights(self) -> dict[str, np.ndarray]:
        """Those of a network, drawn."""
        return weights_of(self.data)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}", fix="export the vectors again") from None


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
    for name, entry in expected(data).items():
        if name in got:
            result.used[name] = used(got[name], card.array(entry), entry)
            if list(got[name].shape) != entry["shape"]:
                result.problem = f"{name} has shape {got[name].shape}, expected {tuple(entry['shape'])}"
        elif name == "y":
            result.problem = "no y"
    result.status = "pass" if not result.problem and max(result.used.values()) <= 1 else "fail"
    if result.status == "fail" and "y" in got and result.used["y"] > 1:
        _diagnose(card, got["y"], result)
    return result


def _diagnose(card: Card, y: np.ndarray, result: Result) -> None:
    """Name the mistake of a failed operation."""
    from refvr.verify.diagnose.diagnose import diagnose

    if card.data["kind"] != "operation":
        return
    options = {name: tupled(value) for name, value in card.data["options"].items()}
    try:
        found = diagnose(card.data["operation"], y, card.inputs(), seconds=20.0, **options)
    except RefvrError as error:
        result.says = str(error)
        return
    result.mistakes = [list(e.mistakes) for e in found.explained]
    result.says = "; or ".join(e.says for e in found.explained[:3]) or "not explained by any mistake of the catalogue"


def program(command: str) -> Answer:
    """Answers of a program; see the module."""
    words = shlex.split(command)
    if not words:
        raise InputError("got an empty --program, expected a command")

    return _of_card(of_program(words))


def module(name: str, layout: str = "nhwc", dtype: DType = np.float32) -> Answer:
    """Answers of the callables of a Python module, which gets and gives arrays of `layout` and `dtype`."""
    try:
        owner = import_module(name)
    except ImportError as error:
        raise InputError(f"the module {name} cannot be imported: {error}", fix="run where Python finds it") from None
    except (Exception, SystemExit) as error:  # what a stranger's module does while it is imported is its own affair
        said = " ".join(str(error).split())[:200]
        raise InputError(f"the module {name} cannot be imported: {type(error).__name__}: {said}") from None

    results = {operation: about.result for operation, about in SUBJECTS.items()}
    return _of_card(of_module(owner, layout, results, dtype))


def _of_card(answer: alone.Answer) -> Answer:
    return lambda card: answer(card.data, card.folder)

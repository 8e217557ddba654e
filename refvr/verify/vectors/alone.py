"""What a run against vectors needs, with NumPy alone: how a module or program is called, what is within tolerance.

`refvr vectors run` uses it, and `source()` makes of it one file that travels with an export, test_vectors.py: nothing
there imports refvr, and it holds no code of its own.
"""
from __future__ import annotations

import importlib
import inspect
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np

from refvr.errors import InputError
from refvr.types import DType
from refvr.verify.diagnose.operand_layouts import axes_of_kind, from_nchw, taps_first, to_nchw
from refvr.verify.runs.axes import reordered
from refvr.verify.vectors.recipe import Recipe, draw, seed_of

NOT_IMPLEMENTED = 3
SECONDS = 300  # for one vector
RESULTS: dict[str, str] = {}   # operation -> kind of its result, as from_nchw names it

Data = dict[str, Any]
Answer = Callable[[Data, Path], dict[str, np.ndarray]]


class NotThereError(Exception):
    """The implementation does not have this operation."""


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


def array_of(folder: Path, entry: Data) -> np.ndarray:
    """The values of an entry with file, dtype and shape: a file in `folder`, wherever else the entry may point to."""
    return raw(folder / Path(entry["file"]).name, entry["shape"], {"float32": "<f4", "float64": "<f8"}[entry["dtype"]])


def weights_of(data: Data) -> dict[str, np.ndarray]:
    """Those of a network, drawn."""
    return {name: draw(w["seed"], Recipe(tuple(w["shape"]), w["scale"], w["shift"], w["levels"]))
            for name, w in data.get("weights", {}).items()}


def expected(data: Data) -> Data:
    """Name -> entry of everything that has to come out: y, grad_x ..."""
    return {**data["outputs"], **{f"grad_{name}": entry for name, entry in data.get("gradients", {}).items()}}


def used(got: np.ndarray, want: np.ndarray, entry: Data) -> float:
    """Share of the tolerance; infinite for another shape or values that are no numbers."""
    if got.shape != want.shape:
        return float("inf")
    tolerance = entry["tolerance_float64" if got.dtype == np.float64 else "tolerance"]
    away = np.abs(got.astype(np.float64) - want).max(initial=0.0)
    return float(away / tolerance) if np.isfinite(away) and tolerance else 0.0 if away == 0 else float("inf")


def of_module(owner: object, layout: str, results: dict[str, str], dtype: DType = np.float32) -> Answer:
    """Answers of callables named like operations, which get and give arrays of `layout` and `dtype`."""
    def answer(data: Data, folder: Path) -> dict[str, np.ndarray]:
        operation = data["operation"]
        function = getattr(owner, operation, None)
        if function is None:
            raise NotThereError
        layouts = {name: entry["layout"] for name, entry in data["inputs"].items()} if layout == "nchw" else {}
        result = results.get(operation, "image")
        inputs = {name: to_nchw(array_of(folder, entry).astype(dtype), layouts.get(name, "any"))
                  for name, entry in data["inputs"].items()}
        options = {name: tupled(value) for name, value in data["options"].items()}
        extra = {"weights": weights_of(data), "config": data["config"]} if data["kind"] == "network" else {}
        listed, named = _listed(function, inputs)
        got = {"y": _back(_offered(function, *listed, **named, **options, **extra), result, layout)}
        adjoint = getattr(owner, f"{operation}_adjoint", None)
        if adjoint is not None and "dy" in data:
            dy = to_nchw(array_of(folder, data["dy"]).astype(dtype), result if layout == "nchw" else "any")
            try:
                grads = _offered(adjoint, dy, **inputs, **options)
            except NotThereError:
                return got
            got |= {f"grad_{k}": _back(g, layouts.get(k, "any"), layout, inputs) for k, g in grads.items()}
        return got
    return answer


def of_program(words: list[str]) -> Answer:
    """Answers of a program, called with vector.json and a folder for what it writes. Raises InputError without it."""
    if not words or not shutil.which(words[0]):
        raise InputError(f"no program {' '.join(words)!r} that can be run", fix="give its path, such as ./port")

    def answer(data: Data, folder: Path) -> dict[str, np.ndarray]:
        with tempfile.TemporaryDirectory(prefix="refvr-vectors-") as out:
            done = subprocess.run([*words, str((folder / "vector.json").resolve()), out], capture_output=True,
                                  text=True, timeout=SECONDS)
            if done.returncode == NOT_IMPLEMENTED:
                raise NotThereError
            if done.returncode:
                raise RuntimeError(f"exit status {done.returncode}: {done.stderr[-300:]}")
            return {name: raw(Path(out) / f"{name}.bin", entry["shape"]) for name, entry in expected(data).items()
                    if (Path(out) / f"{name}.bin").is_file()}
    return answer


def tupled(value: object) -> Any:
    """Lists of JSON as tuples."""
    return tuple(map(tupled, value)) if isinstance(value, list) else value


def _listed(function: Callable[..., Any], inputs: dict[str, np.ndarray]
            ) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """xs0, xs1 ... apart, for a function that takes any number of arrays, and the others."""
    try:
        kinds = {parameter.kind for parameter in inspect.signature(function).parameters.values()}
    except (TypeError, ValueError):
        kinds = set()
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        return [], inputs
    listed = [name for name in inputs if name[:2] == "xs" and name[2:].isdigit()]
    return [inputs[name] for name in listed], {name: x for name, x in inputs.items() if name not in listed}


def _offered(function: Callable[..., Any], *operands: object, **options: object) -> Any:
    """Call it; NotImplementedError says that the module does not have it, or not with these options."""
    try:
        return function(*operands, **options)
    except NotImplementedError:
        raise NotThereError from None


def _back(y: Any, axes: str, layout: str, inputs: dict[str, np.ndarray] | None = None) -> np.ndarray:
    y = np.asarray(y)
    channels = inputs["x"].shape[1] if inputs and "x" in inputs and inputs["x"].ndim > 1 else 1
    return from_nchw(y, axes, channels) if layout == "nchw" and y.ndim > 1 else y


# what only the file that travels does

def vectors_beside() -> list[str]:
    """Names of the vectors in the folder of this file."""
    return [row["name"] for row in json.loads((Path(__file__).parent / "manifest.json").read_text())["vectors"]]


def implementation() -> Answer:
    """What the environment names: VECTORS_MODULE (and VECTORS_LAYOUT, nhwc or nchw) or VECTORS_PROGRAM."""
    program, module = os.environ.get("VECTORS_PROGRAM"), os.environ.get("VECTORS_MODULE")
    if program:
        return of_program(shlex.split(program))
    if not module:
        raise InputError("nothing to test", fix="set VECTORS_MODULE=mypkg.ops or VECTORS_PROGRAM=./port")
    if "" not in sys.path:
        sys.path.insert(0, "")
    return of_module(importlib.import_module(module), os.environ.get("VECTORS_LAYOUT", "nhwc"), RESULTS)


def check_vector(name: str, answer: Answer) -> str:
    """Run one vector; what it used of its tolerances. Raises AssertionError, or SkipTest where it is not offered."""
    folder = Path(__file__).parent / name
    data = json.loads((folder / "vector.json").read_text())
    try:
        got = answer(data, folder)
    except NotThereError:
        raise SkipTest(f"{data['operation']} is not offered") from None
    assert "y" in got, "no y"
    shares = {key: used(got[key], array_of(folder, entry), entry) for key, entry in expected(data).items()
              if key in got}
    wrong = [f"{key} of shape {got[key].shape} is {share:.3g} times its tolerance off, expected shape "
             f"{tuple(expected(data)[key]['shape'])}" for key, share in shares.items() if not share <= 1]
    assert not wrong, f"{name}: {'; '.join(wrong)}"
    return ", ".join(f"{key} {share:.0%}" for key, share in shares.items())


def pytest_generate_tests(metafunc: Any) -> None:
    """For pytest: a test for each vector."""
    if "vector_name" in metafunc.fixturenames:
        metafunc.parametrize("vector_name", vectors_beside())


def test_vector(vector_name: str) -> None:
    """For pytest."""
    check_vector(vector_name, implementation())


def main() -> int:
    """Without pytest: a line for each vector; exit status 1 if one failed."""
    failed = 0
    try:
        answer = implementation()
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    for name in vectors_beside():
        try:
            print(f"pass  {name}  of tolerance: {check_vector(name, answer)}")
        except SkipTest as reason:
            print(f"skip  {name}  {reason}")
        except Exception as error:  # whatever an implementation raises is its result
            failed += 1
            print(f"FAIL  {name}  {type(error).__name__}: {error}")
    return int(failed > 0)


HEAD = '''"""Vectors of refvr against an implementation, with NumPy alone; made by `refvr vectors export`.

    VECTORS_MODULE=mypkg.ops python -m pytest {name}        VECTORS_LAYOUT=nchw for arrays with channels first
    VECTORS_PROGRAM=./port python {name}                    without pytest

A module has callables named like the operations; a program is called as `PROGRAM VECTOR_JSON FOLDER`. vector.json and
the files beside it say what goes in and what must come out; refvr's page vectors.md has the format and the protocol.
"""
'''
IMPORTS = """from __future__ import annotations

import importlib
import inspect
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
"""
NAME = "test_vectors.py"


class _Error(ValueError):
    """Something cannot be used."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(f"{message} ({fix})" if fix else message)


def source(results: dict[str, str]) -> str:
    """The text of the file that travels; results: operation -> kind of its result."""
    return "\n\n".join(part.strip("\n") + "\n" for part in _parts(results))


def _parts(results: dict[str, str]) -> Iterator[str]:
    yield HEAD.format(name=NAME) + IMPORTS
    yield (f"NOT_IMPLEMENTED, SECONDS = {NOT_IMPLEMENTED}, {SECONDS}\nRESULTS = {json.dumps(results)}\n"
           "Data = dict  # of vector.json\nAnswer = Callable")
    yield inspect.getsource(_Error).replace("_Error", "InputError")
    for thing in (NotThereError, Recipe, seed_of, draw, reordered, axes_of_kind, from_nchw, taps_first, to_nchw, raw,
                  array_of, weights_of, expected, used, of_module, of_program, tupled, _listed, _offered, _back,
                  vectors_beside, implementation, check_vector, pytest_generate_tests, test_vector, main):
        yield inspect.getsource(thing)
    yield 'if __name__ == "__main__":\n    sys.exit(main())'

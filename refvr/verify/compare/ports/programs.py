"""Programs in files: which kind a file is of, and a run of one with every value kept.

    .onnx           ONNX Runtime, or OpenVINO (`runtime`)
    .xml            OpenVINO
    .pt2            a program of torch.export, run by PyTorch
    .pt .ts         TorchScript, run by PyTorch

All other files are read and never run. Naming one of these runs it, by the named package and with its safety: graphs of
ONNX and OpenVINO compute and do nothing else, files of PyTorch are programs and should come from somebody you trust.
"""
from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from refvr.errors import InputError
from refvr.verify.compare.layout_search import fits, turned
from refvr.verify.compare.ports.feeding import Given, Wanted, ways
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.as_array import TracedError

TORCHSCRIPT = (".pt", ".ts", ".torchscript", ".jit")
KINDS = {"onnxruntime": (".onnx",), "openvino": (".xml", ".onnx"), "torch": (".pt2", *TORCHSCRIPT)}


class Program(Protocol):
    """A program that can be run: what it takes, and a run with every value or its results alone."""

    wanted: list[Wanted]

    def results(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What it answers."""

    def values(self, feeds: dict[str, np.ndarray], title: str) -> RunValues:
        """Every value of real numbers, in order of computation."""


def runtime_of(path: str | Path) -> str:
    """What runs the file, a key of KINDS; "" for a file or folder that is only read."""
    path = Path(path)
    if not path.is_file():
        return ""
    suffix = path.suffix.lower()
    if suffix in (".onnx", ".xml"):
        return "onnxruntime" if suffix == ".onnx" else "openvino"
    if suffix == ".pt2":
        return "torch"
    return "torch" if suffix in TORCHSCRIPT and is_torchscript(path) else ""


def is_torchscript(path: Path) -> bool:
    """Whether the archive holds code of TorchScript."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def opened(path: str | Path, runtime: str = "") -> Program:
    """The program in a file. Raises InputError for a package that is missing and for what it does not take."""
    runtime, path = runtime or runtime_of(path), Path(path)
    if not path.is_file():
        raise InputError(f"there is no {path}", fix="check the path")
    if path.suffix.lower() not in KINDS[runtime]:
        raise InputError(f"{runtime} does not run {path}, expected a file that ends in {' or '.join(KINDS[runtime])}")
    if runtime == "onnxruntime":
        from refvr.verify.compare.ports.onnx_graph import OnnxGraph

        return OnnxGraph(path)
    if runtime == "openvino":
        from refvr.verify.compare.ports.openvino_graph import OpenVinoGraph

        return OpenVinoGraph(path)
    if path.suffix.lower() == ".pt2":
        from refvr.verify.compare.ports.torch_program import ExportedProgram

        return ExportedProgram(path)
    from refvr.verify.compare.ports.torch_script import TorchScript

    return TorchScript(path)


def run_program(program: Program, given: Given, title: str, ours: Callable[[], Any]) -> RunValues:
    """Run it on our inputs.

    ours  computes our own answer, (n, ..., h, w, c): asked for only where there is more than one way to feed it
    """
    values = program.values(feeds_of(program, given, title, ours), title)
    if not len(values):
        raise InputError(f"{title} computes no real numbers, expected a network")
    return values


def feeds_of(program: Program, given: Given, title: str, ours: Callable[[], Any]) -> dict[str, np.ndarray]:
    """What it is given where our network is given that: name -> array."""
    feeds = ways(given, program.wanted, title)
    return feeds[0] if len(feeds) == 1 else _likest(program, feeds, np.asarray(ours()))


def _likest(program: Program, feeds: list[dict[str, np.ndarray]], ours: np.ndarray) -> dict[str, np.ndarray]:
    """The feeds whose answer is most like ours, the first of equals; what stops the program comes last."""
    found = []
    for k, feed in enumerate(feeds):
        try:
            answers = program.results(feed)
        except TracedError:
            raise
        except InputError:
            continue
        found.append((max((likeness(answer, ours) for answer in answers), default=-1.0), -k))
    return feeds[-max(found, default=(0.0, 0))[1]]


def likeness(theirs: np.ndarray, ours: np.ndarray) -> float:
    """Correlation of two answers as they are most alike; -1 where the shapes do not fit."""
    best = -1.0
    for axes in fits(theirs.shape, ours.shape):
        a = turned(theirs, axes, ours.shape).reshape(-1).astype(np.float64)
        b = ours.reshape(-1).astype(np.float64)
        a, b = a - a.mean(), b - b.mean()
        scale = float(np.sqrt((a @ a) * (b @ b)))
        best = max(best, float(a @ b) / scale if scale and np.isfinite(scale) else 0.0)
    return best

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
from collections.abc import Callable, Sequence
from pathlib import Path

from refvr.errors import InputError
from refvr.verify.compare.nearness import Place
from refvr.verify.compare.ports.chosen_way import Program, chosen_way
from refvr.verify.compare.ports.feeding import Given
from refvr.verify.compare.ports.values import RunValues

TORCHSCRIPT = (".pt", ".ts", ".torchscript", ".jit")
KINDS = {"onnxruntime": (".onnx",), "openvino": (".xml", ".onnx"), "torch": (".pt2", *TORCHSCRIPT)}


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


def run_program(program: Program, given: Given, title: str, ours: Callable[[], Sequence[Place]]) -> RunValues:
    """Run it on our inputs.

    ours  makes our own run: asked for only where there is more than one way to feed it
    """
    feeds, note = chosen_way(program, given, title, ours)
    values = program.values(feeds, title)
    if not len(values):
        raise InputError(f"{title} computes no real numbers, expected a network")
    values.notes += [note] if note else []
    return values

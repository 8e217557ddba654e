"""A program of torch.export, a .pt2 file: run by PyTorch node by node, every value named by the module that made it."""
from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.verify.compare.ports.feeding import Wanted
from refvr.verify.compare.ports.onnx_graph import one_line
from refvr.verify.compare.ports.scopes import module_names
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.as_array import array, result_name, tensors_of


def need_torch(path: str | Path) -> ModuleType:
    """PyTorch, or InputError."""
    try:
        import torch
    except ImportError:
        raise InputError(f"{path} is a program of PyTorch, which is not installed",
                         fix="pip install 'refvr[peers]', or export an ONNX graph") from None
    return torch


class ExportedProgram:
    """A program and what it takes."""

    def __init__(self, path: Path) -> None:
        self.path, torch = path, need_torch(path)
        try:
            program = torch.export.load(str(path))
            self._module = program.module()
        except Exception as error:  # zip's, pickle's and PyTorch's have no common class
            raise InputError(f"{path} is no program of torch.export: {one_line(error)}", fix="save it again") from None
        inputs = [node for node in self._module.graph.nodes if node.op == "placeholder"]
        self.wanted = [Wanted(node.name, _shape(node.meta.get("val")), _dtype(node.meta.get("val"))) for node in inputs]

    def results(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What the program answers."""
        return [array(value) for value in self._run(feeds, None)]

    def values(self, feeds: dict[str, np.ndarray], title: str) -> RunValues:
        """Every value, and the answers as "output"; of a program that stops, those before."""
        found = RunValues(title)
        try:
            answers = self._run(feeds, found)
        except InputError as error:
            if not len(found):
                raise
            found.stopped = f"half way, what comes before is compared: {error.message}"
            return found
        for k, value in enumerate(answers):
            found.add_result(result_name(k), array(value))
        return found

    def _run(self, feeds: dict[str, np.ndarray], found: RunValues | None) -> list[Any]:
        import torch

        nodes = [node for node in self._module.graph.nodes if node.op not in ("placeholder", "output", "get_attr")]
        called = module_names([(_paths(node), node.name) for node in nodes])
        names = {node: path or node.name for node, path in zip(nodes, called)}

        class Kept(torch.fx.Interpreter):
            def run_node(self, node: Any) -> object:
                value = super().run_node(node)
                if found is not None and node in names and isinstance(value, torch.Tensor):
                    found.add(names[node], array(value))
                return value

        arguments = [torch.from_numpy(np.array(feeds[want.name])) for want in self.wanted]
        try:
            with torch.no_grad():
                return tensors_of(Kept(self._module).run(*arguments))
        except Exception as error:
            raise InputError(f"{self.path} stopped: {one_line(error)}") from None


def _paths(node: Any) -> list[str]:
    stack = node.meta.get("nn_module_stack") or {}
    return [path for path, _ in stack.values() if path]


def _shape(value: object) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) else None for size in getattr(value, "shape", ()))


def _dtype(value: object) -> str:
    name = str(getattr(value, "dtype", "torch.float32")).removeprefix("torch.")
    return "float32" if name == "bfloat16" else name

"""A TorchScript file, run by PyTorch with every value of its graph as an output."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.verify.compare.ports.feeding import Wanted
from refvr.verify.compare.ports.onnx_graph import one_line
from refvr.verify.compare.ports.scopes import module_names
from refvr.verify.compare.ports.torch_program import need_torch
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.as_array import array, result_name, tensors_of


class TorchScript:
    """A program and what it takes; its file seldom says of which shape."""

    def __init__(self, path: Path) -> None:
        self.path, torch = path, need_torch(path)
        try:
            self._module = torch.jit.load(str(path), map_location="cpu").eval()
            graph = self._module.inlined_graph
        except Exception as error:  # zip's, pickle's and PyTorch's have no common class
            raise InputError(f"{path} is no TorchScript that runs here: {one_line(error)}", fix="save it again"
                             ) from None
        self.wanted = [_wanted(value) for value in list(graph.inputs())[1:]]

    def results(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What the program answers."""
        return [array(value) for value in tensors_of(self._call(self._module, feeds))]

    def values(self, feeds: dict[str, np.ndarray], title: str) -> RunValues:
        """Every tensor outside of branches and loops, and the answers as "output"."""
        import torch

        graph = self._module.inlined_graph.copy()
        made = [(value, node) for node in graph.nodes() for value in node.outputs()
                if value.type().kind() == "TensorType" and node.kind() not in ("prim::GetAttr", "prim::Constant")]
        node = graph.create("prim::TupleConstruct", [value for value, _ in made], 1)
        graph.appendNode(node)
        node.output().setType(torch._C.TupleType([value.type() for value, _ in made]))
        answers = len(list(graph.outputs()))
        for _ in range(answers):
            graph.eraseOutput(0)
        graph.registerOutput(node.output())
        function = torch._C._create_function_from_graph("every_value", graph)
        called = module_names([(_paths(node), f"{node.kind()}_{k}") for k, (_, node) in enumerate(made)])
        found = RunValues(title)
        values = self._call(lambda *arguments: function(self._module._c, *arguments), feeds)
        for (value, _), path, tensor in zip(made, called, values):
            found.add(path or value.debugName(), array(tensor))
        for k, answer in enumerate(self.results(feeds)):
            found.add(result_name(k), answer)
        return found

    def _call(self, function: Any, feeds: dict[str, np.ndarray]) -> Any:
        import torch

        try:
            with torch.no_grad():
                return function(*(torch.from_numpy(np.array(feeds[want.name])) for want in self.wanted))
        except Exception as error:
            raise InputError(f"{self.path} stopped: {one_line(error)}") from None


def _wanted(value: Any) -> Wanted:
    sizes = value.type().sizes() if value.type().kind() == "TensorType" else ()
    return Wanted(re.sub(r"\.\d+$", "", value.debugName()), tuple(sizes) if sizes else None)


def _paths(node: Any) -> list[str]:
    """Of "temp1(Block).inc(Part)": ["temp1", "temp1.inc"]."""
    words = [word.partition("(")[0] for word in node.getModuleHierarchy().split(".") if "(" in word]
    return [".".join(words[:k + 1]) for k in range(len(words))]

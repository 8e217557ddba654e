"""A TorchScript file, run by PyTorch with the values of its graph as outputs, so many at a time as memory allows."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from refvr.errors import InputError
from refvr.verify.compare.ports.feeding import Wanted
from refvr.verify.compare.ports.groups import in_groups
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
        """Every tensor outside of branches and loops, and the answers as "output"; of one that stops, those before."""
        graph = self._module.inlined_graph.copy()
        made = _made(graph)
        called = module_names([(_paths(node), f"{node.kind()}_{k}") for k, (_, node, _) in enumerate(made)])
        names = [path or value.debugName() for (value, _, _), path in zip(made, called)]
        found = RunValues(title)
        why = in_groups(len(made), lambda start, end: self._some(start, end, feeds),
                        lambda k, value: found.add(names[k], value))
        if not why:
            try:
                for k, answer in enumerate(self.results(feeds)):
                    found.add_result(result_name(k), answer)
            except InputError as error:   # in a branch, a loop, or after the last tensor
                why = error.message
        found.stopped = f"half way, what comes before is compared: {why}" if why else ""
        return found

    def _some(self, start: int, end: int, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The tensors number `start` to `end` - 1; what comes after the last of them is not run."""
        import torch

        graph = self._module.inlined_graph.copy()
        for _ in list(graph.outputs()):
            graph.eraseOutput(0)
        some = _made(graph)[start:end]
        for node in reversed(list(graph.nodes())[some[-1][2] + 1:]):
            node.destroy()
        node = graph.create("prim::TupleConstruct", [value for value, _, _ in some], 1)
        graph.appendNode(node)
        node.output().setType(torch._C.TupleType([value.type() for value, _, _ in some]))
        graph.registerOutput(node.output())
        function = torch._C._create_function_from_graph("some_values", graph)
        return [array(value) for value in self._call(lambda *arguments: function(self._module._c, *arguments), feeds)]

    def _call(self, function: Any, feeds: dict[str, np.ndarray]) -> Any:
        import torch

        try:
            with torch.no_grad():
                return function(*(torch.from_numpy(np.array(feeds[want.name])) for want in self.wanted))
        except Exception as error:
            raise InputError(f"{self.path} stopped: {one_line(error)}") from None


def _made(graph: Any) -> list[tuple[Any, Any, int]]:
    """(tensor, node that makes it, number of the node) of all tensors, in order."""
    return [(value, node, k) for k, node in enumerate(graph.nodes()) for value in node.outputs()
            if value.type().kind() == "TensorType" and node.kind() not in ("prim::GetAttr", "prim::Constant")]


def _wanted(value: Any) -> Wanted:
    sizes = value.type().sizes() if value.type().kind() == "TensorType" else ()
    return Wanted(re.sub(r"\.\d+$", "", value.debugName()), tuple(sizes) if sizes else None)


def _paths(node: Any) -> list[str]:
    """Of "temp1(Block).inc(Part)": ["temp1", "temp1.inc"]."""
    words = [word.partition("(")[0] for word in node.getModuleHierarchy().split(".") if "(" in word]
    return [".".join(words[:k + 1]) for k in range(len(words))]

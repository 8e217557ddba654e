"""A graph in OpenVINO, of ONNX or its own .xml, with every named value as an output, some at a time, in float32."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refvr.errors import InputError
from refvr.verify.compare.ports.feeding import Wanted
from refvr.verify.compare.ports.groups import in_groups
from refvr.verify.compare.ports.onnx_graph import OnnxGraph, one_line
from refvr.verify.compare.ports.values import RunValues

if TYPE_CHECKING:
    import openvino


class OpenVinoGraph:
    """A graph and what it takes."""

    def __init__(self, path: Path) -> None:
        try:
            import openvino
        except ImportError:
            raise InputError(f"{path} is to be run by the package openvino", fix="pip install 'refvr[openvino]'"
                             ) from None
        self.path, self._core = path, openvino.Core()
        self._of_onnx = OnnxGraph(path) if path.suffix.lower() == ".onnx" else None
        self.said = self._of_onnx.said if self._of_onnx else {}
        try:
            self._model = self._core.read_model(str(path))
        except Exception as error:  # the package's own, which have no common class
            raise InputError(f"OpenVINO does not take {path}: {one_line(error)}") from None
        self.wanted = [Wanted(_name(port), _shape(port), port.get_element_type().to_dtype().name)
                       for port in self._model.inputs]

    def results(self, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """What the graph answers."""
        return [value for _, value in self._run(self._model, feeds)]

    def values(self, feeds: dict[str, np.ndarray], title: str) -> RunValues:
        """Every value of real numbers that has a name of its own; of a graph that stops, those before."""
        names = self._of_onnx.names() if self._of_onnx else {}
        made = list(self._ports(self._model))
        found = RunValues(title)

        def keep(k: int, value: np.ndarray) -> None:
            found.add(names.get(made[k], made[k].strip("/")), value)

        why = in_groups(len(made), lambda start, end: self._some(made[start:end], feeds), keep)
        found.stopped = f"half way, what comes before is compared: {why}" if why else ""
        if self._of_onnx and not why:
            self._of_onnx.say_results(found)
        for port in self._model.outputs if not self._of_onnx and not why else ():
            if _name(port).strip("/") in found:
                found.gives(_name(port).strip("/"), _name(port))
        return found

    def _ports(self, model: openvino.Model) -> dict[str, Any]:
        """Values that have names, in order of computation."""
        ports = [port for op in model.get_ordered_ops() for port in op.outputs()
                 if op.get_type_name() not in ("Parameter", "Result", "Constant") and port.get_names()
                 and port.get_element_type().is_real()]
        computed = self._of_onnx.computed if self._of_onnx else [_name(port) for port in ports]
        order = {name: k for k, name in enumerate(computed)}   # OpenVINO's own goes from the end to the start
        return {_name(port): port for port in sorted(ports, key=lambda port: order.get(_name(port), len(order)))}

    def _some(self, names: Sequence[str], feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
        """These values, by a graph that ends there."""
        import openvino

        whole = self._model.clone()
        ports = self._ports(whole)
        some = openvino.Model([ports[name] for name in names], whole.get_parameters(), "some")
        return [value for _, value in self._run(some, feeds)]

    def _run(self, model: openvino.Model, feeds: dict[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
        try:
            compiled = self._core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
            answers = compiled({k: feeds[want.name] for k, want in enumerate(self.wanted)})
        except Exception as error:
            raise InputError(f"OpenVINO stopped in {self.path}: {one_line(error)}") from None
        return [(_name(port), np.array(value)) for port, value in answers.items()]


def _name(port: openvino.Output) -> str:
    """The first of a tensor's names; the operation's where it has none."""
    return min(port.get_names(), default=port.get_node().get_friendly_name())


def _shape(port: openvino.Output) -> tuple[int | None, ...]:
    return tuple(axis.get_length() if axis.is_static else None for axis in port.get_partial_shape())

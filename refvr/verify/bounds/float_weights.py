"""Which weights of ours a quantised graph has: those from which rounding to its scales gives its whole numbers."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from refvr.errors import InputError
from refvr.plan import Like, capture
from refvr.plan.folding import folded
from refvr.plan.graph import Graph
from refvr.plan.onnx.model import to_onnx
from refvr.verify.compare.ports.quantized import stored_tensors
from refvr.verify.runs.network_call import Subject

HALF = 0.51          # of a step: rounding, and the last place of a division
LAST_PLACES = 1e-5   # of the peak: norms that another program has folded
AXES: dict[int, tuple[tuple[int, ...], ...]] = {   # of ours, as operators of ONNX have them
    0: ((),), 1: ((0,),), 2: ((0, 1), (1, 0)), 4: ((3, 2, 0, 1), (2, 3, 0, 1)), 5: ((4, 3, 0, 1, 2),)}


class Weight(NamedTuple):
    """An array of real numbers in ONNX's layout, and the path of the module that has it, "" where none has."""

    module: str
    array: np.ndarray


class FloatWeights:
    """What the network of a subject computes with, norms folded and not."""

    def __init__(self, subject: Subject) -> None:
        subject.net.astype(np.float32)
        self._by_shape: dict[tuple[int, ...], list[Weight]] = {}
        for weight in _all(subject):
            self._by_shape.setdefault(weight.array.shape, []).append(weight)

    def of(self, whole: np.ndarray, scale: np.ndarray, zero: np.ndarray, axis: int) -> Weight | None:
        """That which (whole - zero) scale was made from; scale and zero are numbers, or one of each along an axis."""
        scale, zero = (_along(x, axis, whole.ndim) for x in (scale, zero))
        real = (whole.astype(np.float64) - zero) * scale
        for weight in self._by_shape.get(whole.shape, ()):
            allowed = HALF * scale + LAST_PLACES * float(np.abs(weight.array).max(initial=0))
            if np.all(np.abs(weight.array - real) <= allowed):
                return weight
        return None


def _along(x: np.ndarray, axis: int, ndim: int) -> np.ndarray:
    x = np.asarray(x, np.float64)
    return x.reshape([-1 if k == axis % ndim else 1 for k in range(ndim)]) if x.size > 1 else x.reshape(())


def _all(subject: Subject) -> Iterator[Weight]:
    """Parameters as the plan has them, as the page has them, and what an exported graph computes with besides."""
    try:
        graph = capture(subject.call, *(Like(x.shape) for x in subject.operands.values()))
    except InputError:   # SAFA looks into its values
        graph = None
    for each in (folded(graph), graph) if graph else ():
        yield from _of_graph(each)
    for name, array in subject.net.parameters().items():
        yield from _transposed(name.rpartition(".")[0], array)
    if graph:
        yield from _of_export(folded(graph), subject)


def _of_graph(graph: Graph) -> Iterator[Weight]:
    for node in graph.nodes:
        for array in node.operands:
            if isinstance(array, np.ndarray):
                yield from _transposed(node.module, array)


def _transposed(module: str, array: np.ndarray) -> Iterator[Weight]:
    if array.ndim in AXES and array.dtype.kind == "f":
        yield from (Weight(module, array.transpose(axes)) for axes in AXES[array.ndim])


def _of_export(graph: Graph, subject: Subject) -> Iterator[Weight]:
    from onnx import numpy_helper

    answers: Any = graph.result if isinstance(graph.result, tuple) else (graph.result,)
    try:
        model = to_onnx(graph, list(subject.operands), dict(zip(subject.results, answers)))
    except InputError:
        return
    for tensor in stored_tensors(model).values():
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind == "f":
            yield Weight("", array)

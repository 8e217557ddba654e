"""Quantised ONNX graphs (QDQ): which value stands for which, and on which grid of numbers it lies.

A value X that goes through QuantizeLinear and DequantizeLinear goes on as what DequantizeLinear gives: that is the
port's X, and what was there before is not looked at. What is dequantised of stored numbers is a parameter, no value; so
is a stored array that goes through both.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

RANGES = {2: (0, 255), 3: (-128, 127), 4: (0, 65535), 5: (-32768, 32767)}   # of ONNX's types uint8, int8, uint16, int16
REAL = "_before_rounding"   # what quantized_operators.py appends to a name that is taken
TWINS = ("_QuantizeLinear_Input", "_DequantizeLinear_Output", REAL)   # and what ONNX Runtime's quantiser appends


@dataclass(frozen=True)
class Grid:
    """Numbers scale * (k - zero), k from least to most."""

    scale: float
    zero: int
    least: int
    most: int

    def limited(self, x: np.ndarray) -> np.ndarray:
        """No less than the least number of the grid, no more than the largest."""
        return np.clip(x, (self.least - self.zero) * self.scale, (self.most - self.zero) * self.scale)

    def rounded(self, x: np.ndarray) -> np.ndarray:
        """The nearest number of the grid, ties to even, its end for what lies outside."""
        k = np.clip(np.rint(x / self.scale) + self.zero, self.least, self.most)
        return ((k - self.zero) * self.scale).astype(x.dtype)


@dataclass
class Quantized:
    """What DequantizeLinear gives, by its name.

    grids      value -> its grid;  twins: value -> what it stands for;  hidden: values that are not looked at
    roundings  (value, what was rounded) of every QuantizeLinear with its DequantizeLinear
    parameters value -> the node that dequantises stored whole numbers
    """

    grids: dict[str, Grid]
    twins: dict[str, str]
    hidden: set[str]
    roundings: dict[str, str]
    parameters: dict[str, Any]


def quantized(model: ModelProto) -> Quantized:
    """What is quantised in a graph; nothing in most."""
    stored = stored_tensors(model)
    makers = {name: node for node in model.graph.node for name in node.output}
    found = Quantized({}, {}, set(), {}, {})
    for node in model.graph.node:
        if node.op_type != "DequantizeLinear":
            continue
        answer, maker = node.output[0], makers.get(node.input[0])
        source = maker.input[0] if maker is not None and maker.op_type == "QuantizeLinear" else None
        if source is not None:
            found.roundings[answer] = source
        elif node.input[0] in stored:
            found.parameters[answer] = node
        if source is None or source in stored or source in found.twins.values():
            found.hidden.add(answer)
            continue
        found.twins[answer] = source
        found.hidden.add(source)
        grid = _grid(node, stored)
        if grid:
            found.grids[answer] = grid
    return found


def stored_tensors(model: ModelProto) -> dict[str, Any]:
    """Every array that the file holds: initializers, and what nodes called Constant have."""
    found = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                found[node.output[0]] = attribute.t
    return found


def plain_name(name: str) -> str:
    """Without what the quantiser appended."""
    for twin in TWINS:
        name = name.removesuffix(twin)
    return name


def _grid(node: NodeProto, stored: dict[str, TensorProto]) -> Grid | None:
    """Of one scale for the whole value."""
    from onnx import numpy_helper

    scale, zero = (stored.get(name) for name in [*node.input[1:], ""][:2])
    if scale is None:
        return None
    step = numpy_helper.to_array(scale)
    if step.size != 1:
        return None
    least, most = RANGES.get(zero.data_type if zero is not None else 2, (-128, 127))
    return Grid(float(step.ravel()[0]), int(numpy_helper.to_array(zero).ravel()[0]) if zero is not None else 0,
                least, most)


def unrounded(model: ModelProto, found: Quantized) -> ModelProto:
    """The graph with clips in place of rounding to a grid, so that any two values stay different.

    The limits stay: a ReLU that the quantiser has folded away is one of them.
    """
    import onnx
    from onnx import helper

    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    kinds = {name: tensor.data_type for name, tensor in stored_tensors(model).items()}
    makers = {name: node for node in model.graph.node for name in node.output}
    rounding = {makers[node.input[0]].output[0] for node in model.graph.node if node.output[0] in found.grids}
    gone = rounding - {name for node in model.graph.node if node.output[0] not in found.grids for name in node.input}
    nodes = []
    for node in model.graph.node:
        grid = found.grids.get(node.output[0])
        if grid is None:
            nodes.extend([node] * (node.output[0] not in gone))
            continue
        limits = [f"{node.output[0]}_{end}" for end in ("least", "most")]
        for name, k in zip(limits, (grid.least, grid.most)):
            plain.graph.initializer.append(helper.make_tensor(name, kinds[node.input[1]], [], [
                (k - grid.zero) * grid.scale]))
        nodes.append(helper.make_node("Clip", [makers[node.input[0]].input[0], *limits], node.output))
    del plain.graph.node[:]
    plain.graph.node.extend(nodes)
    return plain

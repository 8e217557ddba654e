"""Quantised operators of ONNX Runtime (QLinearConv, QLinearAdd ...) written as QDQ: values as they are, the same grids.

ONNX Runtime's quantiser writes a graph in one of two ways. In one each layer is one operator that gets and gives whole
numbers; in the other the layer is as it was, between DequantizeLinear and QuantizeLinear. The first is rewritten into
the second, which computes the same, but for sums that are float there and whole numbers here.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from refvr.errors import InputError, printable
from refvr.verify.compare.ports.quantized import REAL

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

# operator -> (the same on real numbers, how many arrays it gets, each with scale and zero point)
OPERATORS = {"QLinearConv": ("Conv", 2), "QLinearMatMul": ("MatMul", 2), "QLinearAdd": ("Add", 2),
             "QLinearMul": ("Mul", 2), "QLinearLeakyRelu": ("LeakyRelu", 1), "QLinearSigmoid": ("Sigmoid", 1),
             "QLinearAveragePool": ("AveragePool", 1), "QLinearGlobalAveragePool": ("GlobalAveragePool", 1),
             "QLinearConcat": ("Concat", 0)}
# what ONNX Runtime computes on whole numbers as they are: the result lies on the grid of the first operand
MOVED = {"MaxPool", "Resize", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Flatten", "Pad", "Gather",
         "DepthToSpace", "SpaceToDepth", "Identity"}
WHOLE = ("_quantized", "_QuantizeLinear_Output")   # what the quantiser appends to the name of whole numbers


def as_qdq(model: ModelProto) -> ModelProto:
    """The graph with such operators written out; itself if it has none. Others of their kind stay, and are not told."""
    import onnx

    if not any(node.op_type in OPERATORS for node in model.graph.node):
        return model
    other = onnx.ModelProto()
    other.CopyFrom(model)
    rewriter = _Rewriter(other)
    del other.graph.node[:]
    other.graph.node.extend(node for old in model.graph.node for node in rewriter.of(old))
    return other


class _Rewriter:
    """Writes nodes; the biases of convolutions become stored real numbers."""

    def __init__(self, model: ModelProto) -> None:
        self.stored = {tensor.name: tensor for tensor in model.graph.initializer}
        self.graph = model.graph
        self.real: dict[str, str] = {}   # whole numbers -> what dequantises them
        self.grids: dict[str, Sequence[str]] = {}   # whole numbers -> names of scale and zero point
        self.taken = {name for node in model.graph.node for name in node.output}

    def of(self, node: NodeProto) -> list[NodeProto]:
        """What stands in the place of a node."""
        from onnx import helper

        if node.op_type == "QuantizeLinear":
            self.grids[node.output[0]] = node.input[1:]
        if node.op_type in MOVED and node.input[0] in self.grids:
            return self._moved(node)
        if node.op_type not in OPERATORS:
            return [node]
        name, count = OPERATORS[node.op_type]
        inputs, ends, rest = self._apart(node, count)
        before, arrays = [], []
        for k, (x, scale, zero) in enumerate(inputs):
            axis: dict[str, Any] = {"axis": 0} if name == "Conv" and k == 1 else {}
            if x not in self.real:
                self.real[x] = f"{x}_DequantizeLinear_Output"
                before.append(helper.make_node("DequantizeLinear", [x, scale, zero], [self.real[x]], **axis))
            arrays.append(self.real[x])
        if rest:
            arrays.append(self._bias(rest[0], inputs[0][1], inputs[1][1]))
        result = self._plain(node.output[0])
        self.grids[node.output[0]] = ends
        keep = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute
                if attribute.name != "channels_last"}
        return [*before, helper.make_node(name, arrays, [result], name=node.name.removesuffix("_quant"), **keep),
                helper.make_node("QuantizeLinear", [result, *ends], node.output)]

    def _moved(self, node: NodeProto) -> list[NodeProto]:
        """A pool, a shuffle or a resize, of real numbers."""
        from onnx import helper

        ends, before = self.grids[node.input[0]], []
        if node.input[0] not in self.real:
            self.real[node.input[0]] = f"{node.input[0]}_DequantizeLinear_Output"
            before.append(helper.make_node("DequantizeLinear", [node.input[0], *ends], [self.real[node.input[0]]]))
        result = self._plain(node.output[0])
        self.grids[node.output[0]] = ends
        keep = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        plain = helper.make_node(node.op_type, [self.real[node.input[0]], *node.input[1:]], [result],
                                 name=node.name.removesuffix("_quant"), **keep)
        return [*before, plain, helper.make_node("QuantizeLinear", [result, *ends], node.output)]

    def _apart(self, node: NodeProto, count: int) -> tuple[list[tuple[str, str, str]], Sequence[str], list[str]]:
        """(array, scale, zero point) of each operand; scale and zero point of the result; what else there is."""
        names = list(node.input)
        if count == 0:
            return [tuple(names[k:k + 3]) for k in range(2, len(names), 3)], names[:2], []
        of = [tuple(names[3 * k:3 * k + 3]) for k in range(count)]
        return of, names[3 * count:3 * count + 2], [name for name in names[3 * count + 2:] if name]

    def _bias(self, name: str, scale: str, weight_scale: str) -> str:
        """Stored whole numbers times both scales."""
        from onnx import numpy_helper

        whole, *scales = (numpy_helper.to_array(self.stored[each]) for each in (name, scale, weight_scale))
        if scales[1].size not in (1, whole.size):
            raise InputError(f"scale {printable(weight_scale)} has {scales[1].size} numbers, expected one or "
                             f"{whole.size}, as many as {printable(name)}", fix="quantise it again, or mend the file")
        real = f"{name}{REAL}"
        if real not in self.stored:
            self.stored[real] = numpy_helper.from_array((whole * scales[0] * scales[1]).astype(np.float32), real)
            self.graph.initializer.append(self.stored[real])
        return real

    def _plain(self, name: str) -> str:
        """A name for the real numbers: without what the quantiser appended, unless the graph has that already."""
        plain = name
        for ending in WHOLE:
            plain = plain.removesuffix(ending)
        return f"{plain}{REAL}" if plain == name or plain in self.taken else plain

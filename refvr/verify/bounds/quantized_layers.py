"""The layers of a quantised ONNX graph, and the same graph with some of them in real numbers.

    layer       a convolution or matrix product with what follows it, an activation, a sum; all calls of it. What
                else computes in whole numbers, a concatenation, a pool, is a layer by itself
    in float    its weights are the real ones, which the graph has no more: they come from the network that was
                quantised. A value is rounded as long as one layer beside it, which makes or reads it, needs that

So one layer in float between two others reads and writes values that are rounded: a program that is quantised without
it (`nodes_to_exclude`) is the same. A rounding that is taken out leaves the ReLU that was folded into it.
"""
from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from refvr.errors import InputError
from refvr.verify.bounds.float_weights import FloatWeights
from refvr.verify.bounds.folded_relu import folded_relu
from refvr.verify.bounds.numpy_graph import NumpyGraph
from refvr.verify.compare.ports.quantized import stored_tensors

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

PRODUCTS = {"Conv", "ConvTranspose", "Gemm", "MatMul"}
AFTER = {"Relu", "LeakyRelu", "PRelu", "Clip", "Sigmoid", "Tanh", "Add", "BatchNormalization"}   # of a layer's own
WHOLE = PRODUCTS | AFTER | {"Mul", "Concat", "Softmax", "AveragePool", "GlobalAveragePool"}
MOST = 0.75   # of the nodes of a type
LONGEST = 4   # nodes of a layer: product, norm, sum, activation
# what gives whole numbers where it is given some: it rounds nothing by itself, and needs no rounding
DIRECT = {"MaxPool", "Resize", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Gather", "Split", "Pad", "Flatten",
          "DepthToSpace", "SpaceToDepth"}
_SCOPE = re.compile(r"^[a-z]+\d+\.")       # of our own exports: "frame0.", "step1."
_COUNT = re.compile(r"#\d+|_\d+$")         # "/pcd_align/Concat_3", "concat#2"


@dataclass
class Layer:
    """nodes: names to leave out of a quantisation; weights: dequantised value -> its real numbers, where known."""

    name: str
    nodes: list[str] = field(default_factory=list)
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    module: bool = False


class QuantizedLayers:
    """layers: by name, in order of computation; `lost`: names of those whose real weights are not known."""

    def __init__(self, graph: NumpyGraph, ours: FloatWeights) -> None:
        self.graph = graph
        self._stored = stored_tensors(graph.model)
        self._found = graph.quantized
        self._makers = {name: node for node in graph.model.graph.node for name in node.output}
        self._readers: dict[str, list[NodeProto]] = {}
        for node in graph.model.graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)
        self._twin = {source: value for value, source in self._found.roundings.items()}
        self._rounding = self._types_that_round()
        self.layers: dict[str, Layer] = {}
        self._layer_of: dict[str, str] = {}   # first output of a node -> layer
        self._lines: dict[str, list[str]] = {}   # name of a node without its count -> lines of the page that made some
        self.lost: list[str] = []
        self._collect(ours)
        self._needs = {value: set(self._beside(value, source)) for value, source in self._found.roundings.items()}
        self._pass_on()

    def _collect(self, ours: FloatWeights) -> None:
        whole = [node for node in self.graph.model.graph.node if self._is_whole(node)]
        for node in sorted(whole, key=lambda each: each.op_type not in PRODUCTS):   # a stable sort: products first
            if node.output[0] in self._layer_of:
                continue
            nodes = list(self._chain(node)) if node.op_type in PRODUCTS else [node]
            real = {name: ours.of(*self._whole_numbers(name)) for name in node.input
                    if name in self._found.parameters}
            module = next((weight.module for weight in real.values() if weight and weight.module), "")
            layer = self.layers.setdefault(name := module or self._own_name(node), Layer(name))
            layer.module |= bool(module)
            layer.nodes += [each.name or each.output[0] for each in nodes]
            layer.weights |= {value: weight.array for value, weight in real.items() if weight}
            lost = any(weight is None and self._is_weight(each) for each, weight in real.items())
            self.lost += [name] * (lost and name not in self.lost)
            self._layer_of |= {each.output[0]: name for each in nodes}
        order = [self._layer_of[node.output[0]] for node in whole]
        self.layers = {name: self.layers[name] for name in dict.fromkeys(order)}

    def _own_name(self, node: NodeProto) -> str:
        """What the calls of a node have in common in their names; of two lines of a page, two names."""
        stem = _COUNT.sub("", _SCOPE.sub("", (node.name or node.output[0]).strip("/")).strip("/"))
        lines = self._lines.setdefault(stem, [])
        if node.doc_string not in lines:
            lines.append(node.doc_string)
        at = lines.index(node.doc_string)
        return f"{stem}#{at}" if at else stem

    def _types_that_round(self) -> set[str]:
        """Operators whose results are rounded too, by this quantiser: nearly all that read rounded values do so.

        Some quantisers round what products read and nothing else; a sum of two such values is then none of their own.
        """
        counts: dict[str, list[bool]] = {}
        ends = {value.name for value in self.graph.model.graph.output}
        for node in self.graph.model.graph.node:
            if self._reads_whole(node):
                counts.setdefault(node.op_type, []).append(node.output[0] in self._twin or node.output[0] in ends)
        return {name for name, found in counts.items() if sum(found) >= MOST * len(found)}

    def _reads_whole(self, node: NodeProto) -> bool:
        """Whether everything that it reads comes out of DequantizeLinear."""
        read = [name for name in node.input if name and name not in self._stored]
        given = self._found.roundings.keys() | self._found.parameters.keys()
        return node.op_type in WHOLE and bool(read) and all(name in given for name in read) and any(
            name in self._found.roundings for name in read)

    def _is_whole(self, node: NodeProto) -> bool:
        """Whether a runtime computes it in whole numbers."""
        return self._reads_whole(node) and (node.op_type in PRODUCTS or node.op_type in self._rounding)

    def _chain(self, node: NodeProto) -> Iterator[NodeProto]:
        for _ in range(LONGEST):
            yield node
            value = node.output[0]
            readers = [each for name in {value, self._twin.get(value, value)} for each in self._readers.get(name, ())
                       if each.op_type != "QuantizeLinear"]
            while len(readers) == 1 and readers[0].op_type == "Identity":
                readers = [each for each in self._readers.get(readers[0].output[0], ())
                           if each.op_type != "QuantizeLinear"]
            if len(readers) != 1 or readers[0].op_type not in AFTER or not self._is_whole(readers[0]) or \
                    readers[0].output[0] in self._layer_of:
                return
            node = readers[0]

    def _is_weight(self, name: str) -> bool:
        return len(self._stored[self._found.parameters[name].input[0]].dims) > 1

    def _whole_numbers(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        from onnx import numpy_helper

        node = self._found.parameters[name]
        arrays = [numpy_helper.to_array(self._stored[each]) if each in self._stored else None for each in node.input]
        values, scale, zero = (*arrays, None, None)[:3]
        if values is None or scale is None:
            raise InputError(f"{self.graph.path}: the scale of {node.input[0]} is computed, expected stored numbers",
                             fix="quantise it statically")
        zero = np.zeros((), values.dtype) if zero is None else zero
        axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 1)
        return values, scale, zero, axis

    def _beside(self, value: str, source: str) -> Iterator[str]:
        """Layers that make or read a rounded value."""
        maker = self._makers.get(source)
        if maker is not None and source in self._layer_of and maker.op_type in self._rounding:
            yield self._layer_of[source]
        for node in self._readers.get(value, ()):
            if node.output and node.output[0] in self._layer_of:
                yield self._layer_of[node.output[0]]

    def _pass_on(self) -> None:
        """What a pool or a shuffle gives is rounded where its operand is."""
        for node in self.graph.model.graph.node:
            value = self._twin.get(node.output[0]) if node.output and node.op_type in DIRECT else None
            if value and node.input[0] in self._needs:
                self._needs[value] |= self._needs[node.input[0]]

    def beside(self, name: str) -> set[str]:
        """Layers that share a rounded value with one."""
        return set().union(*(needs for needs in self._needs.values() if name in needs)) - {name}

    def model(self, whole: Collection[str]) -> ModelProto:
        """The graph with these layers in whole numbers and all others in float."""
        import onnx
        from onnx import helper, numpy_helper

        whole, out = set(whole), onnx.ModelProto()
        out.CopyFrom(self.graph.model)
        real = {value: array for name, layer in self.layers.items() if name not in whole
                for value, array in layer.weights.items()}
        off = {value for value, needs in self._needs.items() if not needs & whole}
        nodes = []
        for node in self.graph.model.graph.node:
            value = node.output[0] if node.output else ""
            if value in real:
                out.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(real[value]), value))
            elif value in off:
                source = self._found.roundings[value]
                kind = "Relu" if self._is_relu(value, source) else "Identity"
                nodes.append(helper.make_node(kind, [source], [value]))
            else:
                nodes.append(node)
        del out.graph.node[:]
        out.graph.node.extend(nodes)
        return out

    def _is_relu(self, value: str, source: str) -> bool:
        """Whether a rounding is the ReLU of its value too; where no name tells, one from zero on is taken for one."""
        grid = self._found.grids.get(value)
        from_zero = grid is not None and grid.least == grid.zero
        return from_zero and folded_relu(self._makers.get(source), source) is not False

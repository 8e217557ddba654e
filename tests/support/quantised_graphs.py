"""Quantised ONNX graphs, small and made by hand: the convolutions of a graph, with what stands in such files."""
import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from refvr.verify.bounds.numpy_graph import kernels

KINDS = {"int8": (np.int8, -128), "uint8": (np.uint8, 0)}


def quantised(model, feeds, *, kind="int8", per_channel=True, only=lambda node: True):
    """A copy of `model` whose convolutions that `only` says yes to have rounded inputs, weights and biases.

    A value that one of them reads is rounded for all that read it.
    """
    convs = [node for node in model.graph.node if node.op_type == "Conv" and only(node)]
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    read = list(dict.fromkeys(node.input[0] for node in convs))
    every = onnx.ModelProto()
    every.CopyFrom(model)
    del every.graph.output[:]
    every.graph.output.extend(onnx.ValueInfoProto(name=name) for name in read)
    ranges = dict(zip(read, ReferenceEvaluator(every, new_ops=kernels()).run(None, feeds)))
    out = Quantiser(model, *KINDS[kind])
    for name in feeds.keys() & ranges.keys():
        out.value(name, ranges[name])
    for node in model.graph.node:
        if node not in convs:
            other = onnx.NodeProto()
            other.CopyFrom(node)
            other.input[:] = [out.made.get(name, (name, 0))[0] for name in node.input]
            out.nodes.append(other)
            for name in node.output:
                if name in ranges:
                    out.value(name, ranges[name])
            continue
        x, scale = out.made[node.input[0]]
        w = stored[node.input[1]]
        peak = np.abs(w).max((1, 2, 3)) if per_channel else np.abs(w).max()
        steps = np.float32(peak / 127)
        weight = out.stored(node.input[1], w, steps, np.int8)
        bias = [out.stored(node.input[2], stored[node.input[2]], np.float32(scale * steps), np.int32)] * (
            len(node.input) > 2)
        other = onnx.NodeProto()
        other.CopyFrom(node)
        other.input[:] = [x, weight, *bias]
        out.nodes.append(other)
        if node.output[0] in ranges:
            out.value(node.output[0], ranges[node.output[0]])
    del out.model.graph.node[:]
    out.model.graph.node.extend(out.nodes)
    return out.model


class Quantiser:
    """Writes nodes and arrays."""

    def __init__(self, model, dtype, least):
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.nodes, self.dtype, self.least, self.made = [], dtype, least, {}

    def hold(self, name, array):
        self.model.graph.initializer.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def value(self, name, x):
        """(name, step) of a value, rounded."""
        if name not in self.made:
            low, high = min(0.0, float(x.min())), max(0.0, float(x.max()))
            step = np.float32(max(high - low, 1e-6) / 255)
            zero = self.dtype(np.clip(self.least - round(low / step), self.least, self.least + 255))
            ends = [self.hold(f"{name}_scale", step), self.hold(f"{name}_zero_point", zero)]
            self.nodes.append(helper.make_node("QuantizeLinear", [name, *ends], [f"{name}_q"]))
            self.nodes.append(helper.make_node("DequantizeLinear", [f"{name}_q", *ends], [f"{name}_real"]))
            self.made[name] = f"{name}_real", step
        return self.made[name]

    def stored(self, name, array, step, dtype):
        """Name of a parameter, dequantised; one of several layers is held once for each scale."""
        copy = f"{name}_{len(self.nodes)}"
        info = np.iinfo(dtype)
        shape = (-1,) + (1,) * (array.ndim - 1) if np.ndim(step) else ()
        whole = np.clip(np.rint(array / np.reshape(step, shape)), info.min, info.max).astype(dtype)
        names = [self.hold(f"{copy}_whole", whole), self.hold(f"{copy}_scale", step),
                 self.hold(f"{copy}_zero_point", np.zeros(np.shape(step), dtype))]
        self.nodes.append(helper.make_node("DequantizeLinear", names, [f"{copy}_real"], axis=0))
        return f"{copy}_real"

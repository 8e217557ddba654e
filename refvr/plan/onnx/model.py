"""A graph, node by node, as a model: inputs and outputs are the network's own arrays, channels last."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from refvr.errors import InputError, RefvrError
from refvr.plan.graph import Graph, Node
from refvr.plan.onnx import convolution, elements, places, sampling
from refvr.plan.onnx.writer import IR_VERSION, OPSET, Value, Writer
from refvr.plan.run import Order

if TYPE_CHECKING:
    from onnx import ModelProto

# operation -> (writer, *operands, y_shape=, **options) -> Value
TRANSLATIONS: dict[str, Callable[..., Value]] = {
    "add": elements.together("Add"), "sub": elements.together("Sub"), "mul": elements.together("Mul"),
    **{name: elements.alone(operator) for name, operator in (
        ("relu", "Relu"), ("sigmoid", "Sigmoid"), ("tanh", "Tanh"), ("exp", "Exp"))},
    "leaky_relu": elements.leaky_relu, "clip": elements.clip, "prelu": elements.prelu, "softmax": elements.softmax,
    "channel_dot": elements.channel_dot, "sum": elements.reduced("ReduceSum"), "mean": elements.reduced("ReduceMean"),
    "concat": places.concat, "stack": places.stack, "slice": places.slice_, "reshape": places.reshape,
    "zeros": places.zeros, "pixel_shuffle": places.pixel_shuffle, "pixel_unshuffle": places.pixel_unshuffle,
    "pad": places.pad,
    "conv2d": convolution.conv2d, "separable_conv2d": convolution.separable_conv2d, "conv3d": convolution.conv3d,
    "conv_transpose2d": convolution.conv_transpose2d, "deform_conv2d": convolution.deform_conv2d,
    "batch_norm": convolution.batch_norm, "max_pool": convolution.max_pool, "avg_pool": convolution.avg_pool,
    "resize_bilinear": sampling.resize_bilinear, "resize_cubic": sampling.resize_cubic, "imresize": sampling.imresize,
    "grid_sample": sampling.grid_sample, "warp": sampling.warp, "fac": sampling.fac,
    "dynamic_filters": sampling.dynamic_filters, "dynamic_upsample": sampling.dynamic_upsample,
}


def to_onnx(graph: Graph, inputs: Sequence[str], outputs: Mapping[str, Node], *,
            about: Mapping[str, str] = {}) -> ModelProto:
    """The onnx.ModelProto of the nodes that `outputs` need.

    inputs   a name for each input of the graph
    outputs  name -> node;  about: what the model's metadata says
    Tensors have the names that a trace gives their values, "step0.unet.down1"; those that have none there, and what is
    computed within an operation, have a "/" in theirs. The doc_string of a node is the line of the page.
    Raises InputError for an operation that has no translation, by its name, module and line.
    """
    require_onnx()
    order = Order(Graph(graph.nodes, graph.inputs, list(outputs.values())))
    w = Writer(graph.inputs[0].dtype)
    values = {node: Value(w.unique(name), tuple(range(len(node.shape))), node.shape)
              for node, name in zip(graph.inputs, inputs, strict=True)}
    reserved = {w.unique(name) for name in outputs}
    for node in order.nodes:
        values[node] = _translated(w, node, values)
    ends = []
    for name, node in zip(sorted(reserved, key=list(outputs).index), outputs.values()):
        w.begin(name, "")
        value = w.ordered(values[node], tuple(range(len(node.shape))))
        ends.append(w.finished(value, name))
    return _model(w, [values[node] for node in graph.inputs], ends, about)


def require_onnx() -> None:
    """InputError where the package that writes models is not there."""
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise InputError("writing ONNX needs the package onnx", fix="pip install 'refvr[peers]'") from None


def _translated(w: Writer, node: Node, values: dict[Node, Value]) -> Value:
    """The value of one node, under all of its names."""
    operation = node.kind
    place = f"{node.scope}{node.module}"
    names = [w.unique(name) for name in node.names] or [w.unique(f"{place}/{operation}")]
    w.begin(names[0], node.line)
    operands = [values[x] if isinstance(x, Node) else x for x in node.operands]
    try:
        if operation not in TRANSLATIONS:
            raise InputError(f"operation {operation!r} has no standard ONNX operators")
        value = TRANSLATIONS[operation](w, *operands, y_shape=node.shape, **node.options)
    except RefvrError as error:
        raise InputError(f"cannot export {names[0]} ({node.line}): {error.message}", fix=error.fix) from error
    value = w.finished(value, names[0])
    for name in names[1:]:
        w.begin(name, node.line)
        value = w.finished(value, name)
    return value


def _model(w: Writer, inputs: list[Value], outputs: list[Value], about: Mapping[str, str]) -> ModelProto:
    from onnx import numpy_helper

    helper = w.helper
    kind = helper.np_dtype_to_tensor_dtype(w.dtype)
    ends = [[helper.make_tensor_value_info(value.name, kind, value.sizes) for value in part]
            for part in (inputs, outputs)]
    constants = [numpy_helper.from_array(array, name) for name, array in w.constants.values()]
    graph = helper.make_graph(w.nodes, about.get("model", "refvr"), *ends, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
                              producer_name="refvr")
    helper.set_model_props(model, dict(about))
    return model

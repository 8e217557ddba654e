"""Whether a quantiser has folded a ReLU into a rounding: told by the nodes of the graph, not by calibrated ranges.

A rounding whose least number is zero is a limit as well, so quantisers take a Relu before it away, or a Clip at zero,
and give its name to the result of the node before. A result that still has the name of its own node was never limited:
it merely was above zero on every frame that the graph was calibrated on.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from refvr.verify.compare.ports.quantized import plain_name

if TYPE_CHECKING:
    from onnx import NodeProto

LIMITS = ("relu", "clip", "clamp", "hardtanh")   # in names that exporters give to results
QUANTISED = "_quant"                             # what ONNX Runtime appends to the name of a quantised operator
DYNAMO = "node_"                                 # what PyTorch's second exporter puts before it


def folded_relu(maker: NodeProto | None, value: str) -> bool | None:
    """Whether the rounded `value` is that of a ReLU which stood after `maker`; None where no name tells.

    maker  the node that computes the value, None for an input of the graph
    """
    if maker is None or maker.op_type.lower() in LIMITS:
        return False   # nobody limits it, or the operator is there and does it
    node, value = maker.name.removesuffix(QUANTISED), plain_name(value)
    if not node:
        return None
    if value in (node, node.removeprefix(DYNAMO)) or value.startswith((f"{node}_output", f"{node}:")):
        return False
    if node.startswith(DYNAMO) or "_output_" in value:   # of PyTorch: a norm may have been folded, too
        return any(word in value.rpartition("/")[2].lower() for word in LIMITS)
    return True   # as in our own exports, where a node has the name of its result: that of another was taken away

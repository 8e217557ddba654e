"""Export: a captured graph as a model of standard ONNX operators.

    model = to_onnx(capture(net, Like((1, 5, 360, 640, 3))), inputs=["x"], outputs=["output"])      an onnx.ModelProto

Leaves of the graph: pages and operations never hear of it. A file for each kind of operation, with one function for
each operation: TRANSLATIONS has them all. An operation that is not there is refused by name.
"""
from refvr.plan.onnx.model import to_onnx

__all__ = ["to_onnx"]

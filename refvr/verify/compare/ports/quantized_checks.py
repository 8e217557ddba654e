"""Whether scales and zero points of a graph fit what they belong to: what a runtime would only say in its own words."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refvr.errors import InputError, printable
from refvr.verify.compare.ports.quantized import stored_tensors

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

AGAIN = "quantise it again, or mend the file"


def check_quantized(model: ModelProto, path: Path) -> None:
    """Raises InputError for scales and zero points that are stored and do not fit; computed ones are not looked at."""
    stored = stored_tensors(model)
    makers = {name: node for node in model.graph.node for name in node.output}
    for node in model.graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            continue
        x, scale, zero = (*node.input, "")[:3]
        if scale in stored:
            _check_scale(node, stored[scale], stored.get(x), path)
        if zero in stored:
            _check_zero(node, stored, makers.get(x), path)


def _check_scale(node: NodeProto, tensor: TensorProto, whole: Any, path: Path) -> None:
    from onnx import numpy_helper

    scale = np.asarray(numpy_helper.to_array(tensor), np.float64)
    name = printable(node.input[1])
    dead = node.op_type == "DequantizeLinear" and whole is not None   # a channel whose weights are all 0 may have a 0
    sound = np.isfinite(scale) & ((scale > 0) | (dead & (scale == 0)))
    if not np.all(sound):
        raise InputError(f"{path}: scale {name} has {scale[~sound].flat[0]:g}, expected numbers above 0", fix=AGAIN)
    if scale.size == 1 or _attribute(node, "block_size", 0):
        return
    shape = list(whole.dims) if whole is not None else None
    axis = _attribute(node, "axis", 1)
    if scale.ndim != 1 or shape is not None and (not -len(shape) <= axis < len(shape) or shape[axis] != scale.size):
        there = f", expected one or {shape[axis]}, as axis {axis} of {printable(node.input[0])} is long" if \
            shape and -len(shape) <= axis < len(shape) else ", expected one number or one axis of them"
        raise InputError(f"{path}: scale {name} has {scale.size} numbers{there}", fix=AGAIN)


def _check_zero(node: NodeProto, stored: dict[str, TensorProto], maker: NodeProto | None, path: Path) -> None:
    from onnx import TensorProto

    def kind(tensor: TensorProto) -> str:
        return TensorProto.DataType.Name(tensor.data_type).lower()

    x, scale, zero = node.input[:3]
    if scale in stored and stored[scale].dims != stored[zero].dims and _count(stored[scale]) != _count(stored[zero]):
        raise InputError(f"{path}: zero point {printable(zero)} has {_count(stored[zero])} numbers, its scale "
                         f"{_count(stored[scale])}", fix=AGAIN)
    other = stored.get(x)
    if other is None and maker is not None and maker.op_type == "QuantizeLinear" and len(maker.input) > 2:
        other = stored.get(maker.input[2])
    if node.op_type == "DequantizeLinear" and other is not None and kind(other) != kind(stored[zero]):
        raise InputError(f"{path}: zero point {printable(zero)} is {kind(stored[zero])}, what it belongs to, "
                         f"{printable(x)}, is {kind(other)}", fix=AGAIN)


def _count(tensor: TensorProto) -> int:
    return int(np.prod(list(tensor.dims), dtype=np.int64))


def _attribute(node: NodeProto, name: str, default: int) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == name), default)

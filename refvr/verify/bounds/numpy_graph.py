"""An ONNX graph run without a runtime: by the reference evaluator of the package onnx, heavy operators by our kernels.

The evaluator is the standard's own definition in NumPy, so QuantizeLinear and DequantizeLinear are what the standard
says; products are sums of real numbers that lie on grids, as a runtime computes them exactly in whole numbers.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from refvr import ops
from refvr.autodiff import array_of
from refvr.errors import InputError
from refvr.verify.compare.ports.onnx_graph import OnnxGraph, one_line

if TYPE_CHECKING:
    from onnx import ModelProto

SPATIAL = 2   # axes of an image
OPSET = 19    # of the operators that the evaluator knows in all parts


class NumpyGraph(OnnxGraph):
    """A graph whose sessions are evaluators."""

    def session(self, model: ModelProto) -> object:
        """An evaluator of the package onnx that computes the model in NumPy. Raises InputError where it cannot."""
        from onnx.reference import ReferenceEvaluator

        try:
            return ReferenceEvaluator(_recent(model), new_ops=kernels())
        except Exception as error:  # the package's own, which have no common class
            raise InputError(f"{self.path} has something that the package onnx does not compute: {one_line(error)}",
                             fix="bounds needs standard operators alone") from None

    def run(self, session: Any, names: Sequence[str], feeds: dict[str, np.ndarray]) -> list[Any]:
        """Values by their names."""
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                return session.run(list(names), feeds)
        except Exception as error:
            raise InputError(f"{self.path} stopped in the package onnx: {one_line(error)}") from None


def _recent(model: ModelProto) -> ModelProto:
    """The model in opset 19, the first of whose DequantizeLinear the evaluator knows; what PyTorch exports has 17."""
    from onnx import version_converter

    version = next((opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")), OPSET)
    return model if version >= OPSET else version_converter.convert_version(model, OPSET)


@cache
def kernels() -> list[type]:
    """Our operations as operators of the evaluator; options that ours lack are left to its own."""
    from onnx.reference.ops.op_conv import Conv as Slow
    from onnx.reference.ops.op_deform_conv import DeformConv as SlowDeform

    class Conv(Slow):
        """Images, the same on all sides."""

        op_domain = ""

        def _run(self, *operands: Any, **given: Any) -> tuple[np.ndarray, ...]:
            x, w, b = (*operands, None)[:3]
            about = _even(x, given)
            if about is None:
                return super()._run(*operands, **given)
            stride, dilation, padding = about
            y = ops.conv2d(_ours(x), _kernel(w), b, stride=stride, dilation=dilation, padding=padding,
                           groups=given.get("group") or 1)
            return (_theirs(array_of(y)),)

    class DeformConv(SlowDeform):
        """With offsets of rows and columns, and a mask."""

        op_domain = ""

        def _run(self, *operands: Any, **given: Any) -> tuple[np.ndarray, ...]:
            x, w, offset, b, mask = (*operands, None, None)[:5]
            about = _even(x, given)
            if about is None or mask is None or about[2][0] != about[2][1]:
                return super()._run(*operands, **given)
            stride, dilation, (padding, _) = about
            y = ops.deform_conv2d(_ours(x), _ours(offset), _ours(mask), _kernel(w), b, stride=stride,
                                  dilation=dilation, padding=padding, groups=given.get("group") or 1)
            return (_theirs(array_of(y)),)

    return [Conv, DeformConv]


def _even(x: np.ndarray, given: dict[str, Any]) -> tuple[int, int, tuple[int, int]] | None:
    """(stride, dilation, padding of rows and columns) where they are such as ours; None otherwise."""
    strides, dilations = ((given.get(name) or [1] * SPATIAL) for name in ("strides", "dilations"))
    pads = list(given.get("pads") or [0] * 2 * SPATIAL)
    same = len(set(strides)) == len(set(dilations)) == 1 and pads[:SPATIAL] == pads[SPATIAL:]
    if x.ndim != 2 + SPATIAL or x.dtype != np.float32 or not same or given.get("auto_pad") not in (
            None, "", "NOTSET"):
        return None
    return int(strides[0]), int(dilations[0]), (int(pads[0]), int(pads[1]))


def _ours(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def _theirs(y: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(y.transpose(0, 3, 1, 2))


def _kernel(w: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(w.transpose(2, 3, 1, 0))

"""Scales and zero points that cannot be meant are said before a runtime stumbles over them."""
from pathlib import Path

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.ports.quantized_checks import check_quantized

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
from onnx import helper, numpy_helper


def checked(stored, *nodes):
    """Checks a graph with these stored arrays and nodes (operator, inputs, axis or None)."""
    made = [helper.make_node(kind, inputs, [f"out{k}"], **({} if axis is None else {"axis": axis}))
            for k, (kind, inputs, axis) in enumerate(nodes)]
    graph = helper.make_graph(made, "made", [], [], [numpy_helper.from_array(np.asarray(array), name)
                                                     for name, array in stored.items()])
    check_quantized(helper.make_model(graph), Path("made.onnx"))


WEIGHT = np.zeros((4, 3), np.int8)
ONE = np.float32(0.5)
QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


@pytest.mark.parametrize("bad", [0, -1, np.nan, np.inf])
def test_a_scale_is_a_number_above_0(bad):
    with pytest.raises(InputError, match="made.onnx: scale s has .*, expected numbers above 0"):
        checked({"s": np.float32(bad)}, (QUANTIZE, ["x", "s"], None))
    checked({"s": ONE}, (QUANTIZE, ["x", "s"], None))


def test_a_dead_channel_of_stored_weights_may_have_a_scale_of_0_and_values_may_not():
    scales = np.float32([1, 0, 1, 1])
    checked({"w": WEIGHT, "s": scales}, (DEQUANTIZE, ["w", "s"], 0))
    with pytest.raises(InputError, match="above 0"):
        checked({"s": scales}, (DEQUANTIZE, ["x", "s"], 0))
    with pytest.raises(InputError, match="above 0"):
        checked({"w": WEIGHT.astype(np.float32), "s": scales}, (QUANTIZE, ["w", "s"], 0))


@pytest.mark.parametrize("axis, count, words", [
    (0, 4, ""), (1, 3, ""), (-1, 3, ""), (-2, 4, ""), (None, 3, ""), (0, 1, ""), (5, 1, ""),
    (0, 3, "scale s has 3 numbers, expected one or 4, as axis 0 of w is long"),
    (None, 4, "expected one or 3, as axis 1 of w is long"), (2, 4, "expected one number or one axis of them"),
    (-3, 4, "expected one number or one axis of them")])
def test_scales_are_as_many_as_their_axis_is_long(axis, count, words):
    stored = {"w": WEIGHT, "s": np.ones(count, np.float32)}
    if not words:
        checked(stored, (DEQUANTIZE, ["w", "s"], axis))
        return
    with pytest.raises(InputError, match=words):
        checked(stored, (DEQUANTIZE, ["w", "s"], axis))


def test_zero_points_are_as_many_as_scales_and_of_the_type_of_what_they_belong_to():
    given = {"w": WEIGHT, "s": np.ones(4, np.float32), "z": np.zeros(4, np.int8)}
    checked(given, (DEQUANTIZE, ["w", "s", "z"], 0))
    with pytest.raises(InputError, match="zero point z has 3 numbers, its scale 4"):
        checked(given | {"z": np.zeros(3, np.int8)}, (DEQUANTIZE, ["w", "s", "z"], 0))
    with pytest.raises(InputError, match="zero point z is uint8, what it belongs to, w, is int8"):
        checked(given | {"z": np.zeros(4, np.uint8)}, (DEQUANTIZE, ["w", "s", "z"], 0))
    pair = (QUANTIZE, ["x", "s", "z"], None), (DEQUANTIZE, ["out0", "s", "other"], None)
    checked({"s": ONE, "z": np.int8(0), "other": np.int8(0)}, *pair)
    with pytest.raises(InputError, match="zero point other is uint8, what it belongs to, out0, is int8"):
        checked({"s": ONE, "z": np.int8(0), "other": np.uint8(0)}, *pair)


def test_what_is_computed_is_not_looked_at():
    checked({}, ("Relu", ["a"], None), (QUANTIZE, ["x", "out0", "b"], None))

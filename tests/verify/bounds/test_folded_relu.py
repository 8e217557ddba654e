"""A rounding from zero on is a ReLU where one was folded into it, and nothing but a rounding where none was."""
import numpy as np
import pytest

from refvr.verify.bounds.folded_relu import folded_relu
from refvr.verify.bounds.numpy_graph import NumpyGraph
from refvr.verify.bounds.quantized_layers import QuantizedLayers

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
from onnx import TensorProto, helper, numpy_helper


@pytest.mark.parametrize("node, value, expected", [
    ("conv1", "conv1", False), ("conv1/Conv", "conv1", True), ("block.second/Add", "block.second", True),
    ("step0./slice#1", "step0.state", True), ("/add#1", "/add#1", False),   # all our own
    ("/conv1/Conv", "/conv1/Conv_output_0", False), ("/conv1/Conv", "/relu/Relu_output_0", True),
    ("/relu1/Conv", "/relu1/bn/BatchNormalization_output_0", False), ("/conv1/Conv_quant", "/act/Clip_output_0", True),
    ("node_conv2d_3", "conv2d_3", False), ("node_conv2d_3", "relu_1", True), ("node_add", "clamp", True),
    ("conv1", "conv1_QuantizeLinear_Input", False), ("", "relu", None)])
def test_names_tell(node, value, expected):
    assert folded_relu(helper.make_node("Conv", ["x"], ["y"], name=node), value) is expected


def test_an_operator_that_stands_there_and_an_input_are_no_folded_ones():
    assert folded_relu(None, "x") is False
    assert folded_relu(helper.make_node("Relu", ["x"], ["y"], name="a/Relu"), "a") is False


class Unknown:
    """No real weights."""

    def of(self, *given):
        return None


@pytest.mark.parametrize("node, limited", [("conv1", False), ("conv1/Conv", True)])
def test_a_value_beyond_the_calibrated_ones_goes_through_in_float(node, limited, tmp_path):
    """Two convolutions by one; between them a rounding from zero on."""
    stored = {"one": np.ones((1, 1, 1, 1), np.int8), "step": np.float32(1), "scale": np.float32(0.01),
              "none": np.int8(0), "zero": np.uint8(0)}
    nodes = [helper.make_node("QuantizeLinear", ["x", "scale", "none"], ["x_q"]),
             helper.make_node("DequantizeLinear", ["x_q", "scale", "none"], ["x_real"]),
             helper.make_node("DequantizeLinear", ["one", "step", "none"], ["one_real"]),
             helper.make_node("Conv", ["x_real", "one_real"], ["conv1"], name=node),
             helper.make_node("QuantizeLinear", ["conv1", "scale", "zero"], ["conv1_q"]),
             helper.make_node("DequantizeLinear", ["conv1_q", "scale", "zero"], ["conv1_real"]),
             helper.make_node("Conv", ["conv1_real", "one_real"], ["output"], name="output")]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, 2, 2]) for name in ("x", "output")]
    model = helper.make_model(helper.make_graph(nodes, "port", ends[:1], ends[1:], [
        numpy_helper.from_array(np.asarray(array), name) for name, array in stored.items()]),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "q.onnx")
    x = np.array([[[[0.5, -0.25], [7, -3]]]], np.float32)
    graph = NumpyGraph(tmp_path / "q.onnx")
    (y,) = graph.run(graph.session(QuantizedLayers(graph, Unknown()).model([])), ["output"], {"x": x})
    np.testing.assert_allclose(y, np.maximum(x, 0) if limited else x)

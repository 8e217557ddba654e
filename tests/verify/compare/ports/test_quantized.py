"""Ports in int8, as ONNX Runtime's quantiser makes them: scales are read from the graph, a healthy one is healthy."""

import numpy as np
import pytest

from refvr import ops
from refvr.verify.compare.compare import compare
from refvr.verify.compare.ports.onnx_graph import OnnxGraph
from refvr.verify.compare.ports.quantized import Grid
from refvr.verify.compare.ports.quantized_operators import as_qdq

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")
quantization = pytest.importorskip("onnxruntime.quantization", reason="ONNX Runtime is not installed")
import compare_ports
import torch_peers


class Calibration(quantization.CalibrationDataReader):
    """The inputs of the port themselves, once."""

    def __init__(self, feeds):
        self._left = iter([feeds])

    def get_next(self):
        return next(self._left, None)


def quantised(network, folder, plant=None, form="QDQ"):
    """(subject, file of the quantised graph) of a network's peer."""
    torch.set_num_threads(1)
    given = compare_ports.subject(network)
    peer = torch_peers.from_refvr(given.net).eval()
    if plant:
        plant(peer)
    args = compare_ports.arguments(given)
    names = [f"input{k}" for k in range(len(args))]
    torch.onnx.export(peer, tuple(args), str(folder / "port.onnx"), dynamo=False, opset_version=17, input_names=names)
    quantization.quantize_static(
        str(folder / "port.onnx"), str(folder / "int8.onnx"), Calibration({n: x.numpy() for n, x in zip(names, args)}),
        quant_format=quantization.QuantFormat[form], per_channel=True, activation_type=quantization.QuantType.QInt8,
        weight_type=quantization.QuantType.QInt8)
    return given, folder / "int8.onnx"


def transposed(layer):
    layer.weight.data = layer.weight.data.mT.contiguous()


MISTAKES = {   # network, and another word where it has several -> what plants it, the guilty layer
    "fastdvdnet": (lambda p: transposed(p.temp2.downc0.convblock[0]), "temp2.downc0.stride.conv"),
    "stfan": (lambda p: transposed(p.conv1_2.stem[0]), "encode.full.block1.first"),
    "edvr": (lambda p: transposed(p.conv_l2_1), "conv_l2_1"),
    "duf": (lambda p: p.conv3d_r1.bias.data.zero_(), "residual1"),
    "remonet": (lambda p: transposed(p.unetblock.encoder1[0].conv2.convblock[0]), "step0.unet.down1.skip.spatial"),
    "remonet first": (lambda p: transposed(p.conv1), "step0.conv1"),
    "remonet last": (lambda p: [x.data.neg_() for x in p.conv_fusion.parameters()], "fusion.in_layer"),
}
QUICK = "fastdvdnet"


def marked(networks):
    return [pytest.param(name, marks=[] if name == QUICK else [pytest.mark.long]) for name in networks]


@pytest.mark.filterwarnings("ignore")   # of the exporter, that it is old, and of its traces
@pytest.mark.parametrize("network", marked(name for name in MISTAKES if " " not in name))
def test_a_healthy_int8_port_is_healthy(network, tmp_path):
    given, port = quantised(network, tmp_path)
    with ops.threads(1):
        report = compare(given, port, with_isolation=True)
    assert report.precision == "int8" and any("QuantizeLinear" in note for note in report.notes)
    assert report.healthy and not report.names_are_wrong and len(report.rows) > 20, [
        (r.name, r.times, r.stage) for r in report.rows if r.times > 1]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", marked(MISTAKES))
def test_a_mistake_in_an_int8_port_is_found(name, tmp_path):
    plant, guilty = MISTAKES[name]
    given, port = quantised(name.split()[0], tmp_path, plant)
    with ops.threads(1):
        report = compare(given, port, with_isolation=True)
    assert report.guilty and guilty in report.guilty.span   # a folded norm's value is that of both


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("network", ["stfan", "edvr"])   # of FastDVDnet the quantiser makes none
def test_a_healthy_port_of_quantised_operators_is_healthy(network, tmp_path):
    given, port = quantised(network, tmp_path, form="QOperator")
    with ops.threads(1):
        report = compare(given, port, with_isolation=True)
    assert report.precision == "int8" and report.healthy and not report.names_are_wrong and len(report.rows) > 20, [
        (r.name, r.times, r.stage) for r in report.rows if r.times > 1]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["stfan", "edvr"])
def test_a_mistake_in_a_port_of_quantised_operators_is_found(name, tmp_path):
    plant, guilty = MISTAKES[name]
    given, port = quantised(name, tmp_path, plant, form="QOperator")
    with ops.threads(1):
        report = compare(given, port, with_isolation=True)
    assert report.guilty and guilty in report.guilty.span   # a folded norm's value is that of both


@pytest.mark.filterwarnings("ignore")
def test_quantised_operators_written_out_compute_the_same(tmp_path):
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = (torch.nn.Conv2d(*sizes, 3, padding=1) for sizes in ((3, 8), (8, 8), (16, 3)))

        def forward(self, x):
            y = torch.nn.functional.leaky_relu(self.a(x), 0.1)
            z = torch.sigmoid(self.b(y)) * y + y
            return self.c(torch.cat((z, y), 1))

    x = torch.rand(1, 3, 12, 12)
    torch.onnx.export(Net().eval(), (x,), str(tmp_path / "p.onnx"), dynamo=False, opset_version=17, input_names=["x"])
    quantization.quantize_static(
        str(tmp_path / "p.onnx"), str(tmp_path / "q.onnx"), Calibration({"x": x.numpy()}), per_channel=True,
        quant_format=quantization.QuantFormat.QOperator, weight_type=quantization.QuantType.QInt8)
    runtime = pytest.importorskip("onnxruntime")
    whole, graph = onnx.load(str(tmp_path / "q.onnx")), OnnxGraph(tmp_path / "q.onnx")
    assert {"QLinearConv", "QLinearAdd", "QLinearConcat"} <= {node.op_type for node in whole.graph.node}
    assert not any(node.op_type.startswith("QLinear") for node in graph.model.graph.node)
    right = runtime.InferenceSession(str(tmp_path / "q.onnx"), providers=["CPUExecutionProvider"]).run(
        None, {"x": x.numpy()})[0]
    found = graph.values({"x": x.numpy()}, "port")
    step = max(grid.scale for grid in found.grids.values())
    assert np.abs(list(found.values())[-1] - right).max() <= step and len(found.grids) == 9
    assert {"a/Conv_output_0", "b/Conv_output_0"} <= set(found) and set(found.unrounded) >= set(found.grids)


def test_a_grid_is_that_of_the_graph():
    grid = Grid(0.5, -10, -128, 127)
    assert grid.rounded(np.array([0.24, 0.26, 0.75, 1000, -1000])).tolist() == [0, 0.5, 1, 68.5, -59]
    assert grid.limited(np.array([0.24, 1000, -1000])).tolist() == [0.24, 68.5, -59]


def test_a_dequantised_value_stands_for_the_value(tmp_path):
    helper, kind = onnx.helper, onnx.TensorProto
    nodes = [helper.make_node("Relu", ["x"], ["y"]), helper.make_node("QuantizeLinear", ["y", "scale", "zero"], ["q"]),
             helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y_DequantizeLinear_Output"]),
             helper.make_node("Neg", ["y_DequantizeLinear_Output"], ["z"])]
    stored = [helper.make_tensor("scale", kind.FLOAT, [], [0.25]), helper.make_tensor("zero", kind.UINT8, [], [0])]
    ends = [helper.make_tensor_value_info(name, kind.FLOAT, [4]) for name in "xz"]
    model = helper.make_model(helper.make_graph(nodes, "one", ends[:1], ends[1:], stored), ir_version=8,
                              opset_imports=[helper.make_opsetid("", 17)])
    onnx.save(model, tmp_path / "one.onnx")
    found = OnnxGraph(tmp_path / "one.onnx").values({"x": np.array([0.3, -1, 100, 0.6], np.float32)}, "one")
    assert list(found) == ["y", "z"] and found["y"].tolist() == [0.25, 0, 63.75, 0.5]
    assert found.grids == {"y": Grid(0.25, 0, 0, 255)}
    assert np.allclose(found.unrounded["y"], [0.3, 0, 63.75, 0.6])   # the limits stay


def test_a_graph_is_not_changed_by_writing_its_operators_out():
    helper, kind = onnx.helper, onnx.TensorProto
    node = helper.make_node("QLinearSigmoid", ["x", "s", "z", "s", "z"], ["y"], domain="com.microsoft")
    stored = [helper.make_tensor("s", kind.FLOAT, [], [0.25]), helper.make_tensor("z", kind.UINT8, [], [0])]
    ends = [helper.make_tensor_value_info(name, kind.UINT8, [4]) for name in "xy"]
    model = helper.make_model(helper.make_graph([node], "one", ends[:1], ends[1:], stored))
    before = model.SerializeToString()
    assert [node.op_type for node in as_qdq(model).graph.node] == ["DequantizeLinear", "Sigmoid", "QuantizeLinear"]
    assert model.SerializeToString() == before
    plain = as_qdq(model)
    assert as_qdq(plain) is plain   # nothing is left to write out

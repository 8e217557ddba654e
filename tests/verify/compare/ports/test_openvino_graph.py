"""Graphs in OpenVINO, of ONNX or its own: values under right names, of one that stops those before, bad ones."""
import sys

import numpy as np
import pytest

from refvr.errors import InputError

openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")
from onnx import TensorProto, helper, numpy_helper

from refvr.verify.compare.ports.openvino_graph import OpenVinoGraph

X = np.float32([[1, -2, 3], [-4, 5, -6]])
node = helper.make_node
NODES = [node("Relu", ["x"], ["/act/Relu_output_0"]), node("Neg", ["/act/Relu_output_0"], ["minus"]),
         node("Mul", ["minus", "three"], ["y"])]


THREE = (("three", np.float32(3)),)


def saved(path, nodes, stored=THREE, shape=("h", "w"), outputs=("y",)):
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
                              [numpy_helper.from_array(np.asarray(x), name) for name, x in stored])
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


@pytest.fixture
def graph(tmp_path):
    return OpenVinoGraph(saved(tmp_path / "g.onnx", NODES))


def test_every_value_of_an_onnx_graph_in_its_order(graph):
    assert [(want.name, want.shape, want.dtype) for want in graph.wanted] == [("x", (None, None), "float32")]
    found = graph.values({"x": X}, "mine")
    positive = np.maximum(X, 0)
    want = {"act/Relu_output_0": positive, "minus": -positive, "y": -3 * positive}
    assert list(found) == list(want) and all(np.array_equal(found[name], x) for name, x in want.items())
    assert found.results == {"y": "y"} and not found.stopped
    assert np.array_equal(graph.results({"x": X})[0], -3 * positive)


def test_its_own_files_have_the_names_of_tensors_or_operations(graph, tmp_path):
    openvino.save_model(graph._model, tmp_path / "g.xml", compress_to_fp16=False)
    found = OpenVinoGraph(tmp_path / "g.xml").values({"x": X}, "mine")
    assert np.array_equal(found["y"], -3 * np.maximum(X, 0)) and found.results == {"y": "y"}
    assert np.array_equal(found["act/Relu_output_0"], np.maximum(X, 0)) and list(found)[-1] == "y"


def test_numbers_are_computed_in_float32(tmp_path):
    """In half precision, as it would on some machines, the one would be lost."""
    path = saved(tmp_path / "g.onnx", [node("Add", ["x", "one"], ["a"]), node("Mul", ["a", "one"], ["y"])],
                 [("one", np.float32(1))])
    large = np.full((1, 2), 4096, np.float32)
    assert OpenVinoGraph(path).results({"x": large})[0].tolist() == [[4097, 4097]]


def test_of_a_graph_that_stops_there_are_the_values_before(tmp_path):
    """Of another size than the one that it was made for: a reshape cannot be."""
    nodes = [*NODES[:2], node("Reshape", ["minus", "six"], ["flat"]), node("Neg", ["flat"], ["y"])]
    graph = OpenVinoGraph(saved(tmp_path / "g.onnx", nodes, [("six", np.array([6]))]))
    assert not graph.values({"x": X}, "mine").stopped
    found = graph.values({"x": np.ones((2, 2), np.float32)}, "mine")
    assert list(found) == ["act/Relu_output_0", "minus"] and not found.results
    assert found.stopped.startswith("half way, what comes before is compared: OpenVINO stopped in ")
    assert "\n" not in found.stopped
    with pytest.raises(InputError, match=r"OpenVINO stopped in .*g\.onnx"):
        graph.results({"x": np.ones((2, 2), np.float32)})


def test_of_its_own_file_that_stops_no_value_is_called_a_result(tmp_path):
    nodes = [*NODES[:2], node("Reshape", ["minus", "six"], ["y"])]
    graph = OpenVinoGraph(saved(tmp_path / "g.onnx", nodes, [("six", np.array([6]))], outputs=("minus", "y")))
    openvino.save_model(graph._model, tmp_path / "g.xml", compress_to_fp16=False)
    graph = OpenVinoGraph(tmp_path / "g.xml")
    assert graph.values({"x": X}, "mine").results.keys() == {"minus", "y"}
    found = graph.values({"x": np.ones((2, 2), np.float32)}, "mine")
    assert found.stopped and "minus" in found and not found.results


@pytest.mark.filterwarnings("ignore")   # of the exporter
def test_a_network_that_pytorch_exported(tmp_path):
    """Takes 8x8; of another size its first layers are computed before it stops."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = (torch.nn.Conv2d(*sizes, 3, padding=1) for sizes in ((3, 4), (4, 4), (4, 3)))

        def forward(self, x):
            y = torch.relu(self.a(x))
            z = self.b(y).relu_().reshape(1, 4, 8, -1)[:, :, :, :8]
            return self.c(z + y)

    network, free = Net().eval(), {"x": {2: "h", 3: "w"}}
    torch.onnx.export(network, torch.rand(1, 3, 8, 8), str(tmp_path / "port.onnx"), dynamo=False, input_names=["x"],
                      dynamic_axes=free, opset_version=17)
    program, x = OpenVinoGraph(tmp_path / "port.onnx"), np.random.default_rng(0).random((1, 3, 10, 10), np.float32)
    found = program.values({"x": x[..., :8, :8]}, "port")
    with torch.no_grad():
        right = network(torch.from_numpy(x[..., :8, :8].copy())).numpy()
    assert not found.stopped and np.allclose(list(found.values())[-1], right, atol=1e-6)
    found = program.values({"x": x}, "port")
    assert "half way" in found.stopped and len(found) == 4 and "Reshape" in found.stopped, (found.stopped, list(found))


@pytest.mark.parametrize("name, data", [("g.xml", b"<net/>"), ("g.xml", b""), ("g.onnx", b"no graph")])
def test_a_damaged_file_is_one_line(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match="OpenVINO does not take|no sound ONNX graph") as caught:
        OpenVinoGraph(tmp_path / name)
    assert "\n" not in caught.value.message and name in caught.value.message


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(InputError, match="is to be run by the package openvino") as caught:
        OpenVinoGraph(tmp_path / "g.xml")
    assert "refvr[openvino]" in caught.value.fix

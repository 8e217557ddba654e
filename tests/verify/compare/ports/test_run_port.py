"""Ports as files: programs that `refvr compare` runs itself, healthy and with a mistake, and files that are no good."""
import logging
import warnings

import numpy as np
import pytest

from refvr import ops
from refvr.cli.main import main
from refvr.verify.runs.trace_file import write_trace

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
import compare_ports
import torch_peers
from onnx import TensorProto, helper, numpy_helper

NETWORKS = ["stfan", "edvr", "fastdvdnet", "remonet", "duf", "safa"]
KINDS = ["script.onnx", "dynamo.onnx", "pt2", "ts"]
MISTAKES = {  # of compare_ports -> ends of our names, one of which is guilty or among those that may be
    "no activation": "encode.full.block1.first", "border repeated": "conv_l2_1",
    "eps of batch norm": "temp1.downc1.stride.norm", "stride at the wrong pixel": "unet.down1.skip"}
IMPOSSIBLE = {("safa", "dynamo.onnx"), ("safa", "pt2")}   # torch.export follows no choice of scales by values
FAST = {("stfan", "script.onnx"), ("stfan", "dynamo.onnx"), ("no activation", "ts"), ("no activation", "pt2")}


@pytest.fixture(autouse=True)
def quiet():
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    with ops.threads(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


def save(peer, args, path):
    """The port as a file of the kind that its name says."""
    if path.suffix == ".onnx":
        dynamo = "dynamo" in path.name
        torch.onnx.export(peer, args, str(path), dynamo=dynamo, opset_version=18 if dynamo else 17, verbose=False)
    elif path.suffix == ".pt2":
        torch.export.save(torch.export.export(peer, args), str(path))
    else:
        with torch.no_grad():
            torch.jit.trace(peer, args, check_trace=False).save(str(path))
    return path


def port(network, kind, folder, plant=None):
    """A trace of ours, and the file of a port."""
    given = compare_ports.subject(network)
    write_trace(given, folder / "ours.h5")
    peer = torch_peers.from_refvr(given.net)
    if plant:
        plant(peer)
    return folder / "ours.h5", save(peer, tuple(compare_ports.arguments(given)), folder / f"port-{kind}" if "." in kind
                                    else folder / f"port.{kind}")


def compared(capsys, *arguments):
    """(exit status, standard output, standard error)."""
    capsys.readouterr()
    status = main(["compare", *map(str, arguments)])
    return (status, *capsys.readouterr())


def cases(rows):
    return [pytest.param(*row, marks=[] if row in FAST else [pytest.mark.long]) for row in rows]


@pytest.mark.parametrize("network, kind", cases((n, k) for n in NETWORKS for k in KINDS
                                                 if (n, k) not in IMPOSSIBLE))
def test_a_healthy_port_is_healthy(network, kind, tmp_path, capsys):
    status, out, _ = compared(capsys, *port(network, kind, tmp_path), "--isolate", "--brief")
    assert status == 0 and "no guilty layer" in out, out


@pytest.mark.parametrize("mistake, kind", cases((m, k) for m in MISTAKES for k in KINDS))
def test_a_planted_mistake_is_found(mistake, kind, tmp_path, capsys):
    network, plant, _ = compare_ports.MISTAKES[mistake]
    status, out, _ = compared(capsys, *port(network, kind, tmp_path, plant), "--isolate", "--brief")
    assert status == 1 and MISTAKES[mistake] in out.partition("first guilty layer")[2].partition("looks like")[0], out


@pytest.mark.parametrize("network", [n if n == "stfan" else pytest.param(n, marks=pytest.mark.long) for n in NETWORKS])
def test_openvino_runs_graphs_too(network, tmp_path, capsys):
    openvino = pytest.importorskip("openvino", reason="OpenVINO is not installed")
    trace, path = port(network, "script.onnx", tmp_path)
    status, out, _ = compared(capsys, trace, path, "--isolate", "--brief", "--runtime", "openvino")
    assert status == 0 and "no guilty layer" in out, out
    openvino.save_model(openvino.convert_model(str(path)), tmp_path / "port.xml", compress_to_fp16=False)
    status, out, _ = compared(capsys, trace, tmp_path / "port.xml", "--isolate", "--brief")
    assert status == 0 and "no guilty layer" in out, out


# small graphs: a model of ours has `x` (1, 3, 16, 24, 3), `blur` is near nothing of it

@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "ours.h5"
    with ops.threads(1):
        write_trace(compare_ports.subject("stfan"), path)
    return path


def graph(path, nodes, outputs=("output",), stored=(), shape=None):
    """An .onnx file of one input, `img_blur`."""
    made = helper.make_graph(nodes, "port", [
        *(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
          for name in ("img_blur", "last_img_blur", "output_last_img", "output_last_fea"))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in stored])
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("strange", 1)],
                                ir_version=8), path)
    return path


def refused(capsys, *arguments):
    status, _, err = compared(capsys, *arguments)
    assert status == 2 and err.count("refvr: ") == 1, err
    return err


@pytest.mark.parametrize("name, data, words", [
    ("port.onnx", b"not a graph", "no sound ONNX graph"), ("port.onnx", b"", "no sound ONNX graph"),
    ("port.pt2", b"PK", "no program of torch.export"), ("port.xml", b"<net/>", "OpenVINO does not take")])
def test_a_damaged_program_is_refused_in_one_line(name, data, words, trace, tmp_path, capsys):
    if name.endswith("xml"):
        pytest.importorskip("openvino", reason="OpenVINO is not installed")
    (tmp_path / name).write_bytes(data)
    assert words in refused(capsys, trace, tmp_path / name)


def test_a_graph_for_another_size_says_which_it_takes(trace, tmp_path, capsys):
    nodes = [helper.make_node("Neg", ["img_blur"], ["output"])]
    err = refused(capsys, trace, graph(tmp_path / "port.onnx", nodes, shape=(1, 3, 64, 64)))
    assert "1x3x64x64" in err and "1x16x24x3" in err


def test_a_runtime_is_for_graphs(trace, tmp_path, capsys):
    (tmp_path / "port.pt2").write_bytes(b"PK")
    assert "expected a file that ends in .xml or .onnx" in refused(capsys, trace, tmp_path / "port.pt2", "--runtime",
                                                                   "openvino")


def stops_half_way(path):
    """The first convolution of STFAN's encoder, and then a reshape that cannot be."""
    given = compare_ports.subject("stfan")
    conv = torch_peers.from_refvr(given.net).conv1_1[0]
    kernel, bias = (value.detach().numpy() for value in (conv.weight, conv.bias))
    return given, graph(path, [helper.make_node("Conv", ["img_blur", "w", "b"], ["before"], pads=[1] * 4),
                        helper.make_node("LeakyRelu", ["before"], ["conv1_1"], alpha=0.1),
                        helper.make_node("Reshape", ["conv1_1", "shape"], ["wrong"], name="the_wrong_one"),
                        helper.make_node("Neg", ["wrong"], ["output"])],
                        stored=[("w", kernel), ("b", bias), ("shape", np.array([7, -1, 5]))], shape=None)


def test_of_a_graph_that_stops_half_way_what_came_before_is_compared(trace, tmp_path, capsys):
    _, path = stops_half_way(tmp_path / "port.onnx")
    status, out, _ = compared(capsys, trace, path, "--isolate", "--brief")
    assert status == 2 and "stops at the_wrong_one (Reshape)" in out, out
    assert "what follows was not judged" in out and "1 of our" in out


def test_of_a_program_that_stops_half_way_what_came_before_is_compared(trace, tmp_path, capsys):
    class Stops(torch.nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, img_blur, last_img_blur, output_last_img):
            y = self.inner.conv1_1(img_blur)
            torch._assert_async((y > 1e9).any(), "no such value")
            return y + 1

    given = compare_ports.subject("stfan")
    args = tuple(compare_ports.arguments(given))[:3]
    path = save(Stops(torch_peers.from_refvr(given.net)), args, tmp_path / "port.pt2")
    status, out, _ = compared(capsys, trace, path, "--isolate", "--brief")
    assert status == 2 and "stops half way" in out and "no such value" in out, out


def test_nan_in_a_value_is_found_where_it_begins(trace, tmp_path, capsys):
    def plant(peer):
        peer.conv2_1[0].bias.data[3] = float("nan")

    ours, path = port("stfan", "script.onnx", tmp_path, plant)
    status, out, _ = compared(capsys, ours, path, "--isolate", "--brief")
    assert status == 1 and "first guilty layer: encode.half.enter" in out and "NaN" in out, out

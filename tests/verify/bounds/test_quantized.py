"""What int8 costs by the scales of a quantised graph: as programs that are quantised so, and refusals in one line."""
import json

import numpy as np
import pytest

from refvr import ops
from refvr.cli.bounds import run
from refvr.cli.main import main, make_parser
from refvr.errors import InputError
from refvr.verify.bounds.float_weights import FloatWeights
from refvr.verify.bounds.numpy_graph import NumpyGraph
from refvr.verify.bounds.quantized import quantized_cost
from refvr.verify.bounds.quantized_layers import QuantizedLayers
from refvr.verify.runs.exported import export
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.sweep import decibels

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
from quantised_graphs import quantised

SMALL = {"frames": 3, "features": 8, "extract_blocks": 1, "reconstruct_blocks": 1, "centre": 1, "tsa": False}
ARGUMENTS = ["edvr-m-x4", "scene:16x12", "--init", "3", *(word for key, value in SMALL.items() for word in (
    "--set", f"{key}={json.dumps(value)}"))]


@pytest.fixture(scope="module")
def subject():
    return subject_of("edvr-m-x4", "scene:16x12", init=3, settings=SMALL)


@pytest.fixture(scope="module")
def plain(subject, tmp_path_factory):
    path = tmp_path_factory.mktemp("graphs") / "float.onnx"
    export(subject, path)
    return onnx.load(str(path))


def saved(model, path):
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize(("kind", "per_channel"), [("int8", True), ("uint8", False)])
def test_layers_in_float_are_those_of_a_graph_that_is_quantised_without_them(kind, per_channel, subject, plain, tmp_path
                                                                             ):
    feeds = subject.operands
    with ops.threads(1):
        graph = NumpyGraph(saved(quantised(plain, feeds, kind=kind, per_channel=per_channel), tmp_path / "q.onnx"))
        found = QuantizedLayers(graph, FloatWeights(subject))
        assert not found.lost and {"conv_first", "pcd_align.l1.dcn.conv_offset", "upconv1"} <= set(found.layers)

        def result(model):
            return graph.run(graph.session(model), ["output"], feeds)[0]

        right = result(found.model([]))
        assert decibels(right, subject.run()) > 100 and decibels(result(found.model(found.layers)), right) < 70
        kept = {"conv_first", "upconv1", "pcd_align.l2.feat_conv"}
        nodes = {node for name in kept for node in found.layers[name].nodes}
        other = quantised(plain, feeds, kind=kind, per_channel=per_channel, only=lambda node: node.name not in nodes)
        mine = result(found.model([name for name in found.layers if name not in kept]))
        assert decibels(mine, result(other)) > 90 and decibels(mine, result(graph.model)) < 80


def test_costs_are_measured_and_what_is_kept_brings_most(subject, plain, tmp_path, capsys):
    path = saved(quantised(plain, subject.operands), tmp_path / "q.onnx")
    with ops.threads(1):
        assert main(["bounds", *ARGUMENTS, "--emulate", "int8", "--graph", str(path), "--layers", "*conv*", "--layers",
                     "recon*", "--json"]) == 0
        few = json.loads(capsys.readouterr().out)
        report = quantized_cost(subject, path, layers=["upconv*", "conv_*"], sweep=True)
    assert few["psnr"] > quantized_cost(subject, path).psnr
    gains = dict(report.gains)
    assert gains[1] > report.psnr + 1 and gains[3] > gains[1] and report.nodes["conv_hr"] == ["conv_hr/Conv"]
    alone = quantized_cost(subject, path, layers=[name for name in report.layers if name != report.order[0]])
    assert alone.psnr == gains[1]   # a figure of the table is a run


def spoilt(model, change):
    other = onnx.ModelProto()
    other.CopyFrom(model)
    arrays = {tensor.name: tensor for tensor in other.graph.initializer}

    def put(name, array):
        arrays[name].CopyFrom(onnx.numpy_helper.from_array(np.asarray(array), name))

    change(other, arrays, put)
    return other


def weight_of(model, layer):
    """What the weight of a layer is called in a quantised graph, without its ending."""
    node = next(node for node in model.graph.node if node.name.startswith(layer) and node.op_type == "Conv")
    return node.input[1].removesuffix("_real")


MISTAKES = {
    "nothing": (lambda m, a, put: [m.graph.node.remove(n) for n in list(m.graph.node)[:-1] if n.op_type != "Identity"],
                "quantises nothing"),
    "shape": (lambda m, a, put: put(f"{weight_of(m, 'conv_first')}_scale", np.ones(5, np.float32)),
              "scale conv_first.weight.*has 5 numbers, expected one or 8"),
    "zero point": (lambda m, a, put: put(f"{weight_of(m, 'conv_first')}_zero_point", np.zeros(8, np.uint8)),
                   "zero point conv_first.weight.* is uint8, what it belongs to, .* is int8"),
    "negative": (lambda m, a, put: put("features_in_scale", np.float32(-1)), "scale features_in_scale has -1"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_graph_that_cannot_be_meant_is_refused(name, subject, plain, tmp_path):
    change, says = MISTAKES[name]
    whole = plain if name == "nothing" else spoilt(quantised(plain, subject.operands), change)
    with pytest.raises(InputError, match=says):
        quantized_cost(subject, saved(whole, tmp_path / "q.onnx"))


def test_other_weights_and_other_names_are_refused(subject, plain, tmp_path):
    path = saved(quantised(plain, subject.operands), tmp_path / "q.onnx")
    with pytest.raises(InputError, match=r"no quantised layer fits foo\.\*"):
        quantized_cost(subject, path, layers=["foo.*"])
    with pytest.raises(InputError, match="none of its weights rounds from one of"):
        quantized_cost(subject_of("edvr-m-x4", "scene:16x12", init=4, settings=SMALL), path)
    with pytest.raises(InputError, match="say --emulate int8"):
        run(make_parser("bounds").parse_args([*ARGUMENTS, "--emulate", "fp16", "--graph", str(path)]))

"""Ports in half precision: a healthy one is healthy, and a mistake in one is found."""
import numpy as np
import pytest

from refvr import ops
from refvr.errors import InputError
from refvr.verify.compare.compare import compare

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import compare_ports
import torch_peers

NETWORKS = ["fastdvdnet", "stfan", "edvr", "remonet", "duf", "safa"]
TYPES = {"fp16": torch.float16, "bf16": torch.bfloat16}


def half_port(network, precision, path, plant=None):
    """The peer and its inputs in a type of two bytes; values are written as float32."""
    torch.set_num_threads(1)
    given, kind = compare_ports.subject(network), TYPES[precision]
    peer = torch_peers.from_refvr(given.net)
    if plant:
        plant(peer)
    values, calls = {}, {}

    def keep(name):
        def hook(module, inputs, output):
            if torch.is_tensor(output):
                calls[name] = calls.get(name, -1) + 1
                values[f"{name}#{calls[name]}" if calls[name] else name] = output.detach().float().numpy().copy()
        return hook

    for name, module in peer.named_modules():
        if name:
            module.register_forward_hook(keep(name))
    with torch.no_grad():
        output = peer.to(kind)(*(x.to(kind) for x in compare_ports.arguments(given)))
    values["output"] = (output[0] if isinstance(output, tuple) else output).float().numpy()
    np.savez(path, **values)
    return given


@pytest.mark.parametrize("network, precision", [
    pytest.param(network, precision, marks=[] if (network, precision) == ("fastdvdnet", "fp16") else [pytest.mark.long])
    for network in NETWORKS for precision in TYPES if (network, precision) != ("safa", "bf16")])
def test_a_healthy_half_port_is_healthy(network, precision, tmp_path):
    given = half_port(network, precision, tmp_path / "mine.npz")
    with ops.threads(1):
        report = compare(given, tmp_path / "mine.npz", with_isolation=True)
    assert report.precision == precision and any("numbers" in note for note in report.notes)
    assert report.healthy and not report.names_are_wrong, [(r.name, r.times, r.stage) for r in report.rows
                                                            if r.times > 1]


def test_a_mistake_in_a_half_port_is_found_and_float32_can_be_insisted_on(tmp_path):
    def plant(peer):
        peer.temp2.downc0.convblock[0].weight.data = peer.temp2.downc0.convblock[0].weight.data.mT

    given = half_port("fastdvdnet", "fp16", tmp_path / "mine.npz", plant)
    with ops.threads(1):
        report = compare(given, tmp_path / "mine.npz", with_isolation=True)
        strict = compare(given, tmp_path / "mine.npz", with_isolation=True, precision="fp32")
    assert report.guilty.name == "temp2.downc0.stride.conv" and not report.guilty.others
    assert len(strict.guilty.others) > 5


@pytest.mark.long
def test_a_choice_of_scale_that_rounding_turns_is_said_and_no_verdict(tmp_path):
    given = half_port("safa", "bf16", tmp_path / "mine.npz")
    with ops.threads(1), pytest.raises(InputError, match="another scale is chosen"):
        compare(given, tmp_path / "mine.npz", with_isolation=True)


def test_a_mistake_in_a_layer_with_its_activation_is_found_in_half_too(tmp_path):
    """A value before its activation is compared with ours before it, rounded or not."""
    def plant(peer):
        layer = peer.conv1_2.stem[0]
        layer.weight.data = layer.weight.data.mT

    given = half_port("stfan", "fp16", tmp_path / "mine.npz", plant)
    with ops.threads(1):
        report = compare(given, tmp_path / "mine.npz", with_isolation=True)
    assert report.precision == "fp16" and report.guilty and report.guilty.name == "encode.full.block1.first"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")   # of the exporter, that it is old, and of its traces
@pytest.mark.parametrize("network", ["fastdvdnet", "stfan", "remonet"])
def test_a_healthy_half_graph_is_healthy(network, tmp_path):
    """What torch.onnx makes of a module in float16, run in ONNX Runtime."""
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    given = compare_ports.subject(network)
    peer = torch_peers.from_refvr(given.net).eval().half()
    args = tuple(x.half() for x in compare_ports.arguments(given))
    torch.onnx.export(peer, args, str(tmp_path / "half.onnx"), dynamo=False, opset_version=17)
    with ops.threads(1):
        report = compare(given, tmp_path / "half.onnx", with_isolation=True)
    assert report.precision == "fp16" and report.healthy and not report.names_are_wrong and len(report.rows) > 30

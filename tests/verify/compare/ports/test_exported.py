"""Ports as PyTorch's exporters to ONNX write them, with values that have no names of ours: none healthy is accused."""
import logging

import numpy as np
import pytest
from places import ROOT

from refvr import ops
from refvr.cli.main import main
from refvr.verify.compare.compare import compare
from refvr.verify.runs.trace_file import write_trace

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
import compare_ports
import torch_peers

PAGE = ROOT / "docs" / "compare.md"
NETWORKS = ["edvr", "stfan", "safa", "remonet", "fastdvdnet", "duf"]
EXPORTERS = ["torchscript", "dynamo"]
IMPOSSIBLE = {("safa", "dynamo")}   # torch.export follows no choice of scales that depends on values
FAST = {("fastdvdnet", "torchscript"), ("fastdvdnet", "dynamo")}
# mistakes that survive an export -> ends of our names, one of which is guilty or among those that may be
PLANTED = {
    "no modulation": ("pcd_align.l3.dcn",), "border repeated": ("conv_l2_1",),
    "upsampling with align_corners": ("pcd_align.l2.offset_conv2",),
    "pixel shuffle in another order": ("upconv2",), "filters with a border of zeros": ("decode.half.enter",),
    "no activation": ("encode.full.block1.first",), "eps of batch norm": ("temp1.downc1.stride.norm",),
    "noise map forgotten": ("temp2.inc.each.conv",), "frames reversed": ("blocks.0.conv_b",),
    "bias left out": ("residual1", "residual1.sum"), "beta left out": ("decoder.body.0.act2",),
}
FAST_PLANTED = {("eps of batch norm", "torchscript"), ("noise map forgotten", "dynamo")}


@pytest.fixture(autouse=True)
def one_thread():
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    with ops.threads(1):
        yield
    logging.disable(logging.NOTSET)


def exported(network, exporter, folder, plant=None):
    """The subject, and a dump of every value of its exported peer by the recipe of docs/compare.md."""
    given = compare_ports.subject(network)
    peer, args = torch_peers.from_refvr(given.net), compare_ports.arguments(given)
    planted = plant(peer) if plant else None
    swapped = isinstance(planted, tuple) and not isinstance(planted[0], torch.Tensor)
    path, dynamo = str(folder / "port.onnx"), exporter == "dynamo"
    with compare_ports.put(*(planted if swapped else (compare_ports, "torch", torch))):
        torch.onnx.export(peer, tuple(args), path, dynamo=dynamo, opset_version=18 if dynamo else 17, verbose=False)
    scope = {}
    exec(PAGE.read_text().split("```python\n")[2].split("```")[0], scope)
    names = [value.name for value in onnxruntime.InferenceSession(path).get_inputs()]
    scope["dump"](path, {name: value.numpy() for name, value in zip(names, args)}, folder / "mine.npz")
    return given, folder / "mine.npz"


def _all(rows, fast):
    return [pytest.param(*row, marks=[] if row in fast else [pytest.mark.long]) for row in rows]


@pytest.mark.parametrize("network, exporter", _all(
    [(n, e) for n in NETWORKS for e in EXPORTERS if (n, e) not in IMPOSSIBLE], FAST))
def test_no_healthy_export_is_accused(network, exporter, tmp_path):
    report = compare(*exported(network, exporter, tmp_path), with_isolation=True)
    assert report.healthy and not report.mispaired, report.guilty
    assert len(report.rows) > 0.5 * report.names   # folded norms leave no value of the convolution
    assert all(row.noise < 1e-3 * row.own.peak for row in report.rows if row.own.peak)
    used = [name for row in report.rows for name in row.theirs if "of a batch" not in row.aligned]
    assert len(used) == len(set(used))


@pytest.mark.parametrize("mistake, exporter", _all(
    [(m, e) for m in PLANTED for e in EXPORTERS if (compare_ports.MISTAKES[m][0], e) not in IMPOSSIBLE
     and (m, e) != ("no modulation", "dynamo")], FAST_PLANTED))   # the exporter writes an invalid graph of that one
def test_planted_mistakes_are_found_in_exports(mistake, exporter, tmp_path):
    network, plant, _ = compare_ports.MISTAKES[mistake]
    report = compare(*exported(network, exporter, tmp_path, plant), with_isolation=True)
    assert report.guilty is not None
    assert any(name.endswith(end) for name in report.guilty.span for end in PLANTED[mistake]), report.guilty


def test_an_array_under_the_name_of_another_is_no_mistake(tmp_path, capsys):
    given = compare_ports.port("fastdvdnet", tmp_path / "right.npz")
    with np.load(tmp_path / "right.npz") as right:
        values = dict(right)
    name = "temp2.downc0.convblock.3.convblock.0"
    values[name] = values[name][..., ::-1] * 3
    values.pop("output"), values.pop("temp2")   # otherwise a right end says that nothing can be wrong
    np.savez(tmp_path / "mine.npz", **values)
    report = compare(given, tmp_path / "mine.npz", with_isolation=True)
    assert report.guilty is None and [pair.theirs for pair in report.mispaired if pair.stated] == [name]
    assert report.names_are_wrong
    trace = tmp_path / "t.h5"
    write_trace(given, trace)
    assert main(["compare", str(trace), str(tmp_path / "mine.npz"), "--isolate", "--brief"]) == 2
    out = capsys.readouterr().out
    assert "paired wrongly" in out and "first guilty" not in out
    assert main(["diagnose", str(trace), "--mine", str(tmp_path / "mine.npz")]) == 2
    out = capsys.readouterr().out
    assert "paired wrongly" in out and "equals the reference" not in out

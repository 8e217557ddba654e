"""A network as an ONNX file, and the certificate: how far ONNX Runtime's answer is from ours, and how far it may be."""
import sys
from dataclasses import replace

import numpy as np
import pytest
from small_ports import C, Chain, drawn, subject_with

from refvr import ops
from refvr.errors import InputError
from refvr.nn import Module
from refvr.verify.cases.families import families
from refvr.verify.runs.exported import Certified, certify, export

onnx = pytest.importorskip("onnx", reason="export needs onnx: pip install 'refvr[peers]'")


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.fixture
def subject():
    found = subject_with(drawn(Chain()), network="no such network")
    found.about = {"model": "edvr-s-x4", "input": "drawn", "digest": "0a1b"}
    return found


def changed(path, name, change):
    """The same model with one stored array changed."""
    model = onnx.load(str(path))
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    tensor.CopyFrom(onnx.numpy_helper.from_array(change(onnx.numpy_helper.to_array(tensor)), name))
    onnx.save(model, str(path))


def test_the_report_is_of_the_file(subject, tmp_path):
    subject.run(np.float64)   # what is written is in float32 whatever the network was computed in last
    report = export(subject, tmp_path / "net.onnx")
    model = onnx.load(str(tmp_path / "net.onnx"))
    onnx.checker.check_model(model, full_check=True)
    assert report.inputs == {"x": (1, 7, 9, C)} and report.outputs == {"output": (1, 7, 9, C)}
    assert report.bytes == (tmp_path / "net.onnx").stat().st_size and report.path == str(tmp_path / "net.onnx")
    assert report.opset == model.opset_import[0].version and report.subject == subject.title
    kinds = [node.op_type for node in model.graph.node]
    assert report.operators == {kind: kinds.count(kind) for kind in kinds}
    assert report.operators["Conv"] == 3 and report.operators["Relu"] == 2
    said = {row.key: row.value for row in model.metadata_props}
    assert (said["model"], said["weights"], said["network"]) == ("edvr-s-x4", "0a1b", "no such network")
    assert said["source"] and said["licence"] and "channels last" in said["layout"]   # of the model's row in the zoo


def test_of_an_unknown_model_nothing_is_said_that_is_not_known(subject, tmp_path):
    export(replace(subject, about={}, options={}), tmp_path / "net.onnx")
    said = {row.key for row in onnx.load(str(tmp_path / "net.onnx")).metadata_props}
    assert {"network", "layout"} <= said and not said & {"model", "weights", "source", "licence"}


def exact(subject):
    """(in float32 by direct sums, in float64)."""
    with ops.precision("direct"):
        return subject.run(np.float32), subject.run(np.float64)


def test_the_certificate_by_hand(subject, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="checks run there")
    export(subject, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "net.onnx"), providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, subject.operands)
    single, double = exact(subject)
    (row,) = certify(subject, tmp_path / "net.onnx")
    assert row.name == "output" and row.passed and row.peak == np.abs(double).max()
    assert row.difference == np.abs(theirs - double).max() and row.floor == np.abs(single - double).max()
    assert row.allowed == 4 * row.floor and "our own float32 run" in row.origin


def test_the_floor_of_the_specification_counts_where_it_is_more(subject, tmp_path):
    pytest.importorskip("onnxruntime", reason="checks run there")
    export(subject, tmp_path / "net.onnx")
    (row,) = certify(replace(subject, network="edvr"), tmp_path / "net.onnx")
    family = families()["edvr"]
    own = np.abs(np.subtract(*exact(subject))).max()
    assert row.floor == max(own, family.floor * row.peak)
    assert row.origin == (family.stated if family.floor * row.peak > own else row.origin)


@pytest.mark.parametrize("change, off", [(lambda b: b + np.float32(1e-3), 1e-3), (lambda b: b * np.float32("nan"),
                                                                               float("nan"))])
def test_a_wrong_model_does_not_pass(change, off, subject, tmp_path):
    pytest.importorskip("onnxruntime", reason="checks run there")
    export(subject, tmp_path / "net.onnx")
    changed(tmp_path / "net.onnx", "last.bias", change)
    (row,) = certify(subject, tmp_path / "net.onnx")
    assert not row.passed and row.difference == pytest.approx(off, rel=0.1, nan_ok=True)


def test_an_answer_of_another_shape_is_infinitely_far_off(subject, tmp_path):
    pytest.importorskip("onnxruntime", reason="checks run there")
    from onnx import helper

    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("x", "output")]
    node = helper.make_node("ReduceMax", ["x"], ["output"], keepdims=0)
    onnx.save(helper.make_model(helper.make_graph([node], "g", values[:1], values[1:]), ir_version=8, opset_imports=[
        helper.make_opsetid("", 17)]), str(tmp_path / "net.onnx"))
    (row,) = certify(subject, tmp_path / "net.onnx")
    assert row.difference == np.inf and not row.passed


class Two(Module):
    def forward(self, x):
        return x + 1.0, ops.relu(x)


def test_of_several_results_each_is_judged(tmp_path):
    pytest.importorskip("onnxruntime", reason="checks run there")
    subject = replace(subject_with(Two()), results=("output", "output_state"))
    assert export(subject, tmp_path / "net.onnx").outputs.keys() == {"output", "output_state"}
    rows = certify(subject, tmp_path / "net.onnx")
    assert [(row.name, row.passed) for row in rows] == [("output", True), ("output_state", True)]
    assert rows[1].difference == 0 and rows[1].peak == subject.operands["x"].max()


def test_just_what_is_allowed_passes():
    assert Certified("y", 1.0, 0.25, 1.0, 9, "").passed and not Certified("y", 1.1, 0.25, 1.0, 9, "").passed


def test_what_cannot_be_written_or_run_is_one_line(subject, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"got the output .*net\.pt, expected a name that ends in \.onnx"):
        export(subject, tmp_path / "net.pt")
    pytest.importorskip("onnxruntime", reason="checks run there")
    (tmp_path / "net.onnx").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"ONNX Runtime \S+ does not run .*net\.onnx"):
        certify(subject, tmp_path / "net.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match="needs the package onnxruntime") as caught:
        certify(subject, tmp_path / "net.onnx")
    assert "refvr[peers]" in caught.value.fix
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(InputError, match="onnx"):
        export(subject, tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists() and not (tmp_path / "net.pt").exists()

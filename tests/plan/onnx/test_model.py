"""`refvr export`: the file, its names, the certificate, and a port of the model compared without a map."""
from __future__ import annotations

import json

import numpy as np
import pytest

import refvr
from refvr.cli.main import main
from refvr.verify.runs.inputs import subject_of

onnx = pytest.importorskip("onnx", reason="export needs onnx: pip install 'refvr[peers]'")
SMALL = ["--init", "9", "--size", "20x12"]
STFAN = ["stfan", *SMALL, "--set", "widths=[4,6,10]"]


def export(tmp_path, *arguments):
    path = tmp_path / "net.onnx"
    assert main(["export", *arguments, "-o", str(path)]) == 0
    return onnx.load(path)


def ends(part):
    return {x.name: tuple(d.dim_value for d in x.type.tensor_type.shape.dim) for x in part}


def test_the_model_is_what_the_standard_says_and_names_are_ours(tmp_path, capsys):
    model = export(tmp_path, *STFAN)
    onnx.checker.check_model(model, full_check=True)
    assert ends(model.graph.input) == {"frame": (1, 12, 20, 3), "previous": (1, 12, 20, 3), "restored": (1, 12, 20, 3),
                                       "state": (1, 3, 5, 20)}
    assert ends(model.graph.output) == {"output": (1, 12, 20, 3), "output_state": (1, 3, 5, 20)}
    subject = subject_of("stfan", "scene:20x12", init=9, settings={"widths": [4, 6, 10]}, frame=1)
    with refvr.trace() as seen:
        subject.run()
    names = {name for node in model.graph.node for name in node.output}
    assert set(seen) <= names
    deblur = next(node for node in model.graph.node if "deblur.filters" in node.output)
    assert deblur.doc_string.startswith("refvr/networks/stfan.py:")
    about = {row.key: row.value for row in model.metadata_props}
    assert about["model"] == "stfan" and about["licence"] == "MIT" and "channels last" in about["layout"]
    shown = capsys.readouterr().out
    assert "opset 20" in shown and "output_state  1x3x5x20" in shown


def test_the_first_frame_has_no_state(tmp_path):
    assert "state" not in ends(export(tmp_path, *STFAN, "--first").graph.input)


@pytest.mark.parametrize("arguments, inputs, outputs", [
    (["safa", *SMALL, "--set", "channels=8", "--set", "blocks=2", "--routing", "quarter", "--time", "0.25"],
     {"image0": (1, 64, 96, 3), "image1": (1, 64, 96, 3)}, {"output": (1, 1, 64, 96, 3)}),
    (["fastdvdnet", *SMALL, "--set", "widths=[4,8,12]"], {"x": (1, 5, 12, 20, 3), "noise_map": (1, 12, 20, 1)},
     {"output": (1, 12, 20, 3)}),
    (["edvr-s-x4", "--size", "18x10"], {"x": (1, 3, 12, 20, 3)}, {"output": (1, 48, 80, 3)}),
])
def test_certificates(tmp_path, capsys, arguments, inputs, outputs):
    pytest.importorskip("onnxruntime", reason="checks run there")
    assert main(["export", *arguments, "-o", str(tmp_path / "net.onnx"), "--check", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {name: tuple(shape) for name, shape in report["written"]["inputs"].items()} == inputs
    assert {name: tuple(shape) for name, shape in report["written"]["outputs"].items()} == outputs
    (row,) = report["checked"]
    assert 0 < row["difference"] <= row["allowed"] == 4 * row["floor"] < 1e-4 * row["peak"]


def test_compare_needs_no_map(tmp_path, capsys):
    """Every tensor of a run elsewhere, under its own name: `refvr compare` finds the layer that is wrong."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="the run elsewhere")
    model = export(tmp_path, *STFAN)
    weight = next(x for x in model.graph.initializer if x.name == "encode.half.enter.weight")
    weight.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(weight).swapaxes(2, 3).copy(), weight.name))
    whole = onnx.shape_inference.infer_shapes(model).graph
    model.graph.output.extend(x for x in whole.value_info if "/" not in x.name)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    subject = subject_of("stfan", "scene:20x12", init=9, settings={"widths": [4, 6, 10]}, frame=1)
    names = [x.name for x in session.get_outputs()]
    np.savez(tmp_path / "mine.npz", **dict(zip(names, session.run(names, subject.operands))))
    trace = str(tmp_path / "trace.h5")
    assert main(["trace", "stfan", "scene:20x12", "--init", "9", "--set", "widths=[4,6,10]", "--frame", "1", "-o",
                 trace]) == 0
    capsys.readouterr()
    assert main(["compare", trace, str(tmp_path / "mine.npz"), "--isolate", "--brief"]) == 1
    assert "first guilty layer: encode.half.enter" in capsys.readouterr().out


def test_what_has_no_operator_is_named_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    from refvr.plan.onnx import model

    monkeypatch.delitem(model.TRANSLATIONS, "fac")
    assert main(["export", *STFAN, "-o", str(tmp_path / "net.onnx")]) == 2
    error = capsys.readouterr().err
    assert "cannot export aligned (refvr/networks/" in error and "operation 'fac' has no standard ONNX" in error
    assert not list(tmp_path.iterdir())

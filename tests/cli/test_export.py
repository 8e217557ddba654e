"""`refvr export`: which call of which network becomes a model, and whether its certificate holds."""
import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from command_lines import one_line, recorded

from refvr.cli.main import main
from refvr.verify.runs.exported import Certified, ExportReport

REPORT = ExportReport("net.onnx", "stfan on scene", 1_230_000, 20, {"frame": (1, 12, 20, 3)},
                      {"output": (1, 12, 20, 3)}, {"Conv": 9, "Add": 5, "Relu": 3, "Mul": 2, "Pad": 1})
GOOD = Certified("output", 1e-7, 2e-7, 8e-7, 1.0, "ours")


def subject(state=False, times=False):
    return SimpleNamespace(record=SimpleNamespace(call=SimpleNamespace(state=state, times=times)),
                           options={"times": [0.5]} if times else {})


@pytest.fixture
def asked(monkeypatch):
    """What a network without state and times is asked for, exported as, and certified by."""
    return SimpleNamespace(subjects=recorded(monkeypatch, "refvr.verify.runs.inputs.subject_of", subject()),
                           exports=recorded(monkeypatch, "refvr.verify.runs.exported.export", REPORT),
                           checks=recorded(monkeypatch, "refvr.verify.runs.exported.certify", [GOOD]))


@pytest.mark.parametrize("words, size, told", [
    ("", "640x360", {}), ("--size 20x12", "20x12", {}), ("--weights w", "640x360", {"weights": "w"}),
    ("--init 9 --set widths=[4,6]", "640x360", {"init": 9, "settings": {"widths": [4, 6]}}),
    ("--check", "640x360", {})])
def test_the_call_is_that_of_a_frame_inside_of_a_clip_of_that_size(asked, words, size, told):
    assert main(["export", "edvr-s-x4", "-o", "net.onnx", *words.split()]) == 0
    plain = {"weights": None, "init": None, "settings": {}, "frame": 1, "sigma": 25, "time": 0.5, "routing": "full",
             "inputs": None, "asks": None}
    frames = "scene" if "--check" in words else "black"   # where only shapes count, none are drawn
    assert asked.subjects == [(("edvr-s-x4", f"{frames}:{size}"), plain | told)]
    (given, out), _ = asked.exports[0]
    assert out == "net.onnx" and given.options == {} and bool(asked.checks) == ("--check" in words)


def test_time_and_scale_are_for_networks_that_have_them(asked, monkeypatch, capsys):
    for words in (["--time", "0.25"], ["--routing", "half"]):
        one_line(capsys, main(["export", "edvr-s-x4", "-o", "net.onnx", *words]), f"leave {words[0]} out")
    assert not asked.exports
    subjects = recorded(monkeypatch, "refvr.verify.runs.inputs.subject_of", subject(times=True))
    assert main(["export", "safa", "-o", "net.onnx", "--time", "0.25"]) == 0 and subjects[0][1]["time"] == 0.25


def test_the_first_frame_of_a_network_with_state_is_another_call(asked, monkeypatch):
    subjects = recorded(monkeypatch, "refvr.verify.runs.inputs.subject_of", subject(state=True))
    assert main(["export", "stfan", "-o", "net.onnx", "--first"]) == 0 and subjects[0][1]["frame"] == 0


def test_the_scale_is_fixed_for_networks_that_choose_one(asked, monkeypatch):
    for words, scale in (([], "full"), (["--routing", "half"], "half")):
        subjects = recorded(monkeypatch, "refvr.verify.runs.inputs.subject_of", subject(times=True))
        assert main(["export", "safa", "-o", "net.onnx", *words]) == 0 and asked.exports
        assert subjects[0][1]["routing"] == scale


def test_the_file_and_its_certificate_are_shown_and_a_failed_one_is_status_1(asked, monkeypatch, capsys):
    assert main(["export", "m", "-o", "net.onnx", "--check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["net.onnx: 1.2 MB, opset 20, 20 nodes (9 Conv, 5 Add, 3 Relu, 2 Mul ...)",
                     "  input   frame         1x12x20x3", "  output  output        1x12x20x3",
                     "  pass    output        largest difference 1.00e-07, floor 2.00e-07, allowed 8.00e-07 (ours); "
                     "peak 1"]
    assert len(asked.checks) == 1 and asked.checks[0][0][1] == "net.onnx"
    recorded(monkeypatch, "refvr.verify.runs.exported.certify", [GOOD, replace(GOOD, difference=9e-7)])
    assert main(["export", "m", "-o", "net.onnx", "--check"]) == 1
    assert "  FAIL    output  " in capsys.readouterr().out
    assert main(["export", "m", "-o", "net.onnx", "--check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["written"]["opset"] == 20 and [row["difference"] for row in told["checked"]] == [1e-7, 9e-7]


@pytest.mark.parametrize("arguments, words", [
    (["edvr-s-x4", "--size", "20x12", "-o", "net.pt"], "expected a name that ends in .onnx"),
    (["edvr-s-x4", "--size", "20 by 12", "-o", "net.onnx"], "--size: got '20 by 12', expected WxH"),
    (["edvr-s-x4", "--size", "0x3", "-o", "net.onnx"], "--size: got '0x3', expected WxH"),
    (["edvr-s-x4", "--size", "-1x3", "-o", "net.onnx"], "got -1x3, which begins as options do"),
    (["edvr-s-x4", "--size", "99999x99999", "-o", "net.onnx"], "the most of a picture"),
    (["edvr-s-x4", "--size", "20x12", "-o", "net.onnx", "--first"], "has no state"),
    (["nothing", "-o", "net.onnx"], "nothing"),
])
def test_bad_calls_are_one_line(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    one_line(capsys, main(["export", *arguments]), words)
    assert not list(tmp_path.iterdir())


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)
    one_line(capsys, main(["export", "stfan", "--init", "9", "--size", "20x12", "--set", "widths=[4,6,10]", "-o",
                           str(tmp_path / "net.onnx")]), "pip install 'refvr[peers]'")


@pytest.mark.parametrize("size", ["99999999x2", "1x99999999", "16385x16", "16000x16000"])
def test_a_size_that_no_runtime_would_run_is_refused_before_anything_is_drawn(asked, capsys, size):
    status = main(["export", "edvr-s-x4", "-o", "net.onnx", "--size", size])
    one_line(capsys, status, f"got {size}, expected sides of at most 16384", "by bands")
    assert not asked.subjects

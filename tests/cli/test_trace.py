"""`refvr trace`: whose values, of which input, and where they go; names without a run."""
import json
from types import SimpleNamespace

import numpy as np
import pytest
from command_lines import one_line, recorded

from refvr.cli.main import main, make_parser
from refvr.cli.trace import model_and_input, subject_from
from refvr.errors import InputError
from refvr.verify.runs.trace_file import TraceReport

SUBJECT = SimpleNamespace(net="the network", operands={"x": np.zeros((1, 3, 8, 12, 3))})
REPORT = TraceReport("t.h5", "stfan on scene", "nhwc", "float32", ("a", "b"), ((1, 2), (3,)), 2_560_000)


@pytest.fixture
def asked(monkeypatch):
    """The calls for a subject, those to write its trace, and those to write its weights."""
    return SimpleNamespace(subjects=recorded(monkeypatch, "refvr.verify.runs.inputs.subject_of", SUBJECT),
                           traces=recorded(monkeypatch, "refvr.verify.runs.trace_file.write_trace", REPORT),
                           weights=recorded(monkeypatch, "refvr.verify.runs.weights_out.save_weights"))


@pytest.mark.parametrize("words, told", [
    ("", {}), ("--weights w", {"weights": "w"}), ("--init 7 --set features=16 --set widths=[8,16]",
                                                  {"init": 7, "settings": {"features": 16, "widths": [8, 16]}}),
    ("--frame 12", {"frame": 12}), ("--frame 0", {"frame": 0}), ("--sigma 25", {"sigma": 25}),
    ("--time 1", {"time": 1}), ("--time 0", {"time": 0}), ("--routing half", {"routing": "half"}),
    ("--inputs f", {"inputs": "f"})])
def test_each_option_reaches_the_subject(asked, words, told):
    assert main(["trace", "stfan", "clip.mp4", "-o", "t.h5", *words.split()]) == 0
    open_ones = ("weights", "init", "frame", "sigma", "time", "routing", "inputs", "asks")
    plain = dict.fromkeys(open_ones) | {"settings": {}}
    assert asked.subjects == [(("stfan", "clip.mp4"), plain | told)]


@pytest.mark.parametrize("words, told", [
    ("", {}), ("--only a* --only b", {"only": ["a*", "b"]}), ("--every op", {"every_op": True}),
    ("--every name", {}), ("--layout nchw", {"layout": "nchw"}), ("--float64", {"dtype": "float64"})])
def test_each_option_reaches_the_trace(asked, capsys, words, told):
    assert main(["trace", "stfan", "scene", "-o", "t.h5", *words.split()]) == 0
    (args, options), = asked.traces
    assert args == (SUBJECT, "t.h5") and callable(options.pop("progress"))
    assert options == {"only": [], "every_op": False, "layout": "nhwc", "dtype": "float32"} | told
    assert capsys.readouterr().out == "t.h5: 2 values, 2.6 MB, nhwc float32; stfan on scene\n"


def test_what_was_written_as_json(asked, capsys):
    assert main(["trace", "stfan", "scene", "-o", "t.h5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["shapes"] == [[1, 2], [3]]


def test_weights_are_written_beside_or_alone(asked):
    assert main(["trace", "stfan", "scene", "-o", "t.h5", "--save-weights", "w.pth"]) == 0
    assert asked.weights == [(("the network", "w.pth"), {})] and len(asked.traces) == 1
    assert main(["trace", "stfan", "scene", "--save-weights", "w.pth"]) == 0
    assert len(asked.weights) == 2 and len(asked.traces) == 1


def test_which_word_is_the_model_and_which_the_input(monkeypatch):
    case = recorded(monkeypatch, "refvr.verify.runs.inputs.is_case", False)
    assert model_and_input(["stfan", "scene"]) == ("stfan", "scene")
    assert model_and_input(["case.h5"]) == (None, "case.h5") and not case
    assert model_and_input(["stfan"], "arrays.npz") == ("stfan", ""), "a file may be all that it is given"
    recorded(monkeypatch, "refvr.verify.runs.inputs.is_case", True)
    assert model_and_input(["case.h5"], "arrays.npz") == (None, "case.h5")
    with pytest.raises(InputError, match="got 3 arguments"):
        model_and_input(["stfan", "scene", "more"])


@pytest.mark.parametrize("words, part", [
    ("stfan scene", "expected -o FILE"), ("stfan scene -o t.h5 --frame=-1", "a frame from 0"),
    ("stfan scene -o t.h5 --time 1.5", "a time from 0 to 1"), ("stfan scene -o t.h5 --time=-0.5", "a time from 0 to 1"),
    ("stfan scene -o t.h5 --set features", "expected KEY=VALUE"), ("a b c -o t.h5", "got 3 arguments"),
    ("stfan scene -o t.h5 --set widths=[8,", "expected KEY=VALUE, such as features=16 or widths=[8,16,32]")])
def test_what_cannot_be_meant_is_one_line(asked, capsys, words, part):
    one_line(capsys, main(["trace", *words.split()]), part)
    assert not asked.traces and not asked.weights


@pytest.mark.parametrize("words, subject", [
    (["edvr-m-x4", "--names"], {"args": ("edvr-m-x4", "scene:32x32"), "init": 0, "sigma": 25}),
    (["edvr-m-x4", "clip.mp4", "--names", "--sigma", "10"], {"args": ("edvr-m-x4", "clip.mp4"), "init": None,
                                                            "sigma": 10}),
    (["edvr-m-x4", "--names", "--init", "3"], {"args": ("edvr-m-x4", "scene:32x32"), "init": 3, "sigma": 25}),
    (["edvr-m-x4", "--names", "--weights", "w"], {"args": ("edvr-m-x4", "scene:32x32"), "init": None, "sigma": 25})])
def test_names_need_no_weights_and_say_what_they_are_called_elsewhere(asked, monkeypatch, capsys, words, subject):
    recorded(monkeypatch, "refvr.verify.runs.trace_file.list_names", [
        ("frame0.align.l1#2", "n h w c", (1, 8, 12, 64)), ("output", "n h w c", (1, 32, 48, 3))])
    recorded(monkeypatch, "refvr.verify.compare.official_modules.official_modules", {"align.l1": "pcd.L1"})
    assert main(["trace", *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"name": "frame0.align.l1#2", "axes": "n h w c", "shape": "1x8x12x64", "official": "pcd.L1"},
        {"name": "output", "axes": "n h w c", "shape": "1x32x48x3", "official": ""}]
    (args, options), = asked.subjects
    assert {"args": args, "init": options["init"], "sigma": options["sigma"]} == subject
    assert main(["trace", *words]) == 0
    assert "shape for 1x3x8x12x3" in capsys.readouterr().out and not asked.traces


def test_names_of_a_case_are_those_of_its_network(asked, monkeypatch, capsys):
    recorded(monkeypatch, "refvr.verify.runs.inputs.is_case", True)
    recorded(monkeypatch, "refvr.verify.runs.trace_file.list_names", [])
    recorded(monkeypatch, "refvr.verify.compare.official_modules.official_modules", {})
    assert main(["trace", "case.h5", "--names"]) == 0
    (args, options), = asked.subjects
    assert args == (None, "case.h5") and options["init"] is None, "a case brings its weights"


def test_other_verbs_share_the_options_of_a_subject(asked):
    args = make_parser("bounds").parse_args(["stfan", "scene", "--init", "2", "--set", "depth=1"])
    assert subject_from(args, "stfan", "scene") is SUBJECT
    assert asked.subjects[0][1]["settings"] == {"depth": 1}

"""`refvr compare`: what is compared, by which options, and what the exit status says of the verdict."""
import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from command_lines import one_line, recorded

from refvr.cli.main import main
from refvr.verify.compare.found import Guilty, Row
from refvr.verify.compare.mispaired import Mispaired
from refvr.verify.compare.report import CompareReport
from refvr.verify.difference import Difference

EQUAL = Difference(0, 0, 0, 0, 0, 0, 1, 0, 0, 2.0)
OFF = Difference(0.25, 0.125, 0.1, 1.5, 99.25, 1234.0, 0.98765432, 0, 0, 2.0)
SPOILT = replace(OFF, max_abs=np.inf, nan=7)
RIGHT = Row("conv1", ("a",), "exact", "n h w c", (1, 2, 2, 3), "", EQUAL, EQUAL, 1e-7, 4e-7, 0.0)
WRONG = Row("conv2", ("b",), "exact", "n h w c", (1, 2, 2, 3), "before relu", OFF, OFF, 1e-7, 4e-7, 12.34)
GUILTY = Guilty("conv2", 12.34, OFF, 1e-7, "conv1", ("conv2",), (), (), (), np.zeros((2, 2)))
SUBJECT = SimpleNamespace(title="stfan on scene")


def report(*rows, **facts):
    return CompareReport("stfan on scene", "mine.npz", list(rows), {"exact": len(rows)}, 5, [], [], **facts)


@pytest.fixture
def asked(monkeypatch):
    """A reference that is a trace where it ends in .h5, and a port that equals it."""
    monkeypatch.setattr("refvr.verify.runs.trace_file.is_trace", lambda path: path.endswith(".h5"))
    return SimpleNamespace(
        subjects=recorded(monkeypatch, "refvr.cli.trace.subject_from", SUBJECT),
        compared=recorded(monkeypatch, "refvr.verify.compare.compare.compare", report(RIGHT, healthy=True)),
        ports=recorded(monkeypatch, "refvr.verify.compare.ports.run_port.run_port", "every value"),
        programs=recorded(monkeypatch, "refvr.verify.compare.ports.run_port.program_in"),
        searches=recorded(monkeypatch, "refvr.verify.diagnose.port.within", "a search"),
        drawn=recorded(monkeypatch, "refvr.verify.compare.plot.draw"))


@pytest.mark.parametrize("words, told", [
    ("", {}), ("--isolate", {"with_isolation": True}), ("--map m.txt", {"table": "m.txt"}),
    ("--diagnose", {"with_isolation": True, "search": "a search"}),
    ("--precision fp16", {"with_isolation": True, "precision": "fp16"})])
def test_each_option_reaches_the_comparison(asked, words, told):
    assert main(["compare", "trace.h5", "mine.npz", *words.split()]) == 0
    (args, options), = asked.compared
    assert args == ("trace.h5", "mine.npz") and callable(options.pop("progress")) and not asked.subjects
    assert options == {"with_isolation": False, "table": None, "search": None, "precision": ""} | told


def test_a_search_has_seconds_and_may_know_what_came_before(asked):
    assert main(["compare", "trace.h5", "mine.npz", "--diagnose"]) == 0
    assert main(["compare", "trace.h5", "mine.npz", "--diagnose", "--seconds", "3", "--before", "old.mp4"]) == 0
    assert asked.searches == [((25.0, ""), {}), ((3.0, "old.mp4"), {})]


def test_the_reference_is_a_trace_or_is_run_here(asked, monkeypatch):
    """A trace with other inputs is made again, as its attributes say."""
    assert main(["compare", "stfan", "scene", "mine.npz"]) == main(["compare", "case.hdf5", "mine.npz"]) == 0
    assert [args[1:] for args, _ in asked.subjects] == [("stfan", "scene"), (None, "case.hdf5")]
    assert asked.compared[0][0] == (SUBJECT, "mine.npz")
    made = recorded(monkeypatch, "refvr.verify.compare.reference.remade", "made again")
    recorded(monkeypatch, "refvr.verify.runs.trace_file.open_trace", ({}, {"subject": {"model": "stfan"}}))
    assert main(["compare", "trace.h5", "mine.npz", "--inputs", "x.npz"]) == 0
    assert made == [(({"model": "stfan"}, "trace.h5", "x.npz"), {})]
    assert asked.compared[-1][0] == ("made again", "mine.npz")


def test_a_program_is_run_by_the_runtime_that_is_named_and_says_which_call_it_is(asked, monkeypatch):
    opened = recorded(monkeypatch, "refvr.verify.compare.ports.run_port.program_in", "a program")
    said = recorded(monkeypatch, "refvr.verify.compare.ports.asks.asked_by", {"state": True})
    assert main(["compare", "trace.h5", "port.onnx", "--runtime", "openvino"]) == 0
    assert opened == [(("port.onnx", "openvino"), {})]
    assert asked.ports == [(("a program", "trace.h5", "port.onnx"), {})]
    assert asked.compared[0][0] == ("trace.h5", "every value")
    assert main(["compare", "stfan", "scene", "port.onnx"]) == 0
    assert asked.subjects[-1][1]["asks"]("a network") == {"state": True} and said == [(("a program", "a network"), {})]


@pytest.mark.parametrize("found, status", [
    (report(RIGHT, healthy=True), 0), (report(WRONG), 0), (report(RIGHT, WRONG, guilty=GUILTY), 1),
    (report(replace(RIGHT, total=SPOILT, times=None)), 1), (report(RIGHT, misfit_results=["output is 1x2"]), 1),
    (report(RIGHT, stopped="after conv1"), 2), (report(RIGHT, last="conv1"), 2),
    (report(RIGHT, mispaired=[Mispaired("conv1", "b", "exact")]), 2)])
def test_the_exit_status_is_the_verdict(asked, monkeypatch, found, status):
    recorded(monkeypatch, "refvr.verify.compare.compare.compare", found)
    assert main(["compare", "trace.h5", "mine.npz", "--isolate", "--brief"]) == status
    assert main(["compare", "trace.h5", "mine.npz", "--isolate", "--json"]) == status


def shown(capsys):
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_a_value_is_a_row_of_the_table(asked, monkeypatch, capsys):
    plain = replace(WRONG, own=None, times=None)
    recorded(monkeypatch, "refvr.verify.compare.compare.compare", report(plain, replace(plain, total=SPOILT)))
    assert main(["compare", "trace.h5", "mine.npz"]) == 1
    lines = shown(capsys)
    figures = ["conv2", "exact", *"nhwc", "2.5e-01", "1.2e-01", "1.5", "99.2", "1.23e+03", "0.9876543"]
    assert figures in lines and [*figures[:6], "inf", *figures[7:], "7"] in lines
    assert not any("own" in line and "explained" in line for line in lines[:6])
    assert main(["compare", "trace.h5", "mine.npz", "--brief"]) == 1
    assert figures not in shown(capsys)


def test_isolated_the_guilty_layers_are_marked(asked, monkeypatch, capsys):
    recorded(monkeypatch, "refvr.verify.compare.compare.compare", report(RIGHT, WRONG, guilty=GUILTY))
    assert main(["compare", "trace.h5", "mine.npz", "--isolate"]) == 1
    lines = shown(capsys)
    right, wrong = ([line for line in lines if line[:2] == [name, "exact"]][0] for name in ("conv1", "conv2"))
    assert wrong[-5:] == ["2.5e-01", "12", "GUILTY", "before", "relu"] and right[-2:] == ["0.0e+00", "0"]
    assert any(line[:4] == ["first", "guilty", "layer:", "conv2"] for line in lines)


@pytest.mark.parametrize("isolated, width", [(False, 40), (True, 52)])
def test_on_a_narrow_terminal_the_verdict_stays(asked, monkeypatch, capsys, isolated, width):
    """What says least is left out first; the own error is named only where there is one."""
    monkeypatch.setenv("COLUMNS", str(width))
    found = report(RIGHT, WRONG, guilty=GUILTY) if isolated else report(replace(WRONG, own=None, times=None))
    recorded(monkeypatch, "refvr.verify.compare.compare.compare", found)
    main(["compare", "trace.h5", "mine.npz", *["--isolate"] * isolated])
    out = " ".join(capsys.readouterr().out.split())
    rest = ", aligned, axes, max abs, own error (a larger" if isolated else ", aligned (a larger"
    assert f"not shown at {width} columns: 99 %, ulp 50 %, NaN, Inf, cosine, max{rest}" in out
    row = "conv2 1.2e-01 12 GUILTY before relu" if isolated else "conv2 n h w c 2.5e-01 1.2e-01"
    assert row in out


def test_what_equals_ours_in_every_value_takes_one_line(asked, capsys):
    assert main(["compare", "trace.h5", "mine.npz"]) == 0
    out = capsys.readouterr().out
    assert "each of the 1 values equals ours exactly" in out and "max abs" not in out


def test_json_has_everything_but_the_picture(asked, monkeypatch, capsys):
    recorded(monkeypatch, "refvr.verify.compare.compare.compare", report(RIGHT, WRONG, guilty=GUILTY))
    assert main(["compare", "trace.h5", "mine.npz", "--isolate", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["guilty"]["name"] == "conv2" and told["guilty"]["map"] == []
    assert [row["times"] for row in told["rows"]] == [0, 12.34]


def test_the_guilty_layer_is_drawn_where_there_is_one(asked, monkeypatch, tmp_path):
    recorded(monkeypatch, "refvr.drawing.plots.check_picture")
    png = str(tmp_path / "g.png")
    assert main(["compare", "trace.h5", "mine.npz", "--isolate", "--png", png]) == 0 and not asked.drawn
    found = report(RIGHT, WRONG, guilty=GUILTY)
    recorded(monkeypatch, "refvr.verify.compare.compare.compare", found)
    assert main(["compare", "trace.h5", "mine.npz", "--isolate", "--png", png]) == 1
    assert asked.drawn == [((found, png), {})]


def test_a_picture_that_cannot_be_drawn_is_refused_before_the_work(asked, tmp_path, capsys, monkeypatch):
    ask = ["compare", "trace.h5", "mine.npz", "--png"]
    one_line(capsys, main([*ask, str(tmp_path / "g.png")]), "add --isolate")
    one_line(capsys, main([*ask, str(tmp_path / "g.jpg"), "--isolate"]), "ends in .png")
    one_line(capsys, main([*ask, str(tmp_path / "no" / "g.png"), "--isolate"]), "folder")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    one_line(capsys, main([*ask, str(tmp_path / "g.png"), "--isolate"]), "pip install 'refvr[plot]'")
    assert not asked.compared


@pytest.mark.parametrize("words, part", [("--precision fp12", "got 'fp12'"), ("--runtime tvm", "openvino")])
def test_what_cannot_be_meant_is_one_line(asked, capsys, words, part):
    one_line(capsys, main(["compare", "trace.h5", "mine.npz", *words.split()]), part)
    assert not asked.compared

"""`refvr bounds`: rounding errors of layers in a table, and what lower precision costs."""
import json
from types import SimpleNamespace

import pytest
from command_lines import one_line, recorded

from refvr.cli.main import main
from refvr.verify.bounds.measured import SAFETY, Bound
from refvr.verify.runs.sweep import EmulateReport

SUBJECT = SimpleNamespace(title="stfan on scene: x 1x8x12x3", net=None)
FOUND = [Bound("conv1", 2.0, 1e-7, 3e-6, 2e-6), Bound("still", 0.0, None, None, 0.0, "no operation of its own"),
         *(Bound(f"more{k}", 1.0, None, None, 1e-6, "no operation of its own") for k in range(3))]
REPORT = EmulateReport("stfan on scene", "int8", ("a", "b", "c", "d"), 41.239, (("b", 44.0), ("a", 50.5)), 46.5,
                       ("b", "c"), 47.25, 9, ((1, 45.0), (3, 46.739)), ("b", "c", "a"), {}, ("scales are static",))


@pytest.fixture
def asked(monkeypatch):
    return SimpleNamespace(subjects=recorded(monkeypatch, "refvr.cli.trace.subject_from", SUBJECT),
                           bounds=recorded(monkeypatch, "refvr.verify.bounds.measured.bounds", FOUND),
                           emulated=recorded(monkeypatch, "refvr.verify.runs.emulate.emulate", REPORT),
                           graphs=recorded(monkeypatch, "refvr.verify.bounds.quantized.quantized_cost", REPORT))


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_a_layer_is_a_row_and_what_has_no_bound_is_a_dash_with_its_reason(asked, capsys):
    """What compare grants is so many times the noise of whole runs, and as a share of the peak."""
    assert main(["bounds", "stfan", "scene"]) == 0
    title, head, _, first, still, *_, why = rows(capsys.readouterr().out)
    assert " ".join(title) == SUBJECT.title
    assert " ".join(head) == "name peak own worst case total explained of peak"
    granted = SAFETY * 2e-6
    assert first == ["conv1", "2", "1e-07", "3e-06", "2e-06", f"{granted:.2g}", f"{granted / 2:.2g}"]
    assert still == ["still", "0", "-", "-", "0", "0", "0"], "nothing is no share of nothing"
    assert " ".join(why) == "- still, more0, more1 and 1 more: no operation of its own"
    (args, _), = asked.subjects
    assert args[1:] == ("stfan", "scene") and asked.bounds[0][0][0] is SUBJECT and not asked.emulated


def test_bounds_as_json_have_what_is_explained(asked, capsys):
    assert main(["bounds", "stfan", "scene", "--json"]) == 0
    first, *_ = found = json.loads(capsys.readouterr().out)
    assert len(found) == 5 and first["explained"] == SAFETY * 2e-6 and first["worst_case"] == 3e-6


def test_emulation_is_told_what_to_round_and_how_much_may_be_lost(asked):
    plain = {"layers": [], "sweep": False, "quality": 30, "budget": 0.1}
    assert main(["bounds", "stfan", "scene", "--emulate", "fp16"]) == 0
    assert main(["bounds", "stfan", "scene", "--emulate", "int8", "--graph", "q.onnx", "--layers", "a*", "--layers",
                 "b", "--sweep", "--budget", "0.5", "--quality", "40"]) == 0
    (args, options), = asked.emulated
    assert args == (SUBJECT, "fp16") and callable(options.pop("progress")) and options == plain
    (args, options), = asked.graphs
    assert args == (SUBJECT, "q.onnx") and callable(options.pop("progress"))
    assert options == {"layers": ["a*", "b"], "sweep": True, "quality": 40, "budget": 0.5} and not asked.bounds


def test_a_sweep_says_what_each_layer_costs_and_what_keeping_them_brings(asked, capsys):
    """A row names what is kept in addition to the rows above; a gain is over all in lower precision."""
    assert main(["bounds", "stfan", "scene", "--emulate", "int8", "--sweep", "--budget", "0.25"]) == 0
    shown = rows(capsys.readouterr().out)
    lines = [" ".join(line) for line in shown]
    assert lines[:2] == ["stfan on scene", "4 layers in int8: 41.24 dB from the result of float32"]
    assert ["b", "44.00", "yes"] in shown and ["a", "50.50"] in shown
    assert ["b", "45.00", "+3.76"] in shown and ["+", "c,", "a", "46.74", "+5.50"] in shown
    assert "a loss of 0.25 dB at 30 dB allows 46.50 dB: reached with 2 in float32 (47.25 dB, 9 runs)" in lines
    assert lines[-1] == "- scales are static"
    assert main(["bounds", "stfan", "scene", "--emulate", "int8", "--sweep", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["keep"] == ["b", "c"]


def test_without_a_sweep_there_is_one_figure(asked, monkeypatch, capsys):
    recorded(monkeypatch, "refvr.verify.runs.emulate.emulate", EmulateReport("stfan on scene", "tf32", ("a",), 60.0))
    assert main(["bounds", "stfan", "scene", "--emulate", "tf32"]) == 0
    assert capsys.readouterr().out == "stfan on scene\n1 layers in tf32: 60.00 dB from the result of float32\n"


@pytest.mark.parametrize("words, part", [
    ("--sweep", "belong to --emulate"), ("--layers a", "belong to --emulate"), ("--graph q", "belong to --emulate"),
    ("--emulate fp16 --graph q", "say --emulate int8"), ("--emulate int8 --budget 0", "expected more than 0"),
    ("--emulate int8 --budget=-1", "expected more than 0"), ("--emulate int8 --budget nan", "expected more than 0"),
    ("--emulate int8 --budget inf", "expected more than 0"), ("--emulate int8 --quality nan", "at nan dB"),
    ("--emulate int4", "fp16")])
def test_what_cannot_be_meant_is_one_line(asked, capsys, words, part):
    one_line(capsys, main(["bounds", "stfan", "scene", *words.split()]), part)
    assert not asked.subjects


def test_a_network_is_measured(capsys):
    assert main(["bounds", "stfan", "scene:12x8", "--init", "1", "--set", "widths=[2,2,4]"]) == 0
    shown = {line[0]: line[1:] for line in rows(capsys.readouterr().out) if line}
    assert shown["output"][1:3] == ["-", "-"], "it is the value of the last layer, clipped nowhere"
    for name in ("align.filters", "deblur.filters"):
        _, own, worst_case, total, explained, _ = map(float, shown[name])
        assert 0 < own <= worst_case and 0 < total < explained

"""What a port gives out is judged as the output, whatever else in it equals ours."""
from dataclasses import replace

import numpy as np
import pytest

from refvr import ops
from refvr.cli.main import main
from refvr.verify.compare.compare import compare
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.trace_file import open_trace, write_trace
from refvr.verify.runs.tracing import listen

SMALL = {"features": 8, "frames": 3, "offset_groups": 2, "extract_blocks": 1, "reconstruct_blocks": 1}
KEPT = ("conv_first", "fusion", "upconv2", "conv_hr", "conv_last", "output")


@pytest.fixture(scope="module")
def subject():
    found = subject_of("edvr-m-x4", "scene:20x12", init=3, settings=SMALL)
    bright = {"x": found.operands["x"] * np.float32(1.5)}   # there is something to clamp
    return replace(found, operands=bright)


@pytest.fixture(scope="module")
def ours(subject):
    values = {}

    def heard(named, value):
        values[named.name] = value.copy()

    with ops.threads(1), listen(heard):
        subject.run()
    return {name: values[name] for name in KEPT if name in values}


def judged(subject, ours, given, name="result", inner=True):
    """The verdict on a graph that declares `given` as its output, called so."""
    port = RunValues("port")
    for key, value in ours.items():
        if key != "output":
            port.add(key, value)
    if inner:
        port.add("o_full", ours["output"])
    port.add_result(name, given, name)
    with ops.threads(1):
        return compare(subject, port, with_isolation=True)


@pytest.mark.parametrize("name", ["output", "result"])
def test_what_is_done_after_the_networks_end_is_guilty(subject, ours, name):
    report = judged(subject, ours, np.ascontiguousarray(ours["output"][:, :, ::-1]), name)
    assert report.guilty.name == "output" and report.guilty.inner == "o_full" and not report.healthy
    assert "after your o_full, which is right" in str(report) and "mirrored, left to right" in str(report)
    with pytest.raises(AssertionError, match="o_full"):
        report.assert_healthy()
    assert judged(subject, ours, ours["output"] * np.float32(0.9), name).guilty.inner == "o_full"


def test_healthy_outputs_of_other_names_layouts_and_ranges_stay_healthy(subject, ours):
    judged(subject, ours, ours["output"], inner=False).assert_healthy()
    judged(subject, ours, np.moveaxis(ours["output"], -1, 1)).assert_healthy()
    clamped = judged(subject, ours, np.clip(ours["output"], 0, 1))
    clamped.assert_healthy()
    assert "result is clamped to 0 to 1: o_full" in str(clamped)
    levels = judged(subject, ours, np.round(ours["output"] * 255).astype(np.uint8))
    levels.assert_healthy()
    assert "result is of whole numbers" in str(levels)


def test_an_output_of_another_shape_is_guilty(subject, ours):
    report = judged(subject, ours, ours["output"][:, :-1])
    assert not report.healthy and "your result is 1x47x80x3, our output is 1x48x80x3" in str(report)
    assert "as your o_full is" in str(report) and "no guilty layer" not in str(report)
    dump = RunValues("dump")
    for key, value in ours.items():
        dump.add(key, value if key != "output" else value[:, :-1])
    with ops.threads(1):
        report = compare(subject, dump, with_isolation=True)
    assert not report.healthy and "guilty: the output has another shape" in str(report)


def test_a_dump_without_the_output_is_no_healthy_port_for_the_command_either(tmp_path, capsys):
    trace, mine = str(tmp_path / "t.h5"), str(tmp_path / "mine.npz")
    with ops.threads(1):
        write_trace(subject_of("edvr-m-x4", "scene:20x12", init=3, settings=SMALL), trace)
        arrays, _ = open_trace(trace)
        values = {name: arrays[name] for name in ("fusion", "upconv2", "output")}
        np.savez(mine, **values)
        assert main(["compare", trace, mine, "--isolate", "--brief"]) == 0
        assert "not judged" not in capsys.readouterr().out
        values.pop("output")
        np.savez(mine, **values)
        assert main(["compare", trace, mine, "--isolate", "--brief"]) == 2
    said = capsys.readouterr().out
    assert "no guilty layer" in said and "your output was not judged" in said


def test_the_last_array_of_a_dump_is_its_output_where_none_is_called_so(subject, ours, tmp_path):
    def dumped(**more):
        np.savez(tmp_path / "mine.npz", **{key: value for key, value in ours.items() if key != "output"}, **more)
        with ops.threads(1):
            return compare(subject, tmp_path / "mine.npz", with_isolation=True)

    mirrored = np.ascontiguousarray(ours["output"][:, :, ::-1])
    assert dumped(o_full=ours["output"], result=mirrored).guilty.inner == "o_full"
    dumped(result=ours["output"]).assert_healthy()
    dumped(o_full=ours["output"], copy=ours["conv_last"]).assert_healthy()

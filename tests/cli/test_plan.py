"""`refvr plan`: what it says is what restore does, before anything is computed."""
import json
import sys

import pytest

from refvr import zoo
from refvr.cli.main import main
from refvr.pipeline.memory import laid_out


def planned(capsys, *arguments):
    assert main(["plan", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_bands_are_those_that_the_driver_takes(capsys):
    found = planned(capsys, "duf-s-x2", "--size", "640x360", "--memory", "600M")
    schedule, = laid_out(zoo.build("duf-s-x2"), 360, 640, 600 << 20).schedules
    stage, = found["stages"]
    assert stage["schedule"] == f"bands of {schedule.rows} rows" and stage["values"] == schedule.peak
    assert found["peak"] <= found["memory"] == 600 << 20 and found["seconds"] > 0 and not stage["whole"]


def test_what_runs_whole_is_named_and_a_table_is_printed(capsys, monkeypatch):
    monkeypatch.setattr(sys.modules["refvr.ops.imresize"]._imresize, "rows", lambda *operands, **options: None)
    assert main(["plan", "edvr-s-x4", "--size", "192x160", "--memory", "290M"]) == 0
    said = capsys.readouterr().out
    assert "1 imresize" in said and "bands of" in said and "edvr-s-x4, 192x160: about" in said


@pytest.mark.parametrize("size", ["640", "x360", "0x4", "4x4x4", "axb"])
def test_a_size_that_is_none_is_refused(size, capsys):
    assert main(["plan", "remonet", "--size", size]) == 2
    assert "expected WxH" in capsys.readouterr().err


def test_too_little_memory_is_refused_with_the_size_that_fits(capsys):
    assert main(["plan", "remonet-s", "--size", "900x600", "--memory", "495M"]) == 2
    said = capsys.readouterr().err
    assert "frames of 900x600 by ReMoNet need" in said and "would fit" in said and said.count("\n") == 1


def test_workers_are_for_a_clip(capsys):
    assert main(["plan", "remonet-s", "--workers", "2"]) == 2
    assert "expected a clip and its output" in capsys.readouterr().err

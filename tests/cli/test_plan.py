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
    assert main(["plan", "edvr-s-x4", "--size", "192x160", "--memory", "370M"]) == 0
    said = capsys.readouterr().out
    assert "1 imresize" in said and "bands of" in said and "edvr-s-x4, 192x160: about" in said


@pytest.mark.parametrize("size", ["1x1", "12X7"])
def test_a_network_that_estimates_motion_has_a_piece_without_multiply_adds(size, capsys):
    found = planned(capsys, "safa-s-moved", "--size", size)
    motion = found["stages"][0]
    assert motion["name"] == "motion" and motion["gmacs"] == 0 and motion["seconds"] > 0
    assert (found["width"], found["height"]) == tuple(map(int, size.lower().split("x")))


def test_a_picture_that_nothing_could_read_is_refused_at_once(capsys):
    assert main(["plan", "remonet", "--size", "1000000x1000000"]) == 2
    assert "expected at most 268435456 pixels" in capsys.readouterr().err


@pytest.mark.parametrize("memory, said", [("1k", "expected at most 1.0 kB (no size would fit"),
                                          ("0", "above 0 such as"), ("some", "above 0 such as")])
def test_a_memory_that_is_none_is_refused(memory, said, capsys):
    assert main(["plan", "remonet-s", "--size", "16x16", "--memory", memory]) == 2
    assert said in capsys.readouterr().err


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

"""`refvr plan`: what it says is what restore does, before anything is computed."""
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from command_lines import one_line

from refvr import zoo
from refvr.cli.main import main
from refvr.cli.plan import show_frame
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


@pytest.mark.parametrize("word, value", [
    ("--workers", "2"), ("--weights", "none.h5"), ("--model", "edvr-s-x4"), ("--scale", "4"), ("--rate", "2"),
    ("--sigma", "25"), ("--task", "sr"), ("--cuts", "auto"), ("--at-cuts", "repeat"), ("--piece", "9")])
def test_what_is_for_a_clip_is_refused_for_a_model(word, value, capsys):
    one_line(capsys, main(["plan", "remonet-s", word, value]),
             f"expected a clip and its output (refvr plan CLIP OUT {word}")


def test_a_size_is_for_a_model_and_a_clip_wants_its_output(tmp_path, capsys):
    np.save(clip := tmp_path / "clip.npy", np.zeros((2, 8, 8, 3), np.float32))
    one_line(capsys, main(["plan", str(clip), "out.mp4", "--size", "9x9"]), "got --size 9x9 beside a clip")
    one_line(capsys, main(["plan", str(clip)]), "expected its output too (refvr plan CLIP OUT)")
    one_line(capsys, main(["plan", "nothing.npy"]), "no model 'nothing.npy'")


def test_files_for_which_the_disk_has_no_room_are_refused(monkeypatch, capsys):
    words = ["plan", "edvr-s-x4", "--size", "640x360", "--memory", "450M"]
    assert json.loads((main([*words, "--json"]), capsys.readouterr().out)[1])["disk"] > 0
    monkeypatch.setattr("refvr.pipeline.memory.shutil.disk_usage", lambda place: SimpleNamespace(free=1 << 20))
    one_line(capsys, main(words), "has 1.0 MB free")


def test_numbers_have_no_exponents(capsys):
    show = SimpleNamespace(name="window", schedule="all at once", stages=1, calls=1.0, values=1 << 30, held=0,
                           gmacs=4113.2, moved=1 << 30, seconds=3421.0, whole=[])
    found = SimpleNamespace(width=8, height=9, memory=None, peak=1 << 30, disk=0, video=1 << 20, stages=[show],
                            gmacs=4113.2, moved=1 << 30, seconds=3421.0)
    show_frame("duf", found)
    said = capsys.readouterr().out
    assert "4110 * 10^9 multiply-adds" in said and "about 3400 s here" in said and "e+0" not in said

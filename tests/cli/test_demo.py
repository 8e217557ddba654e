"""`refvr demo`: one task or all, what it writes, and what it says."""
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_lines import one_line, recorded

from refvr.apps.demo import DemoReport
from refvr.cli.demo import TASKS
from refvr.cli.main import main
from refvr.errors import TooShortError

REPORT = DemoReport("denoise", "remonet-s", "noise-25", "the scene", 20, 448, 256, "noisy", 20.5, 31.25, 0.0421, 2,
                    ("out/a.mp4", "out/b.png"))
DEFAULTS = {"task": "denoise", "source": None, "sigma": 25, "frames": 20, "size": (448, 256), "model": None,
            "weights": None, "precision": "winograd", "threads": None}


@pytest.mark.parametrize("words, out, told", [
    ("", "refvr-demo", {}), ("--task sr", "refvr-demo", {"task": "sr"}), ("--out d", "d", {}),
    ("--input own.mp4 --sigma 40 --frames 50", "refvr-demo", {"source": "own.mp4", "sigma": 40, "frames": 50}),
    ("--size 64x48", "refvr-demo", {"size": (64, 48)}), ("--model m --weights w", "refvr-demo",
                                                        {"model": "m", "weights": "w"}),
    ("--precision direct --threads 3", "refvr-demo", {"precision": "direct", "threads": 3})])
def test_each_option_reaches_the_demonstration(monkeypatch, words, out, told):
    calls = recorded(monkeypatch, "refvr.apps.demo.demo", REPORT)
    assert main(["demo", *words.split()]) == 0
    (args, options), = calls
    assert args == (out,) and callable(options.pop("progress")) and options == DEFAULTS | told


def test_what_came_of_it_is_said_with_its_files(monkeypatch, capsys):
    recorded(monkeypatch, "refvr.apps.demo.demo", REPORT)
    assert main(["demo"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "the scene, noise-25: 20 frames of 448x256, restored by remonet-s",
        "  PSNR  20.50 dB noisy, 31.25 dB restored", "  time  42 ms per frame on 2 threads",
        "  out/a.mp4", "  out/b.png"]


def test_all_tasks_have_a_folder_each_and_their_recommended_models(monkeypatch, capsys):
    calls = recorded(monkeypatch, "refvr.apps.demo.demo", REPORT)
    assert main(["demo", "--task", "all", "--out", "d", "--json"]) == 0
    assert [(args, options["task"]) for args, options in calls] == [((f"d/{task}",), task) for task in TASKS]
    reports = json.loads(capsys.readouterr().out)
    assert len(reports) == 4 and reports[0]["psnr_restored"] == 31.25
    for words in (["--model", "m"], ["--weights", "w"]):
        one_line(capsys, main(["demo", "--task", "all", *words]), "name one task")


def test_a_task_that_the_clip_is_too_short_for_is_left_out_of_all_and_an_error_alone(monkeypatch, capsys):
    def demo(out, *, task, **options):
        if task != "denoise":
            raise TooShortError("2 frames, expected 3")
        return REPORT

    monkeypatch.setattr("refvr.apps.demo.demo", demo)
    assert main(["demo", "--task", "all"]) == 0
    out, err = capsys.readouterr()
    assert out.count("restored by") == 1
    assert err.splitlines() == [f"refvr: {task} is left out: 2 frames, expected 3" for task in TASKS[1:]]
    one_line(capsys, main(["demo", "--task", "sr"]), "2 frames, expected 3")
    monkeypatch.setattr("refvr.cli.demo.TASKS", TASKS[1:])
    assert main(["demo", "--task", "all"]) == 2, "nothing was done"


def test_a_clip_that_ends_early_has_status_3(monkeypatch, capsys):
    recorded(monkeypatch, "refvr.apps.demo.demo", replace(REPORT, truncated="own.mp4 ends early"))
    assert main(["demo"]) == 3
    assert capsys.readouterr().err == "refvr: own.mp4 ends early; 20 frames were used\n"


@pytest.mark.parametrize("size", ["448", "0x4", "4x0", "ax4", "4xb"])
def test_a_size_that_is_none_is_one_line(capsys, size):
    one_line(capsys, main(["demo", "--size", size]), "expected WIDTHxHEIGHT such as 448x256")


def test_demo_of_a_clip_of_ones_own(capsys, weights, tmp_path):
    np.save(tmp_path / "own.npy", np.random.default_rng(2).random((4, 24, 32, 3), np.float32))
    assert main(["demo", "--input", str(tmp_path / "own.npy"), "--out", str(tmp_path / "demo"), "--frames", "3",
                 "--weights", str(weights), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["frames"] == 3
    # White noise of 25/255 on values in [0, 1], cut off at both ends: somewhat above -20 log10(25/255) = 20.17 dB.
    assert 20.1 < report["psnr_before"] < 21.5
    assert (report["task"], report["before"], report["kind"]) == ("denoise", "noisy", "noise-25")
    assert [Path(name).name for name in report["files"]] == ["degraded.mp4", "restored.mp4", "clean.mp4",
                                                             "comparison.png", "over_time.png"]
    assert all(Path(name).stat().st_size for name in report["files"])


def test_demo_of_the_scene_repeats(capsys, weights, tmp_path):
    reports = []
    for name in ("a", "b"):
        assert main(["demo", "--out", str(tmp_path / name), "--frames", "2", "--size", "48x32", "--json",
                     "--weights", str(weights)]) == 0
        reports.append(json.loads(capsys.readouterr().out))
    for name in ("degraded.mp4", "restored.mp4", "clean.mp4", "comparison.png", "over_time.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert reports[0]["psnr_before"] == reports[1]["psnr_before"]


def test_weights_of_another_task_are_refused(capsys, weights):
    one_line(capsys, main(["demo", "--task", "sr", "--weights", str(weights)]), "is for denoise")

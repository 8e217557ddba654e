"""`refvr score`: what is measured, and a table whose cells are the rows of the measurement."""
import json
from importlib import import_module

import numpy as np
import pytest
from command_lines import one_line

from refvr.cli.main import main
from refvr.cli.score import TASKS
from refvr.evaluate.score import Row
from refvr.evaluate.tasks import TASKS as ROWS

DEFAULTS = {"models": [], "weights": None, "sigmas": [10.0, 25.0, 50.0], "frames": None, "slow": True,
            "protocol": None, "precision": "winograd", "measured": False, "rounded": False, "degraded": None,
            "ensemble": False, "skipped": None}


def row(task, kind, clip, method, psnr, ssim=None):
    return Row(task, kind, clip, method, psnr, ssim, "rgb", psnr - 20, 0.012, 1.5, 0.9375, 0.0625)


@pytest.fixture
def asked(monkeypatch):
    """Of any task two rows of noise and one of another kind; the calls that ask for them."""
    calls = []

    def score_task(task, data, **options):
        calls.append((task, data, options))
        if options["skipped"]:
            options["skipped"](f"{task} is not scored on b")
        for kind in ("noise-10", "noise8-25"):
            for clip, less in (("a", 0), ("mean", 1)):
                yield row(task, kind, clip, "input", 20 - less)
                yield row(task, kind, clip, "net", 30 - less, 0.98765)

    monkeypatch.setattr(import_module("refvr.evaluate.score"), "score_task", score_task)
    monkeypatch.setattr(import_module("refvr.evaluate.tasks"), "missing",
                        lambda task: {"NNEDI3": "vapoursynth"} if task is ROWS["sr"] else {})
    return calls


@pytest.mark.parametrize("words, told", [
    ("", {}), ("--model m --model n", {"models": ["m", "n"]}), ("--weights w", {"weights": "w"}),
    ("--sigma 5,7.5", {"sigmas": [5.0, 7.5]}), ("--sigma 0.5,255", {"sigmas": [0.5, 255.0]}),
    ("--frames 3", {"frames": 3}),
    ("--no-slow-baselines", {"slow": False}), ("--protocol p", {"protocol": "p"}),
    ("--precision direct", {"precision": "direct"}), ("--measured", {"measured": True}),
    ("--rounded", {"rounded": True}), ("--ensemble", {"ensemble": True}), ("--as duf-x4", {"degraded": "duf-x4"})])
def test_each_option_reaches_the_measurement(asked, words, told):
    assert main(["score", "denoise", "a", "b", *words.split()]) == 0
    (task, data, options), = asked
    assert (task, data) == ("denoise", ["a", "b"]) and callable(options.pop("progress"))
    assert options == DEFAULTS | told


def test_a_table_has_a_column_a_method_and_the_means_below(asked, capsys):
    """Milliseconds, percent, and signs where a gain may be a loss; a table for each degradation."""
    assert main(["score", "denoise", "a", "--markdown"]) == 0
    first, second = capsys.readouterr().out.split("**denoise: ")[1:]
    assert first.startswith("noise-10 (not clipped), PSNR in dB / SSIM, protocol rgb**")
    assert second.startswith("noise8-25 (clipped and rounded), ")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in first.splitlines() if line[:1] == "|"]
    assert cells[0] == ["clip", "input", "net"] and cells[2:] == [
        ["a", "20.00", "30.00 / 0.9877"], ["mean", "19.00", "29.00 / 0.9877"],
        ["worst clip's gain", "-1.00", "+9.00"], ["ms a frame", "12", "12"], ["flicker", "1.50", "1.50"],
        ["chroma gain", "0.938", "0.938"], ["overshoot %", "6.25", "6.25"]]
    assert main(["score", "denoise", "a"]) == 0
    plain = capsys.readouterr().out
    assert "30.00 / 0.9877" in plain and "|" not in plain


def test_all_tasks_say_what_they_passed_over_and_what_has_no_column(asked, capsys):
    assert main(["score", "all", "a"]) == 0
    out, err = capsys.readouterr()
    assert [task for task, *_ in asked] == list(TASKS)
    assert err.splitlines() == [f"refvr: {task} is not scored on b" for task in TASKS]
    assert out.endswith("NNEDI3 has no column: vapoursynth is not installed\n")
    assert main(["score", "all", "a", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 4 * 8 and rows[1]["method"] == "net" and rows[-1]["task"] == TASKS[-1]
    for words in (["--model", "m"], ["--weights", "w"]):
        one_line(capsys, main(["score", "all", "a", *words]), "name one task")


def test_nothing_scored_is_no_success(monkeypatch, capsys):
    monkeypatch.setattr(import_module("refvr.evaluate.score"), "score_task", lambda *args, **options: iter(()))
    assert main(["score", "denoise", "a"]) == main(["score", "denoise", "a", "--json"]) == 2


@pytest.mark.parametrize("sigma", ["ten", "0", "256", "10,", "nan", "-1"])
def test_a_level_that_is_none_is_one_line(capsys, sigma):
    one_line(capsys, main(["score", "denoise", "a", f"--sigma={sigma}"]), "above 0, at most 255, such as 10,25,50")


def test_score(capsys, weights, tmp_path):
    (tmp_path / "clips").mkdir()
    for name in ("one", "two"):
        np.save(tmp_path / "clips" / f"{name}.npy", np.full((3, 16, 16, 3), 0.5, np.float32))
    command = ["score", "denoise", str(tmp_path / "clips"), "--sigma", "10,25", "--weights", str(weights),
               "--no-slow-baselines"]
    assert main([*command, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["clip"], row["kind"]) for row in rows[::2]] == [
        ("one", "noise-10"), ("one", "noise-25"), ("two", "noise-10"), ("two", "noise-25"), ("mean", "noise-10"),
        ("mean", "noise-25")]
    assert [row["method"] for row in rows[:2]] == ["input (noisy)", weights.name]
    # 2304 samples: the mean square of the noise is known to sqrt(2 / 2304) = 3 %, which is 0.13 dB.
    assert rows[0]["psnr"] == pytest.approx(-20 * np.log10(10 / 255), abs=0.5)
    assert rows[9]["psnr"] == pytest.approx((rows[1]["psnr"] + rows[5]["psnr"]) / 2)
    assert main([*command, "--markdown"]) == 0
    printed = capsys.readouterr().out
    assert f"| clip | input (noisy) | {weights.name} |\n| --- | ---: |" in printed
    assert "denoise: noise-10 (not clipped)" in printed and "| overshoot % | " in printed
    one_line(capsys, main([*command, "--frames", "0"]), "got 0")
    one_line(capsys, main(["score", "denoise", str(tmp_path / "empty"), "--weights", str(weights)]), "does not exist")
    one_line(capsys, main(["score", "sr", str(tmp_path / "clips"), "--weights", str(weights)]), "is for denoise")
    one_line(capsys, main(["score", "all", str(tmp_path / "clips"), "--weights", str(weights)]), "name one task")

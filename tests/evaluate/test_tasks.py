"""Degradations by name, baselines, tasks: pairs line up, baselines are what they say, wrong requests are refused."""
import numpy as np
import pytest
from scene_clips import scene_clip

from refvr import zoo
from refvr.cli.main import main
from refvr.errors import InputError, TooShortError
from refvr.evaluate.tasks import TASKS, make_pairs, task_of
from refvr.media import open_reader


def test_every_model_of_the_zoo_has_its_task():
    for name, row in zoo.MODELS.items():
        net = zoo.build(name)
        if row.task == "refine":
            continue
        assert task_of(row.task, net) is TASKS[row.task], name
        other = next(task for task in TASKS if task != row.task)
        with pytest.raises(InputError, match=f"is for {row.task}"):
            task_of(other, net)


def test_frames_between_need_neighbours():
    clip = scene_clip()
    pairs = make_pairs(TASKS["spacetime"], "spacetime", clip[:4])
    assert len(pairs.inputs) == 2 and len(pairs.clean) == 3 and pairs.counted == (1,)
    with pytest.raises(TooShortError, match="expected at least 3"):
        make_pairs(TASKS["spacetime"], "spacetime", clip[:2])


def test_all_tasks_pass_over_those_that_a_clip_is_too_short_for(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("refvr.cli.score.TASKS", ("denoise", "deblur"))
    monkeypatch.setattr("refvr.cli.demo.TASKS", ("denoise", "spacetime"))
    monkeypatch.setattr("refvr.zoo.available", lambda task: {"denoise": ["remonet-s"], "deblur": ["stfan-s"]}[task])
    path = str(tmp_path / "two.npy")
    np.save(path, np.full((2, 16, 16, 3), 0.5, np.float32))
    assert main(["score", "all", path, "--sigma", "25", "--no-slow-baselines"]) == 0
    out, err = capsys.readouterr()
    assert "denoise: noise-25" in out and "deblur: " not in out
    assert "deblur is not scored on two.npy: motion blur: the clip has 2 frames, expected at least 3" in err
    assert main(["score", "deblur", path]) == 2
    assert main(["demo", "--task", "all", "--input", path, "--frames", "1", "--out", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    assert "noise-25: 1 frames" in out and "spacetime is left out: " in err and "expected at least 3" in err


def test_degrade_halves_the_rate_and_says_what_was_clipped(tmp_path, capsys):
    clip = scene_clip()
    np.save(tmp_path / "clip.npy", np.stack(clip))
    assert main(["degrade", str(tmp_path / "clip.npy"), "-o", str(tmp_path / "a"), "--as", "spacetime", "--format",
                 "mkv"]) == 0
    with open_reader(tmp_path / "a" / "degraded.mkv") as small, open_reader(tmp_path / "a" / "clean.mkv") as clean:
        assert small.info.fps * 2 == clean.info.fps and len(list(small)) == 3 and len(list(clean)) == 5
    capsys.readouterr()
    assert main(["degrade", str(tmp_path / "clip.npy"), "-o", str(tmp_path / "b"), "--as", "noise-50"]) == 0
    assert "lay outside [0, 1]" in capsys.readouterr().err
    for arguments, part in ((["--as", "haze"], "duf-x4"), (["--as", "camera", "--frames", "0"], "got 0")):
        assert main(["degrade", str(tmp_path / "clip.npy"), "-o", str(tmp_path / "c"), *arguments]) == 2
        assert part in capsys.readouterr().err
    assert not (tmp_path / "c").exists()

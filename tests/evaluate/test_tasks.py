"""Degradations by name, baselines, tasks: pairs line up, baselines are what they say, wrong requests are refused."""
import json
from functools import cache

import numpy as np
import pytest

from refvr import zoo
from refvr.cli.main import main
from refvr.degrade.kinds import NAMES, degradation
from refvr.errors import InputError, TooShortError
from refvr.evaluate import baselines, vapoursynth
from refvr.evaluate.tasks import TASKS, make_pairs, missing, task_of
from refvr.media import open_reader
from refvr.metrics import psnr
from refvr.metrics.steady import chroma_gain, flicker
from refvr.pipeline.enlarge import enlarged, shifted
from refvr.scene import Scene, frames


@cache
def scene_clip():
    """Five frames of the demo scene."""
    return list(frames(Scene(4), 104, 72, 24, 5))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "blur"])
def test_pairs_line_up(name):
    clip = scene_clip()
    made = degradation(name)
    pairs = list(made.apply(clip))
    assert len(pairs) == len(clip) and pairs[0][0] is not None
    for k, (small, clean) in enumerate(pairs):
        assert (small is None) == (name == "spacetime" and k % 2 == 1)
        h, w, _ = clean.shape
        if name != "camera":  # whose clean frames have been through a mosaic as well
            assert np.array_equal(clean, clip[k][:h, :w])
        if small is not None:
            assert (h, w) == (small.shape[0] * made.scale, small.shape[1] * made.scale)
            assert small.dtype == clean.dtype == np.float32


def test_a_stream_of_any_length_gets_the_same_noise():
    clip = scene_clip()
    first = [x for x, _ in degradation("noise-25").apply(iter(clip[:2]))]
    assert np.array_equal(first, [x for x, _ in degradation("noise-25").apply(clip)][:2])
    assert not np.array_equal(first, [x for x, _ in degradation("noise-25", seed=3).apply(clip[:2])])


@pytest.mark.parametrize("name", ["noise-0", "noise-300", "noise", "duf-x5", "bicubic-x3", "haze"])
def test_unknown_degradations_are_named(name):
    with pytest.raises(InputError, match="duf-x4"):
        degradation(name)


def test_enlarging_knows_where_small_pixels_lie():
    """With the right grid the enlarged frame lies on the clean one; with the other it is shifted by 1.5 pixels."""
    clip = scene_clip()
    inner = slice(8, -8)
    for name, centred in (("duf-x4", False), ("bicubic-x4", True)):
        small, clean = next(degradation(name).apply(clip))
        for kernel in ("bicubic", "lanczos"):
            right, wrong = (enlarged([small], 4, kernel, centred=c)[0] for c in (centred, not centred))
            assert right.shape == clean.shape and right.dtype == np.float32
            assert psnr(right[inner, inner], clean[inner, inner]) > psnr(wrong[inner, inner], clean[inner, inner]) + 1
    ramp = np.broadcast_to(np.linspace(0, 1, 16, dtype=np.float32)[:, None, None], (16, 5, 3))
    assert np.allclose(np.diff(enlarged([ramp], 4, "bicubic")[0][12:-12, 7, 1]), 1 / 60, atol=1e-6)


def test_nnedi3_lies_where_it_should():
    clip = scene_clip()
    pytest.importorskip("vapoursynth", reason="VapourSynth is not installed")
    if not vapoursynth.installed("znedi3"):
        pytest.skip("its plug-in znedi3 is not installed")
    for name, centred in (("duf-x4", False), ("bicubic-x4", True)):
        small, clean = next(degradation(name).apply(clip))
        right, wrong = (vapoursynth.nnedi3([small], 4, centred=c)[0][8:-8, 8:-8] for c in (centred, not centred))
        assert psnr(right, clean[8:-8, 8:-8]) > psnr(wrong, clean[8:-8, 8:-8]) + 1


def test_v_bm3d_removes_noise():
    clip = scene_clip()
    pytest.importorskip("vapoursynth", reason="VapourSynth is not installed")
    if not vapoursynth.installed("bm3dcpu"):
        pytest.skip("its plug-in bm3dcpu is not installed")
    noisy, clean = zip(*degradation("noise-25").apply(clip))
    assert psnr(np.stack(vapoursynth.v_bm3d(noisy, 25 / 255)), np.stack(clean)) > psnr(np.stack(noisy),
                                                                                       np.stack(clean)) + 8


def test_baselines_that_are_not_installed_are_named(monkeypatch):
    monkeypatch.setattr(vapoursynth, "find_spec", lambda name: None)
    assert missing(TASKS["denoise"]) == {"V-BM3D": "vapoursynth-bm3dcpu"}
    assert missing(TASKS["sr"]) == {"NNEDI3": "vapoursynth-znedi3"}


def test_what_is_shifted_lies_where_it_is_said():
    clip = scene_clip()
    moved = shifted([clip[0]], 2.0)[0]
    assert np.allclose(moved[:-2, :-2], clip[0][2:, 2:], atol=1e-6)
    ramp = np.broadcast_to(np.linspace(0, 1, 31, dtype=np.float32)[:, None, None], (31, 5, 3))
    assert np.allclose(shifted([ramp], -1.5)[0][6:-6], ramp[6:-6] - 1.5 / 30, atol=1e-3)


def test_baselines_of_deblurring_sharpen():
    clip = scene_clip()
    from scipy.ndimage import gaussian_filter

    soft = [gaussian_filter(frame, (1.5, 1.5, 0)) for frame in clip[:1]]
    mild, best = baselines.unsharp_mask(soft, 0.6)[0], baselines.best_filter(soft, clip[:1])[0]
    assert psnr(soft[0], clip[0]) + 0.3 < psnr(mild, clip[0]) < psnr(best, clip[0])


def test_baselines_in_time():
    a, b, c = (np.full((2, 2, 3), value, np.float32) for value in (0, 0.5, 1))
    assert [float(x[0, 0, 0]) for x in baselines.repeated([a, b, c])] == [0, 0, 0.5, 0.5, 1]
    assert [float(x[0, 0, 0]) for x in baselines.blended([a, b, c])] == [0, 0.25, 0.5, 0.75, 1]


def test_flow_carries_what_moves():
    pytest.importorskip("cv2")
    from scipy.ndimage import gaussian_filter

    wide = gaussian_filter(np.random.default_rng(0).random((64, 104, 3)), (2, 2, 0)).astype(np.float32)
    wide = (wide - wide.min()) / np.ptp(wide)
    frames = [wide[:, k:k + 96] for k in (0, 4, 8)]
    between = baselines.flowed([frames[0], frames[2]])[1]
    inner = np.s_[12:-12, 16:-16]
    assert psnr(between[inner], frames[1][inner]) > psnr(baselines.blended([frames[0], frames[2]])[1][inner],
                                                        frames[1][inner]) + 6


def test_flicker_and_chroma_gain():
    x = np.random.default_rng(0).random((4, 8, 8, 3))
    steady = x + 0.1
    assert flicker(steady, x) < 0.01 and flicker(x + 0.1 * (-1.0) ** np.arange(4)[:, None, None, None], x) > 25
    grey = x.mean(-1, keepdims=True)
    assert chroma_gain(grey + 0.5 * (x - grey), x) == pytest.approx(0.5, abs=1e-6)
    assert chroma_gain(grey.repeat(3, -1), grey.repeat(3, -1)) == 1


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


@pytest.mark.parametrize("form", ["png", "h5", "mkv"])
def test_degrade_writes_pairs(form, tmp_path, capsys):
    clip = scene_clip()
    np.save(tmp_path / "clip.npy", np.stack(clip))
    ending = "" if form == "png" else f".{form}"
    assert main(["degrade", str(tmp_path / "clip.npy"), "-o", str(tmp_path / "out" / "pair"), "--as", "duf-x4",
                 "--format", form, "--frames", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["degraded"], report["clean"]) == (3, 3)
    expected = list(degradation("duf-x4").apply(clip[:3]))
    for k, name in enumerate(("degraded", "clean")):
        with open_reader(tmp_path / "out" / "pair" / f"{name}{ending}") as reader:
            got = [frame.rgb for frame in reader]
        assert len(got) == 3
        for rgb, pair in zip(got, expected):
            assert np.abs(rgb - np.clip(pair[k], 0, 1)).max() <= (0 if form == "h5" else 0.5 / 255 + 1e-6)


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

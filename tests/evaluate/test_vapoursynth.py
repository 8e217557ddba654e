"""Baselines of VapourSynth, where it is installed."""
import numpy as np
import pytest
from scene_clips import scene_clip

from refvr.degrade.kinds import degradation
from refvr.evaluate import vapoursynth
from refvr.evaluate.tasks import TASKS, missing
from refvr.metrics import psnr


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

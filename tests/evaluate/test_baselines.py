"""What a user would try without a network."""
import numpy as np
import pytest
from scene_clips import scene_clip

from refvr.evaluate import baselines
from refvr.metrics import psnr


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

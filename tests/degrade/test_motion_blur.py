"""Motion blur of clips: against the exact exposure of a rendered scene, and its refusals."""
import numpy as np
import pytest

from refvr.degrade.motion_blur import between, motion_blur
from refvr.errors import InputError
from refvr.metrics import psnr
from refvr.scene import Scene, frames, render

SIZE, FPS = (192, 128), 24


def test_it_is_what_an_open_shutter_sees():
    """Nearer to the scene's exact exposure than the sharp frame is, and than the mean of three frames."""
    gains = []
    for seed in (1, 3):
        clip = list(frames(Scene(seed), *SIZE, FPS, 5))
        pairs = list(motion_blur(clip, exposure=1.8, stride=2))
        assert len(pairs) == 2
        for at, (blurred, sharp) in zip((1, 3), pairs):
            exact = render(Scene(seed), *SIZE, at / FPS, exposure_s=1.8 / FPS)
            assert np.array_equal(sharp, clip[at]) and blurred.dtype == np.float32 and blurred.shape == sharp.shape
            others = sharp, np.mean(clip[at - 1:at + 2], 0)
            gains.append([psnr(blurred, exact) - psnr(other, exact) for other in others])
    assert np.mean(gains, 0)[0] > 3 and np.mean(gains, 0)[1] > 1


def test_a_still_clip_stays_sharp():
    still = [render(Scene(2), *SIZE, 0.0)] * 4
    for blurred, sharp in motion_blur(still, exposure=2, stride=1):
        assert np.abs(blurred - sharp).max() < 1e-3


def test_between_moves_both_neighbours():
    """A ramp that moves two pixels to the right a frame lies one pixel on at half time."""
    columns = np.arange(12, dtype=np.float32)
    ramp = [np.broadcast_to((columns - 2 * k)[None, :, None], (5, 12, 3)) for k in range(2)]
    flow = np.broadcast_to(np.float32([0, 2]), (5, 12, 2))
    assert np.allclose(between(ramp, [flow], 0.5)[:, 2:-2], ramp[0][:, 2:-2] - 1)
    assert between(ramp, [flow], 1.0) is not None and np.array_equal(between(ramp, [flow], 0.0), ramp[0])


def test_refusals():
    clip = [np.zeros((8, 8, 3), np.float32)] * 2
    with pytest.raises(InputError, match="2 frames, expected at least 3"):
        list(motion_blur(clip))
    with pytest.raises(InputError, match="exposure 0"):
        list(motion_blur(clip, exposure=0))

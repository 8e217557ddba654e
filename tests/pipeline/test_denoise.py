"""Denoisers over a clip."""
import numpy as np
import pytest

from refvr.metrics.noise import NoiseLevel
from refvr.networks import fastdvdnet, remonet
from refvr.nn.noise_gate import gate_map
from refvr.pipeline import denoise
from refvr.pipeline.denoise import denoise_fastdvdnet, denoise_remonet, denoise_told
from refvr.pipeline.pad import crop, pad_to_multiple
from refvr.pipeline.windows import reflect_whole, windows
from refvr.plan.memory import Planned

FASTDVDNET = {"size": 5, "lead": 2, "rule": reflect_whole}


@pytest.fixture(scope="module")
def small_remonet():
    return remonet.ReMoNet(remonet.Config(widths=(4, 8, 16), state=5)).init(np.random.default_rng(0))


@pytest.fixture(scope="module")
def small_fastdvdnet():
    return fastdvdnet.FastDVDnet(fastdvdnet.Config(widths=(4, 6, 8), inter=5)).init(np.random.default_rng(0))


def clip(n, h=6, w=5):
    return np.random.default_rng(n).random((n, h, w, 3), np.float32)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 7, 8, 9, 10, 11])
def test_remonet_writes_every_frame_and_the_official_ones_the_same(small_remonet, n):
    frames = clip(n)
    every = list(denoise_remonet(small_remonet, frames))
    official = list(denoise_remonet(small_remonet, frames, official=True))
    assert len(every) == n and all(y.shape == (6, 5, 3) and y.min() >= 0 and y.max() <= 1 for y in every)
    assert len(official) == (n - n % 5 if n % 5 in (1, 2) else n)  # what the authors' driver leaves unwritten
    assert all(np.array_equal(a, b) for a, b in zip(official, every))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_fastdvdnet_with_and_without_what_it_keeps(small_fastdvdnet, n):
    """The driver keeps results of stage 1 between windows; every window by itself gives the same bits."""
    frames, sigma = clip(n, 7, 9), 0.125
    kept = list(denoise_fastdvdnet(small_fastdvdnet, iter(frames), sigma=sigma))
    assert len(kept) == n
    for window, y in zip([window for window, _ in windows(frames, **FASTDVDNET)], kept):
        x = pad_to_multiple(np.stack(window), 4)[None]
        alone = Planned(small_fastdvdnet)(x, np.full((1, 8, 12, 1), sigma, np.float32))
        assert np.array_equal(crop(np.clip(alone[0], 0, 1), 7, 9), y)


@pytest.mark.parametrize("h, w", [(1, 1), (1, 9), (2, 3), (4, 4), (5, 8)])
def test_any_frame_size(small_remonet, small_fastdvdnet, h, w):
    frames = clip(3, h, w)
    for restored in (denoise_remonet(small_remonet, frames), denoise_fastdvdnet(small_fastdvdnet, frames, sigma=0.1)):
        assert [y.shape for y in restored] == [(h, w, 3)] * 3


@pytest.fixture(scope="module")
def small_told():
    return remonet.ReMoNet(remonet.Config(widths=(4, 8, 16), state=5, noise_map=True)).init(np.random.default_rng(0))


def test_the_ensemble_of_the_told_one_is_the_mean_of_a_window_and_its_rotation(small_told, monkeypatch):
    monkeypatch.setattr(denoise, "within_noise", lambda result, frame, sigma: result)
    frames, level = clip(3, 8, 12), NoiseLevel(20.0, 0.5)
    window = [frames[k][None] for k in (0, 0, 1, 2, 2)]                           # 5 x (1, 8, 12, 3)
    maps = [gate_map(level.map(frame)) for frame in window]
    back, maps_back = ([x[:, ::-1, ::-1] for x in reversed(each)] for each in (window, maps))
    one, two = Planned(small_told.window)(window, maps), Planned(small_told.window)(back, maps_back)
    expected = [(one[k] + two[4 - k][:, ::-1, ::-1]) / 2 for k in (1, 2, 3)]
    mean = list(denoise_told(small_told, frames, level=level, ensemble=True))
    assert all(np.array_equal(y, np.clip(x[0], 0, 1)) for x, y in zip(expected, mean))
    rotated = list(denoise_told(small_told, frames[::-1, ::-1, ::-1], level=level, ensemble=True))
    assert all(np.allclose(y[::-1, ::-1], x, atol=1e-5) for x, y in zip(mean, reversed(rotated)))
    assert not np.allclose(mean[1], list(denoise_told(small_told, frames, level=level))[1], atol=1e-4)
    assert np.array_equal(list(denoise_told(small_told, frames, level=NoiseLevel(0.0), ensemble=True)), frames)

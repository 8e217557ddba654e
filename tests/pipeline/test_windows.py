"""Windows and padding: every clip length and every size, the originals' rules where they work, bounded memory."""
from itertools import count, islice

import numpy as np
import pytest

from refvr.networks import fastdvdnet, remonet
from refvr.pipeline.denoise import denoise_fastdvdnet, denoise_remonet
from refvr.pipeline.pad import crop, pad_to_multiple, reflect_index
from refvr.pipeline.windows import reflect_half, reflect_whole, window_indices, windows
from refvr.plan.memory import Planned

REMONET = {"size": 5, "step": 5, "rule": reflect_half}
FASTDVDNET = {"size": 5, "lead": 2, "rule": reflect_whole}


def test_windows_of_the_specifications():
    listed = {13: [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12, 12, 11]], 3: [[0, 1, 2, 2, 1]],
              9: [[0, 1, 2, 3, 4], [5, 6, 7, 8, 8]]}
    for n, expected in listed.items():
        assert [window for window, _ in windows(range(n), **REMONET)] == expected
    listed = {3: [[2, 1, 0, 1, 2], [1, 0, 1, 2, 1], [0, 1, 2, 1, 0]],
              6: [[2, 1, 0, 1, 2], [1, 0, 1, 2, 3], [0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [2, 3, 4, 5, 4], [3, 4, 5, 4, 3]]}
    for n, expected in listed.items():
        assert [window for window, _ in windows(range(n), **FASTDVDNET)] == expected


@pytest.mark.parametrize("size, step, lead", [(5, 5, 0), (7, 7, 0), (2, 2, 0), (5, 1, 2), (3, 1, 1), (7, 2, 3),
                                              (5, 3, 1), (3, 7, 0), (1, 1, 0)])
@pytest.mark.parametrize("rule, period", [(reflect_half, lambda n: [*range(n), *reversed(range(n))]),
                                          (reflect_whole, lambda n: [*range(n), *reversed(range(1, n - 1))])])
def test_any_length(size, step, lead, rule, period):
    """Against a table of one period, made by mirroring the list of frames; the front reflects up to `lead`."""
    for n in range(1, 40):
        wave = period(n)
        assert [rule(i, n) for i in range(-50, 90)] == [wave[i % len(wave)] for i in range(-50, 90)]
        got = list(windows(range(n), size=size, step=step, lead=lead, rule=rule))
        assert sum(number for _, number in got) == n and all(1 <= number <= step for _, number in got)
        for k, (window, number) in enumerate(got):
            assert window == [wave[(k * step - lead + i) % len(wave)] for i in range(size)], (n, k)
            assert number == min(step, n - k * step)


def test_no_frames_no_windows():
    assert list(windows([], **REMONET)) == list(windows([], **FASTDVDNET)) == []


@pytest.mark.parametrize("options", [REMONET, FASTDVDNET, {"size": 7, "step": 2, "lead": 3, "rule": reflect_half}])
def test_streams_are_read_as_needed_and_not_kept(options):
    alive, most, read = set(), 0, 0

    class Frame:
        def __init__(self, number):
            self.number = number
            alive.add(number)

        def __del__(self):
            alive.discard(self.number)

    def stream():
        nonlocal read
        for number in count():
            read += 1
            yield Frame(number)

    for k, (window, _) in enumerate(islice(windows(stream(), **options), 60)):
        first = k * options.get("step", 1)
        assert read <= first - options.get("lead", 0) + options["size"]  # not a frame more than the window needs
        del window
        most = max(most, len(alive))
    assert most <= 2 * options["size"] + options.get("step", 1)


def test_window_indices():
    assert window_indices(-2, 5, 4, reflect_whole) == [2, 1, 0, 1, 2]
    assert window_indices(2, 5, 4, reflect_half) == [2, 3, 3, 2, 1]


@pytest.mark.parametrize("multiple", [1, 4, 8])
def test_pad_any_size(multiple):
    for h in range(1, 11):
        for w in (1, 2, 3, 7, 8):
            frame = np.random.default_rng(h * 31 + w).random((2, h, w, 3))
            padded = pad_to_multiple(frame, multiple)
            y, x = padded.shape[1:3]
            assert (y % multiple, x % multiple) == (0, 0) and y - h < multiple and x - w < multiple
            assert np.array_equal(crop(padded, h, w), frame)
            assert np.array_equal(padded, np.pad(frame, ((0, 0), (0, y - h), (0, x - w), (0, 0)), "reflect"))


def test_reflect_index_by_hand():
    assert reflect_index(np.arange(-4, 9), 4).tolist() == [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert reflect_index(np.arange(-3, 4), 1).tolist() == [0] * 7


def test_what_fits_is_not_copied():
    frame = np.zeros((8, 12, 3))
    assert pad_to_multiple(frame, 4) is frame


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

"""The noise level that is measured."""
from itertools import islice

import numpy as np
import pytest
from noisy_clips import page, pairs, textured, with_noise
from places import SHARED

from refvr.media import open_reader
from refvr.metrics.noise import clip_noise, field_noise
from refvr.pipeline.noise import neighbours


@pytest.mark.parametrize("sigma", (2, 5, 10, 25, 50))
def test_white_noise_is_measured(sigma):
    assert clip_noise(pairs(with_noise(textured(), sigma))).sigma == pytest.approx(sigma, rel=0.15)


def test_noise_that_grows_with_brightness_is_measured():
    ramp = np.linspace(0.05, 0.95, 512, dtype=np.float32)[None, :, None] * np.ones((256, 1, 3), np.float32)
    found = clip_noise(pairs(with_noise([ramp] * 3, 12, slope=0.7)))
    assert found.sigma == pytest.approx(12, rel=0.15) and found.slope == pytest.approx(0.7, abs=0.15)
    assert "in the dark" in str(found)


def test_blurred_noise_is_found_at_half_size():
    rng = np.random.default_rng(1)
    n = rng.standard_normal((3, 192, 256, 3)).astype(np.float32)
    for axis in (1, 2):
        n = (np.roll(n, 1, axis) + 4 * n + np.roll(n, -1, axis)) / 4
    n *= 15 / 255 / n.std()
    assert clip_noise(pairs([f + e for f, e in zip(textured(), n)])).sigma == pytest.approx(15, rel=0.25)
    assert 255 * field_noise(n) == pytest.approx(15, rel=0.25)


PLAIN = {
    "clean": textured(), "another": textured(number=4), "still": textured()[:1] * 3,
    "screen": [page(k) for k in range(3)], "black": [np.zeros((96, 96, 3), np.float32)] * 2,
    "white": [np.ones((96, 96, 3), np.float32)] * 2, "tiny": [np.zeros((4, 4, 3), np.float32)] * 2,
    "fade": [np.full((96, 96, 3), k / 9, np.float32) for k in range(4)]}


@pytest.mark.parametrize("frames", PLAIN.values(), ids=PLAIN)
def test_nothing_is_measured_where_there_is_no_noise(frames):
    assert clip_noise(pairs(frames)).sigma == 0


def test_noise_beside_black_bars_is_measured():
    frames = with_noise(textured(), 10)
    for frame in frames:
        frame[:48] = frame[-48:] = 0
    assert clip_noise(pairs(frames)).sigma == pytest.approx(10, rel=0.15)


def test_a_clip_that_begins_black_is_measured_where_it_is_not():
    frames = [np.zeros((192, 256, 3), np.float32)] * 6 + with_noise(textured(frames=20), 10)
    assert clip_noise(neighbours(iter(frames), len(frames))).sigma == pytest.approx(10, rel=0.15)


@pytest.mark.long
@pytest.mark.parametrize("sigma", (0, 2, 10, 25, 50))
def test_real_clips_are_measured(sigma):
    """Within 15 %, and nothing on clean ones; on clips that are not part of the repository."""
    clips = sorted((SHARED / "data" / "clips").glob("val_*.mkv"))
    if not clips:
        pytest.skip("the validation clips are not here")
    for path in clips:
        with open_reader(path) as reader:
            frames = [frame.rgb for frame in islice(reader, 3)]
        found = clip_noise(pairs(with_noise(frames, sigma) if sigma else frames)).sigma
        assert found == pytest.approx(sigma, rel=0.15), path.name

"""Noise of a stream."""
import numpy as np

from refvr.degrade.noise import gaussian


def test_noise_of_a_stream_is_the_noise_of_the_clip():
    clip = np.full((4, 5, 7, 3), 0.25, np.float32)
    drawn = np.random.default_rng([25, 20]).standard_normal(clip.shape).astype(np.float32)
    noisy = list(gaussian(clip, 25, [25, 20]))
    assert np.array_equal(noisy, clip + drawn * np.float32(25 / 255))
    assert np.array_equal(noisy[:2], list(gaussian(clip[:2], 25, [25, 20])))
    assert min(frame.min() for frame in noisy) < 0, "not clipped"

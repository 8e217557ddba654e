"""What two frames are told apart by."""
import numpy as np

from refvr.shots.signature import GRID, distance, signature


def frame(seed, h=70, w=90):
    return np.random.default_rng(seed).random((h, w, 3), np.float32) ** 2


def test_means_of_blocks_of_any_size():
    picture = frame(1)
    small = signature(picture)
    assert small.shape == (GRID, GRID, 3) and np.isclose(small.mean(), picture.mean(), rtol=0.05)
    assert signature(frame(1, 5, 7)).shape == (5, 7, 3)


def test_brightness_is_no_difference_and_another_picture_is():
    one, dark = signature(frame(1)), signature(frame(1) * 0.9)
    stripes = np.zeros((70, 90, 3), np.float32)
    stripes[:, ::30] = 1
    assert distance(one, one) == 0 and distance(one, dark) < 0.6 * distance(one, signature(stripes))
    black = signature(np.zeros((70, 90, 3), np.float32))
    assert distance(black, signature(np.full((70, 90, 3), 0.001, np.float32))) < 0.05

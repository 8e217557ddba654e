"""Padding of frames."""
import numpy as np
import pytest

from refvr.pipeline.pad import crop, pad_to_multiple, reflect_index


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

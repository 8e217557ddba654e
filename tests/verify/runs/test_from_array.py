"""What networks are given of a window that is there already."""
import numpy as np

from refvr import zoo
from refvr.verify.runs.from_array import frame_and_last, pair, window

X = np.random.default_rng(0).random((1, 5, 8, 12, 3), np.float32)


def test_operands_by_name():
    assert set(window(zoo.build("edvr-s-x4"), X, None)) == {"x"}
    told = window(zoo.build("remonet-s-told"), X, 25.0)
    assert set(told) == {"x", "noise_map"} and told["noise_map"].shape[:2] == (1, 5)
    frames = frame_and_last(None, X, None)
    assert np.array_equal(frames["frame"], X[:, -1]) and np.array_equal(frames["restored"], X[:, 0])
    images = pair(zoo.build("safa-s"), X, None)
    assert set(images) == {"image0", "image1"} and np.array_equal(images["image1"], X[:, 1])
    assert set(pair(zoo.build("safa-s-moved"), X, None)) == {"image0", "image1", "motion"}

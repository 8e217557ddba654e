"""Rows of drivers."""
import numpy as np

from refvr import zoo
from refvr.pipeline.driver import Driver, even_map, first_of_windows


def test_defaults_fit_a_window_in_and_its_middle_frame_out():
    net = zoo.build("edvr-s-x4")
    driver = Driver(lambda net, frames: frames)
    assert driver.step(net, {}) == 1 and not driver.carries and driver.clip is None and driver.noise_map is even_map
    assert [first_of_windows(net, start, {}) for start in (0, 3, 10)] == [0, 0, 3]


def test_one_level_for_all():
    made = even_map(np.zeros((2, 5, 3, 4, 3), np.float32), 51)
    assert made.shape == (2, 3, 4, 1) and np.allclose(made, 0.2)

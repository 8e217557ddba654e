"""Scenes by seed."""
import numpy as np

from refvr.scene import Scene, render, shuffle

W, H = 97, 53


def test_seeds_differ_and_repeat():
    pictures = [render(Scene(seed), W, H, 0.5) for seed in (0, 1, 2, 3)]
    for k, one in enumerate(pictures):
        for other in pictures[:k]:
            assert np.abs(one - other).mean() > 0.05
    assert [type(it).__name__ for it in shuffle.layers(shuffle.Dice(4))] == [
        type(it).__name__ for it in shuffle.layers(shuffle.Dice(4))]

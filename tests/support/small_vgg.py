"""A VGG19 with drawn weights, and drawn clips."""
import numpy as np

from refvr.train.perceptual import VGG19


def small_vgg():
    return VGG19().init(np.random.default_rng(2)).astype(np.float64)


def clip(*shape, seed=1):
    return np.random.default_rng(seed).random(shape)

"""A small STFAN with drawn weights, and drawn clips."""
import numpy as np
from subjects import ODD

from refvr.networks.stfan import STFAN, Config

SMALL = Config(**ODD["stfan"])


def build(network=STFAN, dtype=np.float32, seed=3):
    return network(SMALL).init(np.random.default_rng(seed)).astype(dtype)


def clip(t, h=9, w=11, dtype=np.float32, seed=5):
    return np.random.default_rng(seed).random((t, h, w, 3)).astype(dtype)

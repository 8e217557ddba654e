"""A small EDVR whose offsets are not zero, and drawn clips."""
import numpy as np
from subjects import ODD

from refvr.networks.edvr import EDVR, Config

SMALL = ODD["edvr"]


def drawn(dtype=np.float64, **options):
    """A small network whose offsets are not zero."""
    rng = np.random.default_rng(3)
    net = EDVR(Config(**{**SMALL, **options})).init(rng)
    for path, module in net.modules():
        if path.endswith("conv_offset"):
            module.weight = rng.normal(0, 0.2, module.weight.shape).astype(np.float32)
            module.bias = rng.normal(0, 1, module.bias.shape).astype(np.float32)
    return net.astype(dtype)


def clip(t, h=8, w=12, dtype=np.float64):
    return np.random.default_rng(t).random((t, h, w, 3)).astype(dtype)

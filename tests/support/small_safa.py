"""A small SAFA with drawn weights, drawn images and clips."""
import numpy as np
from subjects import ODD

from refvr.networks.safa import SAFA, Config, Residual

SMALL = ODD["safa"]


def drawn(dtype=np.float32, **options):
    """A small network whose flows reach over some pixels and whose residual blocks do something."""
    rng = np.random.default_rng(3)
    net = SAFA(Config(**{**SMALL, **options})).init(rng)
    for _, module in net.modules():
        if isinstance(module, Residual):
            module.beta = rng.normal(0, 0.3, module.beta.shape).astype(np.float32)
    net.update.bias = rng.normal(0, 2, net.update.bias.shape).astype(np.float32)
    net.selector.decide.weight *= 40  # decisions that differ between inputs
    return net.astype(dtype)


def images(n=1, h=16, w=24, dtype=np.float32, seed=1):
    return np.random.default_rng(seed).random((2, n, h, w, 3)).astype(dtype)


def clip(t, h=5, w=7, seed=5):
    return list(np.random.default_rng(seed).random((t, h, w, 3), np.float32))

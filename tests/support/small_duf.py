"""A small DUF with drawn weights, drawn clips, and the authors' frames where a data folder has them."""
import h5py
import numpy as np
import pytest
from places import SHARED
from subjects import ODD

from refvr.networks import duf
from refvr.networks.duf import DUF, Config

DATA = SHARED / "data"
SMALL = ODD["duf"]


def drawn(dtype=np.float32, seed=0, **options):
    """A small network with weights of sensible size, running statistics too."""
    net, rng = DUF(Config(**SMALL | options)).init(np.random.default_rng(seed)).astype(dtype), np.random.default_rng(5)
    for _, module in net.modules():
        if isinstance(module, duf.Norm):
            for name, value in (("running_mean", 0.1 * rng.standard_normal(module.weight.shape)),
                                ("running_var", 0.5 + rng.random(module.weight.shape)),
                                ("weight", 1 + 0.1 * rng.standard_normal(module.weight.shape)),
                                ("bias", 0.1 * rng.standard_normal(module.weight.shape))):
                setattr(module, name, value.astype(dtype))
    return net


def clip(n, h=5, w=7, dtype=np.float32):
    return np.random.default_rng([n, h, w]).random((n, h, w, 3)).astype(dtype)


def pack(name):
    path = DATA / f"vid4_{name}_7x192x256.h5"
    if not path.is_file():
        pytest.skip("no data folder with the authors' frames beside the repository")
    with h5py.File(path) as file:
        return {key: value[()] for key, value in file.items()}

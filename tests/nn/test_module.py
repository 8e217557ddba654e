"""Modules: folding, statistics, types, initial values."""
import numpy as np
from small_networks import REMONETS, small_fastdvdnet

from refvr.networks import remonet
from refvr.plan.memory import Planned


def test_folded_batch_norm():
    net, rng = small_fastdvdnet(), np.random.default_rng(11)
    inputs = rng.random((1, 5, 8, 12, 3)), rng.random((1, 8, 12, 1))
    y = net(*inputs)
    folded = Planned(net)(*inputs)
    assert 0 < np.abs(folded - y).max() < 1e-13  # 21 layers of a few roundings each
    assert Planned(net.astype(np.float32))(*(x.astype(np.float32) for x in inputs)).dtype == np.float32


def test_astype_and_init_are_repeatable():
    first, again = (remonet.ReMoNet(REMONETS["plain"]).init(np.random.default_rng(1)).state() for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    bound = 1 / np.sqrt(3 * 3 * 23)
    weight = first["conv1.weight"]
    assert weight.shape == (3, 3, 23, 4) and 0.95 * bound < np.abs(weight).max() <= np.float32(bound)
    assert {array.dtype for array in remonet.ReMoNet().astype(np.float64).state().values()} == {np.dtype(np.float64)}

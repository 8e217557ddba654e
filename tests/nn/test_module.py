"""Modules: folding, statistics, types, initial values."""
import numpy as np
import pytest
from small_networks import REMONETS, drawn, small_fastdvdnet

from refvr.autodiff import Tensor
from refvr.networks import remonet
from refvr.nn.layers import BatchNorm, ConvNorm
from refvr.plan.memory import Planned


def test_folded_batch_norm():
    net, rng = small_fastdvdnet(), np.random.default_rng(11)
    inputs = rng.random((1, 5, 8, 12, 3)), rng.random((1, 8, 12, 1))
    y = net(*inputs)
    folded = Planned(net)(*inputs)
    assert 0 < np.abs(folded - y).max() < 1e-13  # 21 layers of a few roundings each
    assert Planned(net.astype(np.float32))(*(x.astype(np.float32) for x in inputs)).dtype == np.float32


def test_running_statistics_stay_state():
    layer = drawn(ConvNorm(3, 5)).train()
    before = set(layer.state())
    layer.watch()
    for _ in range(3):
        layer(Tensor(np.random.default_rng(14).random((2, 5, 7, 3))))
    state = layer.unwatch().state()
    assert set(state) == before and state["norm.num_batches_tracked"] == 3
    assert state["norm.num_batches_tracked"].dtype == np.int64 and state["norm.running_mean"].shape == (5,)


def test_batch_statistics_by_hand():
    layer = BatchNorm(2, momentum=0.25).train()
    x = np.array([[1.0, 10.0], [3.0, 30.0], [5.0, 80.0]], np.float32)
    y = layer(x)
    assert layer.running_mean == pytest.approx([0.25 * 3, 0.25 * 40])
    assert layer.running_var == pytest.approx([0.75 + 0.25 * 4, 0.75 + 0.25 * 1300])  # unbiased: over n - 1
    assert y[:, 0] == pytest.approx([-2 / np.sqrt(8 / 3 + 1e-5), 0, 2 / np.sqrt(8 / 3 + 1e-5)], abs=1e-7)  # biased


def test_astype_and_init_are_repeatable():
    first, again = (remonet.ReMoNet(REMONETS["plain"]).init(np.random.default_rng(1)).state() for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    bound = 1 / np.sqrt(3 * 3 * 23)
    weight = first["conv1.weight"]
    assert weight.shape == (3, 3, 23, 4) and 0.95 * bound < np.abs(weight).max() <= np.float32(bound)
    assert {array.dtype for array in remonet.ReMoNet().astype(np.float64).state().values()} == {np.dtype(np.float64)}

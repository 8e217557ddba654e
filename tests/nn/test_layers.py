"""Layers with a state."""
import numpy as np
import pytest
from small_networks import drawn

from refvr.autodiff import Tensor
from refvr.nn.layers import BatchNorm, ConvNorm


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

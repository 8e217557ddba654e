"""Small ReMoNets and FastDVDnets with drawn weights, and a check of their gradients."""
import numpy as np
import pytest

from refvr.autodiff import Tensor, backward
from refvr.networks import fastdvdnet, remonet
from refvr.nn.layers import BatchNorm

SMALL = {"frames": 3, "widths": (4, 8, 16), "state": 5}
REMONETS = {
    "official": remonet.Config(**SMALL),
    "two frames": remonet.Config(frames=2, widths=(4, 8, 16), state=5),
    "plain": remonet.Config(**SMALL, plain=True, residual=True),
    "folded": remonet.Config(**SMALL, fold=2, plain=True, blend=True, residual=True, fusion_widths=(8, 12, 20)),
}


def drawn(net, seed=0, dtype=np.float64):
    """Weights of sensible size, running statistics too."""
    net.init(np.random.default_rng(seed)).astype(dtype)
    rng = np.random.default_rng(seed + 1)
    for _, module in net.modules():
        if isinstance(module, BatchNorm):
            shape = module.weight.shape
            module.running_mean = (0.1 * rng.standard_normal(shape)).astype(dtype)
            module.running_var = (0.5 + rng.random(shape)).astype(dtype)
            module.weight = (1 + 0.1 * rng.standard_normal(shape)).astype(dtype)
            module.bias = (0.1 * rng.standard_normal(shape)).astype(dtype)
    return net


def small_fastdvdnet(dtype=np.float64):
    return drawn(fastdvdnet.FastDVDnet(fastdvdnet.Config(widths=(4, 6, 10), inter=5)), dtype=dtype)


def slope_check(net, inputs):
    """d(sum of r * y)/d(parameters and inputs), by the tape and by a central difference in one random direction.

    float64, h = 1e-6: the difference is good to about 1e-9 relative unless a ReLU switches on the way, which the
    seeds here avoid.
    """
    rng = np.random.default_rng(7)
    watched = net.watch()
    leaves = [Tensor(x) for x in inputs]
    y = net(*leaves)
    r = rng.standard_normal(y.shape)
    backward(y, r)
    got, moves = 0.0, []
    for tensor in [*watched.values(), *leaves]:
        move = rng.standard_normal(tensor.shape)
        moves.append((tensor.data, move))
        assert tensor.grad is not None, tensor.name
        got += np.sum(tensor.grad * move)
    net.unwatch()
    ends = []
    for h in (1e-6, -2e-6):  # from there to the other side
        for data, move in moves:
            data += h * move
        ends.append(np.sum(r * net(*inputs)))
    assert got == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)

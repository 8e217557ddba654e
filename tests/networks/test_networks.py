"""The networks beside their golden cases: sizes, errors, gradients of the whole, folding, traces, threads."""
import numpy as np
import pytest

import refvr
from refvr import ops, zoo
from refvr.autodiff import Tensor, backward
from refvr.errors import InputError, ShapeError
from refvr.networks import fastdvdnet, remonet
from refvr.nn.layers import BatchNorm, Conv2d, ConvNorm
from refvr.nn.module import Module

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


def test_parameter_counts():
    assert remonet.ReMoNet().parameter_count() == 809_449  # specification of ReMoNet
    net = fastdvdnet.FastDVDnet()
    assert net.parameter_count() == 2_479_096  # specification of FastDVDnet, buffers not counted
    assert net.temp1.parameter_count() == net.temp2.parameter_count() == 1_239_548
    parts = remonet.ReMoNet()
    assert [part.parameter_count() for part in (parts.conv1, parts.unet, parts.conv_out, parts.fusion)] \
        == [7_216, 396_128, 5_945, 400_160]


@pytest.mark.parametrize("name", REMONETS)
def test_remonet_takes_every_size_that_it_names(name):
    config = REMONETS[name]
    net, m = drawn(remonet.ReMoNet(config), dtype=np.float32), config.multiple
    for h, w in ((m, m), (m, 3 * m), (2 * m, m)):
        x = np.random.default_rng(3).random((2, config.frames, h, w, 3), np.float32)
        y = net(x)
        assert y.shape == x.shape and y.dtype == x.dtype and np.isfinite(y).all()
    for shape, what in (((1, config.frames, m + 1, m, 3), f"multiples of {m}"),
                        ((1, config.frames + 1, m, m, 3), "expected"), ((1, config.frames, m, m, 4), "expected"),
                        ((config.frames, m, m, 3), "expected")):
        with pytest.raises(ShapeError, match=what):
            net(np.zeros(shape, np.float32))


def test_fastdvdnet_names_wrong_sizes():
    net = small_fastdvdnet(np.float32)
    for x, noise_map in (((1, 5, 8, 6, 3), (1, 8, 6, 1)), ((1, 4, 8, 8, 3), (1, 8, 8, 1)),
                         ((1, 5, 8, 8, 3), (1, 8, 4, 1)), ((2, 5, 8, 8, 3), (1, 8, 8, 1))):
        with pytest.raises(ShapeError, match="FastDVDnet"):
            net(np.zeros(x, np.float32), np.zeros(noise_map, np.float32))


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


@pytest.mark.parametrize("name", REMONETS)
def test_remonet_gradient(name):
    config = REMONETS[name]
    x = np.random.default_rng(5).random((1, config.frames, config.multiple, 2 * config.multiple, 3))
    slope_check(drawn(remonet.ReMoNet(config)), [x])


@pytest.mark.parametrize("training", [False, True])
def test_fastdvdnet_gradient(training):
    rng = np.random.default_rng(6)
    net = small_fastdvdnet().train(training)
    slope_check(net, [rng.random((2, 5, 8, 12, 3)), rng.random((2, 8, 12, 1))])


@pytest.mark.parametrize("name", REMONETS)
def test_every_frame_reaches_every_output(name):
    config = REMONETS[name]
    net = drawn(remonet.ReMoNet(config))
    x = np.random.default_rng(8).random((1, config.frames, config.multiple, config.multiple, 3))
    y = net(x)
    for t in range(config.frames):
        moved = x.copy()
        moved[0, t] += 0.1
        assert (np.abs(net(moved) - y).max(axis=(0, 2, 3, 4)) > 0).all()


def test_batch_elements_are_independent():
    net, rng = drawn(remonet.ReMoNet(REMONETS["official"]), dtype=np.float32), np.random.default_rng(9)
    x = rng.random((3, 3, 8, 4, 3), np.float32)
    assert np.array_equal(net(x)[1:2], net(x[1:2]))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_change_a_bit(threads):
    net = drawn(remonet.ReMoNet(), dtype=np.float32)
    x = np.random.default_rng(10).random((1, 5, 36, 44, 3), np.float32)
    with ops.threads(1):
        one = net(x)
    with ops.threads(threads):
        assert net(x).tobytes() == one.tobytes()


def test_folded_batch_norm():
    net, rng = small_fastdvdnet(), np.random.default_rng(11)
    inputs = rng.random((1, 5, 8, 12, 3)), rng.random((1, 8, 12, 1))
    y = net(*inputs)
    folded = net.fold()(*inputs)
    assert 0 < np.abs(folded - y).max() < 1e-13  # 21 layers of a few roundings each
    assert np.array_equal(net.unfold()(*inputs), y)
    assert net.fold().astype(np.float32)(*(x.astype(np.float32) for x in inputs)).dtype == np.float32


@pytest.mark.parametrize("change", [
    lambda net: net.load({name: 2 * array for name, array in net.state().items()}),
    lambda net: [tensor.data.__imul__(2) for tensor in net.watch().values()] and net.unwatch(),
    lambda net: net.train().train(False),
])
def test_a_fold_does_not_outlive_its_parameters(change):
    layer = drawn(ConvNorm(3, 5)).fold()
    x = np.random.default_rng(12).random((1, 7, 5, 3))
    change(layer)
    folded = layer(x)
    assert np.array_equal(folded, layer.unfold()(x))


def test_gradients_reach_parameters_behind_a_fold():
    layer = drawn(ConvNorm(3, 5)).fold()
    watched = layer.watch()
    y = layer(Tensor(np.random.default_rng(13).random((1, 7, 5, 3))))
    backward(y, np.ones(y.shape))
    assert all(tensor.grad is not None for tensor in watched.values())


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


def test_trace_names():
    net = drawn(remonet.ReMoNet(REMONETS["official"]), dtype=np.float32)
    x = np.random.default_rng(15).random((1, 3, 8, 8, 3), np.float32)
    with refvr.trace() as t:
        y = net(x)
    assert {f"step{k}.guess" for k in range(3)} | {"step2.unet.enc2.narrow.spatial", "fusion.up1", "fusion"} <= set(t)
    assert np.array_equal(t["fusion"][0, ..., :3], y[0, 0])
    assert np.array_equal(net(x), y)  # without a trace nothing changes
    seen = []
    with refvr.trace(lambda name, value: seen.append(name)) as nothing:
        net(x)
    assert seen == list(t) and not nothing


def test_a_listener_can_put_another_value_in_place():
    """The run goes on with it: what comes after is computed from it, what came before stays."""
    net = drawn(remonet.ReMoNet(REMONETS["official"]), dtype=np.float32)
    x = np.random.default_rng(15).random((1, 3, 8, 8, 3), np.float32)
    with refvr.trace() as t:
        net(x)
    other = t["step0.guess"] + np.float32(0.125)
    seen = {}

    def listen(name, value):
        seen[name] = np.array(value)
        return other if name == "step0.guess" else None

    with refvr.trace(listen):
        net(x)
    assert np.array_equal(seen["step0.unet"], t["step0.unet"]) and np.array_equal(seen["step0.guess"], t["step0.guess"])
    assert not np.array_equal(seen["step1.guess"], t["step1.guess"])


def test_trace_counts_repeats():
    class Twice(Module):
        def __init__(self):
            self.conv = Conv2d(1, 1, 1)
            self.name_parts()

        def forward(self, x):
            return self.conv(self.conv(self.conv(x)))

    net = Twice()
    net.conv.weight[:] = 2
    with refvr.trace() as t:
        net(np.ones((1, 1, 1, 1), np.float32))
    assert {name: value.item() for name, value in t.items()} == {"conv": 2, "conv#1": 4, "conv#2": 8}


def test_astype_and_init_are_repeatable():
    first, again = (remonet.ReMoNet(REMONETS["plain"]).init(np.random.default_rng(1)).state() for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    bound = 1 / np.sqrt(3 * 3 * 23)
    weight = first["conv1.weight"]
    assert weight.shape == (3, 3, 23, 4) and 0.95 * bound < np.abs(weight).max() <= np.float32(bound)
    assert {array.dtype for array in remonet.ReMoNet().astype(np.float64).state().values()} == {np.dtype(np.float64)}


def test_impossible_configurations_are_refused():
    with pytest.raises(InputError, match="expected at least 2"):
        remonet.Config(frames=1)
    with pytest.raises(InputError, match="remonet has no option 'width'.*widths"):
        zoo.build("remonet", width=3)

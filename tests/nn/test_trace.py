"""Names of values, and listeners that put others in place."""
import numpy as np
from small_networks import REMONETS, drawn

import refvr
from refvr.networks import remonet
from refvr.nn.layers import Conv2d
from refvr.nn.module import Module


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

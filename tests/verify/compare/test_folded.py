"""Small networks of a test's own, dumped as graphs are: folded norms, blocks, layers without a value of their own."""
import numpy as np
import pytest

from refvr import ops
from refvr.nn import Module
from refvr.nn.layers import BatchNorm, Conv2d, PReLU
from refvr.verify.compare.alignment import align
from refvr.verify.compare.folded import moved_on
from refvr.verify.compare.mispaired import settled
from refvr.verify.compare.reference import run_places
from refvr.verify.runs.arrays_in import open_arrays
from refvr.verify.runs.network_call import Subject
from refvr.verify.runs.tracing import listen

C = 4


class Layer(Module):
    """relu(norm(conv(x)))."""

    def __init__(self):
        self.conv, self.norm = Conv2d(C, C, 3), BatchNorm(C)

    def forward(self, x):
        return ops.relu(self.norm(self.conv(x)))


class Block(Module):
    """prelu(2 x): its value is that of its last layer."""

    def __init__(self):
        self.act = PReLU(C)

    def forward(self, x):
        return self.act(x * 2)


class Net(Module):
    def __init__(self):
        self.first, self.layers, self.block, self.last = Conv2d(C, C, 3), [Layer(), Layer()], Block(), Conv2d(C, C, 3)
        self.name_parts()

    def forward(self, x):
        y = self.first(x)
        for layer in self.layers:
            y = layer(y)
        return self.last(self.block(y - 0.3))


def subject():
    rng = np.random.default_rng(3)
    net = Net()
    net.load({name: (rng.standard_normal(array.shape) * 0.4 + name.endswith(("running_var", "norm.weight"))
                     ).astype(array.dtype) ** (2 if name.endswith("running_var") else 1)
              for name, array in net.state().items()})
    return Subject("edvr", net, {"x": rng.random((1, 8, 9, C), np.float32)})


def values(given):
    found = {}
    with ops.threads(1), listen(lambda named, value: found.__setitem__(named.name, np.array(value))):
        given.run()
    return found


def wrong(given, theirs, path):
    """Our names that are off by more than 1e-4, computed from the port's own values."""
    np.savez(path / "port.npz", **theirs)
    arrays = open_arrays(path / "port.npz")
    with ops.threads(1):
        _, _, exact = settled(given, align(run_places(given), arrays), arrays)
    return [name for name, own in exact.owns.items() if own.error.rms_rel > 1e-4]


def folded(theirs):
    return {name: theirs[name.replace(".conv", ".norm")] if name.endswith(".conv") else value
            for name, value in theirs.items() if not name.endswith(".norm")}


@pytest.mark.parametrize("spoilt", ["first", "layers.0.conv", "layers.1.norm"])
def test_a_convolution_that_a_norm_was_folded_into_is_the_norm_after_a_mistake_too(spoilt, tmp_path):
    given, port = subject(), subject()
    layer = port.net.first if spoilt == "first" else port.net.layers[0].conv
    if spoilt.endswith("norm"):   # so small that the array is still near, to what the relu makes of it too
        port.net.layers[1].norm.weight = port.net.layers[1].norm.weight * np.float32(1.01)
    else:
        layer.weight = np.ascontiguousarray(layer.weight.swapaxes(0, 1))
    assert wrong(given, folded(values(port)), tmp_path) == [spoilt.replace(".conv", ".norm")]


def test_a_block_that_is_its_last_layer_again_does_not_make_it_right(tmp_path):
    """A graph has the block's sum, from which our activation would go on in the place of theirs."""
    given, port = subject(), subject()
    port.net.block.act.weight = np.roll(np.linspace(0.1, 0.4, C, dtype=np.float32), 1)
    theirs = values(port)
    theirs["block"] = 2 * (np.maximum(theirs["layers.1"], 0) - np.float32(0.3))
    assert wrong(given, theirs, tmp_path) == ["block.act"]


def test_arrays_that_move_on_in_a_row(tmp_path):
    given = subject()
    theirs = values(given)
    np.savez(tmp_path / "port.npz", **theirs)
    alignment = align(run_places(given), open_arrays(tmp_path / "port.npz"))
    row = {"layers.0.conv": "layers.0.norm", "layers.0.norm": "layers.1.conv"}
    moved = moved_on(alignment, row)
    assert {ours: moved.pairs[ours].parts[0][0] for ours in moved.pairs if ours.count(".") == 2} == {
        "layers.0.norm": "layers.0.conv", "layers.1.conv": "layers.0.norm", "layers.1.norm": "layers.1.norm"}

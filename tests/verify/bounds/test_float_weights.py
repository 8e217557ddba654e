"""Which weights of a network the whole numbers of a quantised graph were made from: by rounding them again."""
import numpy as np
import pytest
from small_ports import drawn
from subjects import tiny

from refvr import ops
from refvr.nn import Module
from refvr.nn.layers import BatchNorm, Conv2d, Conv3d, ConvTranspose2d, Linear
from refvr.verify.bounds.float_weights import FloatWeights
from refvr.verify.runs.network_call import Subject

pytest.importorskip("onnx", reason="onnx is not installed")
EPS = 1e-5


class Net(Module):
    """A layer of each kind; a norm that a plan folds into the first."""

    def __init__(self):
        self.first, self.norm, self.up = Conv2d(3, 5, 3), BatchNorm(5, eps=EPS), ConvTranspose2d(5, 6)
        self.time, self.last = Conv3d(6, 7, (1, 3, 3)), Linear(7, 4)
        self.name_parts()

    def forward(self, x):
        y = self.up(self.norm(self.first(x)))
        return self.last(ops.mean(self.time(y[:, None])[:, 0], axis=(1, 2)))


@pytest.fixture(scope="module")
def net():
    return drawn(Net())


@pytest.fixture(scope="module")
def weights(net):
    return FloatWeights(Subject("toy", net, {"x": np.zeros((1, 6, 5, 3), np.float32)}))


def quantised(real, axis=None, zero=0, kind=np.int8):
    """(whole numbers, scale, zero point) of an array, with one scale or one of each index along an axis."""
    others = tuple(k for k in range(real.ndim) if k != axis)
    scale = np.abs(real).max(axis=others, keepdims=True) / 127 if axis is not None else np.abs(real).max() / 127
    whole = (np.rint(real / scale) + zero).astype(kind)
    return whole, np.float32(scale).reshape(-1), np.array([zero] * np.size(scale), kind)


AS_ONNX = {"first": (3, 2, 0, 1), "up": (2, 3, 0, 1), "time": (4, 3, 0, 1, 2), "last": (0, 1)}


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("layer", AS_ONNX)
def test_a_weight_is_found_in_the_layout_of_onnx(layer, axis, net, weights):
    real = getattr(net, layer).weight.transpose(AS_ONNX[layer])
    found = weights.of(*quantised(real, axis), axis or 0)
    assert found.module == layer and np.array_equal(found.array, real)


def test_matrices_both_ways_biases_and_numbers_with_a_zero_point(net, weights):
    assert np.array_equal(weights.of(*quantised(net.last.weight.T, 0), -2).array, net.last.weight.T)
    assert weights.of(*quantised(net.up.bias), 0).module == "up"
    real = net.first.weight.transpose(3, 2, 0, 1)
    assert weights.of(*quantised(real, 0, zero=128, kind=np.uint8), 0).module == "first"
    assert weights.of(*quantised(real, 0, zero=128, kind=np.uint8)[:2], 0, 0) is None   # another zero point


def test_a_norm_that_was_folded_into_the_weight_is_taken_along(net, weights):
    norm = net.norm
    gain = norm.weight / np.sqrt(norm.running_var + np.float32(EPS))
    found = weights.of(*quantised((net.first.weight * gain).transpose(3, 2, 0, 1), 0), 0)
    np.testing.assert_allclose(found.array, (net.first.weight * gain).transpose(3, 2, 0, 1), rtol=1e-5)
    assert found.module == "norm"   # whose value the convolution has then
    bias = (net.first.bias - norm.running_mean) * gain + norm.bias
    np.testing.assert_allclose(weights.of(*quantised(bias), 0).array, bias, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("steps, found", [(0, True), (1, False), (-1, False)])
def test_every_single_number_must_be_the_rounded_one(steps, found, net, weights):
    whole, scale, zero = quantised(net.first.weight.transpose(3, 2, 0, 1), 0)
    whole[1, 2, 0, 1] -= steps * (1 if whole[1, 2, 0, 1] > 0 else -1)
    assert (weights.of(whole, scale, zero, 0) is not None) == found
    assert weights.of(whole[:4], scale[:4], zero[:4], 0) is None   # nothing of ours has this shape


def test_where_the_graph_depends_on_values_parameters_are_known_all_the_same():
    net = tiny("safa")
    images = {f"image{k}": np.zeros((1, 32, 32, 3), np.float32) for k in range(2)}
    weights = FloatWeights(Subject("safa", net, images, {"times": [0.5]}))
    name, array = next((name, array) for name, array in net.parameters().items() if array.ndim == 4)
    assert weights.of(*quantised(array.transpose(3, 2, 0, 1), 0), 0).module == name.rpartition(".")[0]


class Scaled(Module):
    """Its exported graph has a weight that no parameter is."""

    def __init__(self):
        self.gain = np.linspace(0.5, 2, 3, dtype=np.float32)

    def forward(self, x):
        return x * self.gain


def test_what_an_exported_graph_computes_with_besides_is_known_without_a_module():
    from refvr.plan import Like, capture
    from refvr.plan.onnx.model import to_onnx
    from refvr.verify.compare.ports.quantized import stored_tensors

    net = drawn(Scaled())
    subject = Subject("toy", net, {"x": np.zeros((1, 4, 4, 3), np.float32)})
    graph = capture(subject.call, Like((1, 4, 4, 3)))
    stored = stored_tensors(to_onnx(graph, ["x"], {"output": graph.result}))
    assert stored and all(FloatWeights(subject).of(*quantised(np.asarray(net.gain).reshape(tensor.dims)), 0)
                          for tensor in stored.values() if np.prod(tensor.dims) == 3)

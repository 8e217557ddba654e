"""What a module of PyTorch computes backward: gradients of values, inputs and parameters, by formulas."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.ports.feeding import Given

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import torch_peers
from subjects import tiny

from refvr.verify.compare.ports.callables import ModulePort
from refvr.verify.compare.ports.module_gradients import gradients_of
from refvr.verify.runs.network_call import Subject

FRAMES = np.random.default_rng(0).random((1, 3, 4, 4, 3)).astype(np.float32)   # (n, t, h, w, c)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def subject():
    net = tiny("edvr-m-x4", frames=3)
    return Subject("edvr", net, {"x": FRAMES})


class Net(torch.nn.Module):
    """y = 3 relu(w x), of the middle frame; a parameter that is not used, one that is not trained."""

    def __init__(self):
        super().__init__()
        self.w, self.spare = (torch.nn.Parameter(torch.tensor(value)) for value in (2.0, 5.0))
        self.fixed = torch.nn.Parameter(torch.tensor(3.0), requires_grad=False)
        self.act, self.at = torch.nn.ReLU(), Largest()

    def forward(self, x):
        self.at(x)
        return self.fixed * self.act(self.w * (x[:, 1] - 0.5)), x


class Largest(torch.nn.Module):
    def forward(self, x):
        return x.argmax(1)


def found_of(module, subject, x=None):
    given = np.moveaxis(FRAMES, -1, 2) if x is None else x
    return gradients_of(ModulePort(module.eval(), Given("edvr", {"x": FRAMES})), subject, [given])


def test_by_formulas(subject):
    net = Net()
    net.w.grad = torch.tensor(7.0)
    found = found_of(net, subject)
    r = found.seed
    assert r.shape == (1, 3, 4, 4) and r.dtype == np.float32 and np.array_equal(found.values["output"], r)
    assert r.std() == pytest.approx(1, abs=0.3) and len(np.unique(r)) == r.size   # every element counts otherwise
    x = np.moveaxis(FRAMES, -1, 2)
    above = 2 * (x[:, 1] - 0.5) > 0
    assert found.values.keys() == {"act", "output"}
    np.testing.assert_allclose(found.values["act"], 3 * r, rtol=1e-6)
    want = np.zeros_like(x)
    want[:, 1] = 6 * r * above
    np.testing.assert_allclose(found.inputs["x"], np.moveaxis(want, 2, -1), rtol=1e-6)   # in our layout
    assert net.w.grad == 7 and not any(module._forward_hooks for module in net.modules())
    assert found.parameters == {}   # its parameters have no official names


def test_a_layer_that_runs_twice_has_two_values(subject):
    class Twice(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.act = torch.nn.ReLU()

        def forward(self, x):
            return self.act(2 * self.act(x[:, 0]))

    found = found_of(Twice(), subject)
    x = np.moveaxis(FRAMES, -1, 2)[:, 0]
    assert found.values.keys() == {"act", "act#1", "output"}
    np.testing.assert_allclose(found.values["act"], 2 * found.seed * (x > 0), rtol=1e-6)


def test_an_input_that_the_output_does_not_depend_on_has_a_gradient_of_zeros(subject):
    class Constant(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.level = torch.nn.Parameter(torch.ones(2, 2))

        def forward(self, x):
            return 2 * self.level

    found = found_of(Constant(), subject)
    assert not np.any(found.inputs["x"]) and found.inputs["x"].shape == FRAMES.shape


def test_parameters_of_official_names_come_under_ours_in_our_layout(subject):
    peer = torch_peers.from_refvr(subject.net)
    for value in peer.parameters():
        value.requires_grad = False
    conv = peer.conv_last
    conv.weight.requires_grad = True
    x = np.random.default_rng(1).random((1, 3, 16, 16, 3)).astype(np.float32)
    found = gradients_of(ModulePort(peer.eval(), Given("edvr", {"x": x})), subject, [np.moveaxis(x, -1, 2)])
    assert found.parameters.keys() == {"conv_last.weight"}   # what is not trained has none
    seen = []
    handle = conv.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        peer(torch.from_numpy(np.moveaxis(x, -1, 2).copy()))
    handle.remove()
    r, before = found.seed, np.pad(seen[0].numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)))
    h, w = r.shape[2:]
    want = np.stack([[np.einsum("nchw,nohw->co", before[:, :, i:i + h, j:j + w], r) for j in range(3)]
                     for i in range(3)])   # (3, 3, c, o): as ours lie
    np.testing.assert_allclose(found.parameters["conv_last.weight"], want, rtol=1e-3, atol=1e-3)


def test_a_port_that_stops_on_the_way_is_one_line(subject):
    net = Net()
    net.act.register_full_backward_hook(lambda *_: 1 / 0)
    with pytest.raises(InputError, match="your module stops on the way back: ZeroDivisionError: division by zero"):
        found_of(net, subject)
    assert not any(module._forward_hooks for module in net.modules())
    with pytest.raises(InputError, match="stops on the way back: RuntimeError"):
        found_of(torch.nn.Conv2d(5, 5, 3), subject)

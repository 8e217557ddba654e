"""refvr.compare with backward=True: gradients layer by layer, healthy modules and ones whose way back is wrong."""

import pytest

import refvr
from refvr import ops
from refvr.errors import InputError

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import compare_ports
import torch_peers
from doc_pages import sample, without_figures

FAST = ["fastdvdnet"]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    with ops.threads(1):
        yield


def peer_of(network):
    given = compare_ports.subject(network)
    return given, torch_peers.from_refvr(given.net)


@pytest.mark.parametrize("network", [*FAST, *(pytest.param(n, marks=pytest.mark.long)
                                              for n in ("remonet", "stfan", "edvr", "duf"))])
def test_a_healthy_way_back(network):
    given, peer = peer_of(network)
    report = refvr.compare(given, peer, backward=True)
    report.assert_healthy()
    kinds = [row.kind for row in report.gradients]
    assert kinds.count("parameter") == sum(value.requires_grad for value in peer.parameters())
    assert kinds.count("input") == len(given.operands) and kinds.count("value") > 20
    assert "no wrong gradient" in str(report)
    assert all(value.grad is None for value in peer.parameters())
    assert not any(module._forward_hooks for module in peer.modules())


class Passes(torch.autograd.Function):
    """A ReLU whose way back is that of the identity."""

    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, dy):
        return dy


class WrongBack(torch.nn.Module):
    def forward(self, x):
        return Passes.apply(x)


def test_an_activation_that_is_wrong_on_the_way_back_alone():
    given, peer = peer_of("fastdvdnet")
    block = peer.temp2.downc1.convblock
    assert isinstance(block[2], torch.nn.ReLU)
    block[2] = WrongBack()
    refvr.compare(given, peer).assert_healthy()
    report = refvr.compare(given, peer, backward=True)
    wrong = report.wrong_gradients[0]
    assert (wrong.kind, wrong.name) == ("value", "temp2.downc1.stride.norm"), str(report)
    with pytest.raises(AssertionError, match="first wrong gradient on the way back: value temp2.downc1.stride.norm"):
        report.assert_healthy()
    page, said = sample("compare.md", "first wrong gradient"), str(report).splitlines()
    at = next(k for k, line in enumerate(said) if line.startswith("first wrong gradient"))
    assert without_figures(said[at:at + len(page)]) == without_figures(page)


def test_a_parameter_that_gets_no_gradient():
    given, peer = peer_of("fastdvdnet")
    conv = peer.temp1.downc0.convblock[0]
    conv.forward = lambda x: torch.nn.functional.conv2d(x, conv.weight.detach(), conv.bias, conv.stride, conv.padding)
    report = refvr.compare(given, peer, backward=True)
    wrong = [(row.kind, row.name) for row in report.wrong_gradients]
    assert wrong == [("parameter", "temp1.downc0.stride.conv.weight")]


@pytest.mark.long
def test_a_choice_of_scale_without_its_gradient_is_found():
    """The peer of SAFA is for inference: its selector gets nothing back, that of ours what training needs."""
    given, peer = peer_of("safa")
    report = refvr.compare(given, peer, backward=True)
    assert any(row.kind == "parameter" and row.name.startswith("selector") for row in report.wrong_gradients)


def test_only_a_module_has_a_way_back():
    given, peer = peer_of("fastdvdnet")
    with pytest.raises(InputError, match="expected a module of PyTorch"):
        refvr.compare(given, lambda x: x, backward=True)
    peer.temp1.inc.convblock[0].register_full_backward_hook(lambda *_: 1 / 0)
    with pytest.raises(InputError, match="stops on the way back: ZeroDivisionError"):
        refvr.compare(given, peer, backward=True)

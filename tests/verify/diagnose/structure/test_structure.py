"""Ports that compute rightly from the wrong thing: another frame, an order, other weights, no state. Named in words."""

import pytest

from refvr import ops
from refvr.verify.diagnose.port import diagnose_port
from refvr.verify.runs.trace_file import write_trace

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import compare_ports


def given(path, change):
    """Plant: the module at `path` ("" is the network) gets other arguments."""
    def plant(peer):
        dict(peer.named_modules())[path].register_forward_pre_hook(lambda module, args: change(*args))
    return plant


def exchanged(one, other):
    """Plant: two layers have each other's weights."""
    def plant(peer):
        modules = dict(peer.named_modules())
        a, b = modules[one], modules[other]
        a.weight, b.weight, a.bias, b.bias = b.weight, a.weight, b.bias, a.bias
    return plant


def late(path, at=0):
    """Plant: the module at `path` gets the argument `at` of its call before."""
    def plant(peer):
        before = []

        def change(module, args):
            before.append(args[at])
            return *args[:at], before[max(len(before) - 2, 0)], *args[at + 1:]

        dict(peer.named_modules())[path].register_forward_pre_hook(change)
    return plant


# what is planted -> network, how, words that the explanation must have
PLANTED = {
    "aligned frames reversed": ("edvr", given("fusion", lambda aligned: (aligned.flip(1),)), "frame2.pcd_align"),
    "weights exchanged": ("edvr", exchanged("conv_l2_2", "conv_l3_2"), "the weights of conv_l3_2 in conv_l2_2"),
    "window reversed": ("edvr", given("", lambda x: (x.flip(1),)), "reverse"),
    "neighbours one frame late": ("edvr", late("pcd_align"), "of frame 0 in place of"),
    "previous and restored exchanged": ("stfan", given("", lambda frame, previous, restored, *state: (
        frame, restored, previous, *state)), "the input previous and the input restored exchanged"),
    "state not carried": ("stfan", given("", lambda frame, previous, restored, state: (
        frame, previous, restored, torch.zeros_like(state))), "zeros in place of"),
    "noise map times 255": ("fastdvdnet", given("", lambda x, sigma: (x, sigma * 255)), "times 255"),
    "one frame late": ("fastdvdnet", given("temp2", lambda *xs: (xs[1], *xs[1:])),
                       "triplet1.temp1 also in place of triplet0.temp1"),
    "window off by one": ("duf", given("", lambda x: (torch.cat([x[:, :1], x[:, :-1]], 1),)), "off by one"),
    "frames exchanged": ("safa", given("", lambda a, b, *rest: (b, a, *rest)), "reverse"),
}
QUICK = ["weights exchanged"]


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long])
                                  for name in PLANTED])
def test_a_mistake_of_structure_is_named(name, tmp_path):
    network, plant, words = PLANTED[name]
    subject = compare_ports.port(network, tmp_path / "mine.npz", plant)
    write_trace(subject, tmp_path / "trace.h5")
    found = diagnose_port(tmp_path / "trace.h5", tmp_path / "mine.npz", seconds=60)
    assert not found.agrees
    assert any(words in e.says for e in found.explained), (found.subject, found.explained, found.closest, found.certain)

"""Ports as strangers write them, one mistake each: the guilty layer and the mistake from two files."""
import json
from contextlib import nullcontext

import pytest
from subjects import PORTS as SUBJECTS

from refvr import ops
from refvr.cli.main import main
from refvr.verify.diagnose.port import diagnose_port
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.trace_file import write_trace

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
import torch_peers
from compare_ports import after, arguments, dump, put
from torch.nn import functional as f
from torch_peers import edvr, safa, sampling, stfan


def port(network, folder, plant=None, peer_change=None):
    """A trace of ours and a dump of a port in PyTorch; `plant` swaps a function, `peer_change` edits the module."""
    torch.set_num_threads(1)
    model, size, settings = SUBJECTS[network]
    given = subject_of(model, f"scene:{size}", init=9, settings=settings, sigma=20, frame=2)
    write_trace(given, folder / "trace.h5")
    peer = torch_peers.from_refvr(given.net)
    if peer_change:
        peer_change(peer)
    with put(*plant) if plant else nullcontext():
        dump(peer, arguments(given), folder / "mine.npz")
    return folder / "trace.h5", folder / "mine.npz"


def flipped(module):
    module.weight.data = module.weight.data.flip(-1, -2)


def transposed(module):
    module.weight.data = module.weight.data.mT


def nearest(x):
    return f.interpolate(x, scale_factor=2, mode="nearest")


def halves_swapped(x, offset_px, mask, weight, bias):
    """Offsets of all rows first, then of all columns, taken for pairs."""
    n, k, h, w = offset_px.shape
    pairs = offset_px.reshape(n, k // 2, 2, h, w).flip(2).reshape(n, k, h, w)
    return sampling.deform_by_index(x, pairs, mask, weight, bias)


def no_sigmoid(x, offset_px, mask, weight, bias):
    return sampling.deform_by_index(x, -offset_px, mask, weight, bias)


def taps_turned(x, filters, k, *rest):
    n, _, h, w = filters.shape
    turned = filters.reshape(n, -1, k, k, h, w).transpose(2, 3).reshape(filters.shape)
    return sampling.fac_by_tap(x, turned, k, *rest)


def flow_back(pair, flow):
    return safa.warp(pair[0], -flow[:, 0:2]), safa.warp(pair[1], -flow[:, 2:4])


def conv(name, change):
    def edit(peer):
        change(dict(peer.named_modules())[name])
    return edit


def replicate(module):
    module.padding_mode = "replicate"
    module._reversed_padding_repeated_twice = [module.padding[0]] * 4


# what is planted -> network, swap, edit of the module, part of the guilty name (where the operation is no module of the
# port, the first module after it), name in the catalogue
PLANTED = {
    "offsets x before y": ("edvr", (sampling, "deform", halves_swapped), None, "l3.dcn", "offsets_x_y"),
    "offsets negative": ("edvr", (sampling, "deform", no_sigmoid), None, "l3.dcn", "offsets_negative"),
    "nearest for bilinear": ("edvr", (edvr, "up2", nearest), None, "l2.offset_conv2", "nearest_pixel_of_the_resize"),
    "kernel flipped": ("edvr", None, conv("conv_l2_1", flipped), "conv_l2_1", "kernel_flipped"),
    "filter taps transposed": ("stfan", (stfan, "fac", taps_turned), None, "decode.half.enter", "taps_transposed"),
    "bias forgotten": ("stfan", None, conv("kconv1_1.0", lambda m: m.bias.data.zero_()), "", "bias_missing"),
    "flow backwards": ("safa", (safa, "fetched", flow_back), None, "t0.step1", "flow_the_other_way"),
    "one slope for all": ("safa", None, conv("lastconv.0.1", lambda m: m.weight.data.fill_(0.25)), "", "slope"),
    "epsilon of Keras": ("fastdvdnet", None, conv("temp1.downc0.convblock.1", lambda m: setattr(m, "eps", 1e-3)),
                         "temp1.down", "eps_of_keras"),
    "border repeated": ("fastdvdnet", None, conv("temp2.downc0.convblock.0", lambda m: replicate(m)), "temp2.down",
                        "border_repeats_the_edge"),
    "bias twice": ("remonet", None, conv("conv1", lambda m: m.bias.data.mul_(2)), "conv1", "bias_added_twice"),
    "kernel transposed": ("duf", None, conv("dense_block1.dense_blocks.0.5", transposed), "", "kernel_transposed"),
    "skip forgotten": ("remonet", None, conv("unetblock", lambda m: setattr(m, "skip", False)), "conv_out",
                       "after.nothing"),
}
QUICK = ["filter taps transposed"]


def one_filter_lost(module):
    module.weight.data[3] = 0


def one_channel_rolled(module):
    module.weight.data[:, 0] = module.weight.data[:, 0].roll(1, -1)


def wave(y):
    return y + 0.05 * torch.sin(3 * y)


# mistakes that the catalogue does not have
UNKNOWN = {
    "one filter lost": ("edvr", None, conv("conv_l2_1", one_filter_lost), "conv_l2_1"),
    "one channel rolled": ("fastdvdnet", None, conv("temp1.outc.convblock.0", one_channel_rolled), "temp1"),
    "a wave in the values": ("stfan", None, conv("kconv1_1.0", lambda m: after(m, wave)), ""),
}


def _long(table, quick):
    return [pytest.param(name, marks=[] if name in quick else [pytest.mark.long]) for name in table]


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.mark.parametrize("name", _long(PLANTED, QUICK))
def test_the_layer_and_the_mistake_are_named(name, tmp_path):
    network, plant, edit, layer, mistake = PLANTED[name]
    found = diagnose_port(*port(network, tmp_path, plant, edit), seconds=120)
    assert not found.agrees and layer in found.subject.rpartition(" to ")[2]
    assert any(mistake in step for e in found.explained for step in e.mistakes), (found.explained, found.closest)
    assert len(found.explained) <= 3


@pytest.mark.parametrize("name", _long(UNKNOWN, []))
def test_what_is_not_in_the_catalogue_is_not_given_a_wrong_name(name, tmp_path):
    network, plant, edit, layer = UNKNOWN[name]
    found = diagnose_port(*port(network, tmp_path, plant, edit), seconds=8)
    assert not found.agrees and not found.explained and all(near.share >= 0.9 for near in found.closest)
    assert "your values are right up to" in found.certain and "mistakes in conv2d" in found.kinds
    assert layer in found.subject.rpartition(" to ")[2]


@pytest.mark.parametrize("network", _long(SUBJECTS, ["fastdvdnet"]))
def test_a_healthy_port_has_nothing_to_diagnose(network, tmp_path):
    found = diagnose_port(*port(network, tmp_path))
    assert found.agrees and not found.explained


def test_two_commands(tmp_path, capsys):
    trace, mine = port("edvr", tmp_path, *PLANTED["offsets negative"][1:3])
    assert main(["compare", str(trace), str(mine), "--isolate", "--brief"]) == 1
    assert "first guilty layer: frame0.pcd_align.l3.dcn" in capsys.readouterr().out
    assert main(["compare", str(trace), str(mine), "--isolate", "--brief", "--diagnose"]) == 1
    assert "negative" in capsys.readouterr().out
    assert main(["diagnose", str(trace), "--mine", str(mine)]) == 1
    assert "equals the reference with" in capsys.readouterr().out
    at = f"{trace}:frame0.pcd_align.l3.dcn"
    assert main(["diagnose", at, "--mine", str(mine), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["explained"][0]["mistakes"] == ["deform_conv2d.offsets_negative"]
    assert main(["diagnose", f"{trace}:nothing", "--mine", str(mine)]) == 2
    assert "nothing" in capsys.readouterr().err
    assert main(["diagnose", str(mine), "--mine", str(mine)]) == 2

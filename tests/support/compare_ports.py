"""Ports as a stranger writes them: PyTorch networks with forward hooks that dump what they see, healthy and wrong."""
import sys
from contextlib import contextmanager

import numpy as np
import torch
from places import ROOT
from subjects import LARGER_PORTS as SUBJECTS
from torch import nn

from refvr.verify.runs.inputs import subject_of

sys.path.insert(0, str(ROOT / "tools"))
import torch_peers  # noqa: E402
from torch_peers import edvr, safa, sampling, stfan  # noqa: E402


def subject(name):
    model, size, settings = SUBJECTS[name]
    return subject_of(model, f"scene:{size}", init=5, settings=settings, sigma=25, frame=3)


def arguments(given):
    """What the peer is called with: channels first, SAFA's colours blue first."""
    turned = [np.moveaxis(x[..., ::-1] if given.record.call.blue_first else x, -1, -3) for x in given.operands.values()]
    tensors = [torch.from_numpy(np.ascontiguousarray(x)) for x in turned]
    return [*tensors, torch.tensor([[0.5]])] if given.record.call.times else tensors


def dump(peer, args, path):
    """The recipe of docs/compare.md."""
    values = {}

    def hook(name):
        def keep(module, inputs, output):
            if torch.is_tensor(output):
                calls = sum(key.split("#")[0] == name for key in values)
                values[f"{name}#{calls}" if calls else name] = output.detach().clone().numpy()
        return keep

    hooks = [module.register_forward_hook(hook(name)) for name, module in peer.named_modules() if name]
    with torch.no_grad():
        output = peer(*args)
    for handle in hooks:
        handle.remove()
    values["output"] = (output[0] if isinstance(output, tuple) else output).numpy()
    np.savez(path, **values)


@contextmanager
def put(owner, name, value):
    """`owner.name` is `value` inside."""
    right = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, right)


def after(module, change):
    """The module's result goes through `change`: a hook that comes before those of the dump."""
    return module.register_forward_hook(lambda module, inputs, output: change(output))


def replicate_border(module):
    module.padding_mode = "replicate"
    module._reversed_padding_repeated_twice = [module.padding[0]] * 4


def offsets_x_y(x, offset_px, mask, weight, bias):
    n, k, h, w = offset_px.shape
    swapped = offset_px.reshape(n, k // 2, 2, h, w).flip(2).reshape(n, k, h, w)
    return sampling.deform_by_index(x, swapped, mask, weight, bias)


def align_corners(x):
    return nn.functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def shuffled_wrong(x, r):
    n, c, h, w = x.shape
    return x.reshape(n, r, r, c // r ** 2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // r ** 2, h * r, w * r)


def no_mask_sigmoid(x, offset_px, mask, weight, bias):
    return sampling.deform_by_index(x, offset_px, mask * 0 + 1, weight, bias)


# mistake -> (network, what plants it: (peer) -> (owner, name, value) or None, end of the name that must be found: the
# first value that the hooks see after the mistake)
MISTAKES = {
    "offsets x and y exchanged": ("edvr", lambda p: (sampling, "deform", offsets_x_y), "pcd_align.l3.dcn"),
    "no modulation": ("edvr", lambda p: (sampling, "deform", no_mask_sigmoid), "pcd_align.l3.dcn"),
    "upsampling with align_corners": ("edvr", lambda p: (edvr, "up2", align_corners), "pcd_align.l2.offset_conv2"),
    "pixel shuffle in another order": ("edvr", lambda p: (edvr, "pixel_shuffle", shuffled_wrong),
                                       "upconv2"),
    "border repeated": ("edvr", lambda p: replicate_border(p.conv_l2_1), "conv_l2_1"),
    "one layer in float16": ("edvr", lambda p: after(p.fusion.feat_fusion, lambda y: y.half().float()) and None,
                             "fusion.feat_fusion"),
    "slope 0.2": ("stfan", lambda p: setattr(p.fea[1], "negative_slope", 0.2), "carry"),
    "filters with a border of zeros": ("stfan", lambda p: (stfan, "fac", lambda x, f, k, border:
                                                           sampling.fac_by_tap(x, f, k, "constant")),
                                       "decode.half.enter"),
    "no activation": ("stfan", lambda p: p.conv1_2.stem.__setitem__(1, nn.Identity()), "encode.full.block1.first"),
    "flow not scaled": ("safa", lambda p: (safa, "fetched", lambda pair, flow: (
        safa.warp(pair[0], flow[:, 0:2] * 2), safa.warp(pair[1], flow[:, 2:4] * 2))),
                        "step1.selector.mix.conv"),
    "beta left out": ("safa", lambda p: p.lastconv[1].beta.data.fill_(1.0), "decoder.body.0.act2"),
    "eps of batch norm": ("fastdvdnet", lambda p: setattr(p.temp1.downc1.convblock[1], "eps", 1e-3),
                          "temp1.downc1.stride.norm"),
    "noise map forgotten": ("fastdvdnet", lambda p: p.temp2.inc.convblock[0].weight.data[:, 3].zero_(),
                            "temp2.inc.each.conv"),
    "stride at the wrong pixel": ("remonet", lambda p: after(p.unetblock.encoder1[0].conv2.convblock[0],
                                  lambda y: torch.roll(y, 1, 3)) and None, "unet.down1.skip.spatial"),
    "bias left out": ("duf", lambda p: p.conv3d_r1.bias.data.zero_(), "residual1"),
    "frames reversed": ("duf", lambda p: p.dense_block1.dense_blocks[0].__setitem__(5, Reversed(
        p.dense_block1.dense_blocks[0][5])), "blocks.0.conv_b"),
}


class Reversed(nn.Module):
    """A convolution over time the wrong way round."""

    def __init__(self, inner):
        super().__init__()
        self.weight, self.bias, self.padding = inner.weight, inner.bias, inner.padding

    def forward(self, x):
        return nn.functional.conv3d(x, self.weight.flip(2), self.bias, padding=self.padding)


def port(name, path, plant=None):
    """Dump a port of a network, with a mistake or without; returns the subject."""
    torch.set_num_threads(1)
    given = subject(name)
    peer = torch_peers.from_refvr(given.net)
    planted = plant(peer) if plant else None
    if isinstance(planted, tuple) and not isinstance(planted[0], torch.Tensor):
        with put(*planted):
            dump(peer, arguments(given), path)
    else:
        dump(peer, arguments(given), path)
    return given

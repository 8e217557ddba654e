"""EDVR in PyTorch, with BasicSR's names; see refvr/networks/edvr.py."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu, max_pool2d, pixel_shuffle

from refvr.pipeline.edvr import centred_windows
from refvr.pipeline.pad import crop, pad_to_multiple
from torch_peers.clips import AsOurs, Clip, array
from torch_peers.sampling import DeformConv


def conv(c_in: int, c_out: int, k: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, k, stride, k // 2)


def act(x: Tensor) -> Tensor:
    return leaky_relu(x, 0.1)


def up2(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class ResidualBlock(nn.Module):
    """x + conv2(relu(conv1(x)))."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(c, c), conv(c, c)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(self.conv1(x).relu_())


def blocks(c: int, number: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(c) for _ in range(number)))


class Predeblur(nn.Module):
    """Sharpens single frames."""

    def __init__(self, c: int, hr_in: bool) -> None:
        super().__init__()
        self.conv_first, self.hr_in = conv(3, c), hr_in
        if hr_in:
            self.stride_conv_hr1, self.stride_conv_hr2 = conv(c, c, stride=2), conv(c, c, stride=2)
        self.stride_conv_l2, self.stride_conv_l3 = conv(c, c, stride=2), conv(c, c, stride=2)
        self.resblock_l3, self.resblock_l2_1, self.resblock_l2_2 = (ResidualBlock(c) for _ in range(3))
        self.resblock_l1 = nn.ModuleList(ResidualBlock(c) for _ in range(5))

    def forward(self, x: Tensor) -> Tensor:
        f1 = first_features(self, x)
        f2 = act(self.stride_conv_l2(f1))
        u3 = up2(self.resblock_l3(act(self.stride_conv_l3(f2))))
        u2 = up2(self.resblock_l2_2(self.resblock_l2_1(f2) + u3))
        f1 = self.resblock_l1[1](self.resblock_l1[0](f1)) + u2
        for block in self.resblock_l1[2:]:
            f1 = block(f1)
        return f1


def first_features(module: Any, x: Tensor) -> Tensor:
    x = act(module.conv_first(x))
    return act(module.stride_conv_hr2(act(module.stride_conv_hr1(x)))) if module.hr_in else x


class PCD(nn.Module):
    """Alignment of one frame to the reference, coarse to fine."""

    def __init__(self, c: int, offset_groups: int) -> None:
        super().__init__()
        levels = ("l3", "l2", "l1")
        self.offset_conv1 = nn.ModuleDict({level: conv(2 * c, c) for level in levels})
        self.offset_conv2 = nn.ModuleDict({level: conv(c if level == "l3" else 2 * c, c) for level in levels})
        self.offset_conv3 = nn.ModuleDict({level: conv(c, c) for level in levels[1:]})
        self.dcn_pack = nn.ModuleDict({level: DeformConv(c, offset_groups) for level in levels})
        self.feat_conv = nn.ModuleDict({level: conv(2 * c, c) for level in levels[1:]})
        self.cas_offset_conv1, self.cas_offset_conv2 = conv(2 * c, c), conv(c, c)
        self.cas_dcnpack = DeformConv(c, offset_groups)

    def forward(self, neighbour: list[Tensor], reference: list[Tensor]) -> Tensor:
        found = below = None
        for k, level in ((2, "l3"), (1, "l2"), (0, "l1")):
            guide = act(self.offset_conv1[level](torch.cat((neighbour[k], reference[k]), 1)))
            if found is None:
                guide = act(self.offset_conv2[level](guide))
                found = self.dcn_pack[level](neighbour[k], guide)
            else:
                guide = act(self.offset_conv2[level](torch.cat((guide, 2 * up2(below)), 1)))
                guide = act(self.offset_conv3[level](guide))
                sampled = self.dcn_pack[level](neighbour[k], guide)
                found = self.feat_conv[level](torch.cat((sampled, up2(act(found))), 1))
            below = guide
        guide = act(self.cas_offset_conv2(act(self.cas_offset_conv1(torch.cat((found, reference[0]), 1)))))
        return act(self.cas_dcnpack(found, guide))


class TSA(nn.Module):
    """Temporal and spatial attention."""

    def __init__(self, c: int, frames: int, reference: int) -> None:
        super().__init__()
        self.reference = reference
        self.temporal_attn1, self.temporal_attn2 = conv(c, c), conv(c, c)
        self.feat_fusion = conv(frames * c, c, 1)
        self.spatial_attn1, self.spatial_attn2 = conv(frames * c, c, 1), conv(2 * c, c, 1)
        self.spatial_attn3, self.spatial_attn4, self.spatial_attn5 = conv(c, c), conv(c, c, 1), conv(c, c)
        self.spatial_attn_l1, self.spatial_attn_l2, self.spatial_attn_l3 = conv(c, c, 1), conv(2 * c, c), conv(c, c)
        self.spatial_attn_add1, self.spatial_attn_add2 = conv(c, c, 1), conv(c, c, 1)

    def forward(self, aligned: Tensor) -> Tensor:
        n, t, c, h, w = aligned.shape
        wanted = self.temporal_attn1(aligned[:, self.reference])
        each = self.temporal_attn2(aligned.flatten(0, 1)).reshape(n, t, c, h, w)
        alike = (each * wanted[:, None]).sum(2, keepdim=True).sigmoid()             # (n, t, 1, h, w)
        weighted = (aligned * alike).reshape(n, t * c, h, w)
        fused = act(self.feat_fusion(weighted))
        a = act(self.spatial_attn2(max_and_mean(act(self.spatial_attn1(weighted)))))
        low = act(self.spatial_attn_l2(max_and_mean(act(self.spatial_attn_l1(a)))))
        a = act(self.spatial_attn3(a)) + up2(act(self.spatial_attn_l3(low)))
        a = self.spatial_attn5(up2(act(self.spatial_attn4(a))))
        return fused * a.sigmoid() * 2 + self.spatial_attn_add2(act(self.spatial_attn_add1(a)))


def max_and_mean(x: Tensor) -> Tensor:
    return torch.cat((max_pool2d(x, 3, 2, 1), avg_pool2d(x, 3, 2, 1)), 1)


class EDVR(nn.Module):
    """(n, t, 3, h, w) -> (n, 3, 4h, 4w), or (n, 3, h, w) with hr_in."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config, c, self.hr_in = config, config.features, config.hr_in
        if config.base != "bilinear":
            raise NotImplementedError(f"EDVR in PyTorch with base {config.base!r}; build ours with base='bilinear'")
        if config.predeblur:
            self.predeblur, self.conv_1x1 = Predeblur(c, config.hr_in), conv(c, c, 1)
        else:
            self.conv_first = conv(3, c)
            if config.hr_in:
                self.stride_conv_hr1, self.stride_conv_hr2 = conv(c, c, stride=2), conv(c, c, stride=2)
        self.feature_extraction = blocks(c, config.extract_blocks)
        self.conv_l2_1, self.conv_l2_2 = conv(c, c, stride=2), conv(c, c)
        self.conv_l3_1, self.conv_l3_2 = conv(c, c, stride=2), conv(c, c)
        self.pcd_align = PCD(c, config.offset_groups)
        self.fusion = TSA(c, config.frames, config.reference) if config.tsa else conv(config.frames * c, c, 1)
        self.reconstruction = blocks(c, config.reconstruct_blocks)
        self.upconv1, self.upconv2 = conv(c, 4 * c), conv(c, 4 * config.tail)
        self.conv_hr, self.conv_last = conv(config.tail, config.tail), conv(config.tail, 3)

    def forward(self, x: Tensor) -> Tensor:
        n, t, _, _, _ = x.shape
        levels = [level.unflatten(0, (n, t)) for level in self.extract(self._as_weights(x.flatten(0, 1)))]
        return self.from_features([[level[:, k] for level in levels] for k in range(t)], x[:, self.config.reference])

    def from_features(self, pyramids: list[Any], centre: Tensor) -> Tensor:
        """What `extract` gives for each frame of a window, and the middle frame."""
        reference = self.config.reference
        aligned = torch.stack([self.pcd_align(pyramid, pyramids[reference]) for pyramid in pyramids], 1)
        y = self.reconstruction(self.fusion(aligned if self.config.tsa else aligned.flatten(1, 2)))
        y = act(pixel_shuffle(self.upconv1(y), 2))
        y = act(pixel_shuffle(self.upconv2(y), 2))
        y = self.conv_last(act(self.conv_hr(y)))
        return y + (centre if self.hr_in else
                    interpolate(centre, scale_factor=4, mode="bilinear", align_corners=False))

    def _as_weights(self, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=getattr(self, "layout", torch.contiguous_format))

    def extract(self, frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        l1 = self.conv_1x1(self.predeblur(frames)) if self.config.predeblur else first_features(self, frames)
        l1 = self.feature_extraction(l1)
        l2 = act(self.conv_l2_2(act(self.conv_l2_1(l1))))
        return l1, l2, act(self.conv_l3_2(act(self.conv_l3_1(l2))))


def restore(net: AsOurs, frames: Clip) -> Iterator[np.ndarray]:
    """A window around every frame, computed anew."""
    config = net.config
    for window, held in centred_windows(frames, config.frames, config.border):
        h, w, _ = held[window[0]].shape
        x = np.stack([pad_to_multiple(held[j], config.multiple) for j in window])[None]
        yield crop(np.clip(net(x)[0], 0, 1), config.scale * h, config.scale * w)


def keeping_features(peer: nn.Module, frames: Clip) -> Iterator[np.ndarray]:
    """EDVR with the features of a frame computed once and kept for the windows that see it, as our driver does it."""
    net, config, kept = AsOurs(peer), peer.config, {}
    for window, held in centred_windows(frames, config.frames, config.border):
        h, w, _ = held[window[0]].shape
        with torch.inference_mode():
            given = {j: net.given(pad_to_multiple(held[j], config.multiple)[None]) for j in set(window)}
            kept = {j: kept[j] if j in kept else peer.extract(peer._as_weights(x)) for j, x in given.items()}
            y = peer.from_features([kept[j] for j in window], given[window[config.reference]])
        yield crop(np.clip(array(y)[0], 0, 1), config.scale * h, config.scale * w)

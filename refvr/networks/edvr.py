"""EDVR: video restoration with deformable alignment and attention (Wang et al., CVPR Workshops 2019).

A window of T frames goes in, its centre frame comes out, four times as large (super-resolution) or of the same size
(deblurring, `hr_in`). Three steps: features of every frame on three scales; alignment of each frame to the centre,
coarse to fine, by deformable convolutions (PCD); fusion weighted by how alike the aligned features are (TSA).

    pyramid_i = extract(frame i)                     depends on frame i alone: drivers keep it between windows
    aligned_i = pcd(pyramid_i, pyramid_centre)       the centre too is aligned to itself
    y         = base + upsample(reconstruct(tsa(aligned_0 .. aligned_T-1)))

No state, no normalisation, no difference between training and use. Sides must be multiples of 4, or 16 with `hr_in`;
pipeline/edvr.py takes care of that. Sources: XPixelGroup/BasicSR, basicsr/archs/edvr_arch.py (names); the
2019 release, branch old_version of xinntao/EDVR, has one network more: hr_in without predeblur, the second stage of
the super-resolution track.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from refvr import ops, types
from refvr.nn.layers import Conv2d, ZeroConv
from refvr.nn.module import Module
from refvr.nn.start import he_start
from refvr.nn.trace import note, scope
from refvr.shapes import check
from refvr.types import Array

Pyramid = tuple[Array, Array, Array]  # features (n, h, w, c), (n, h/2, w/2, c), (n, h/4, w/4, c)


@dataclass(frozen=True)
class Config(types.Config):
    """Numbers that make an EDVR. Defaults: the published EDVR-M for super-resolution of REDS."""

    frames: int = 5  # T, odd; 7 for Vimeo90K
    features: int = 64  # c; 128 in EDVR-L
    offset_groups: int = 8  # runs of channels that share the offsets of a deformable convolution
    extract_blocks: int = 5
    reconstruct_blocks: int = 10  # 40 in EDVR-L, 20 in second stages
    centre: int | None = None  # frame that is restored; None: the middle
    hr_in: bool = False  # frames come in full resolution, features have a quarter of it
    predeblur: bool = False
    tsa: bool = True  # False: one 1x1 convolution fuses the aligned features
    border: str = "reflection_circle"  # rule for windows at the ends of a clip: pipeline/windows.py
    tail: int = 64  # channels in full resolution, at the end
    base: str = "bilinear"  # what the result is added to; ours: "bicubic", from which training then starts

    @property
    def multiple(self) -> int:
        """Height and width must be multiples of this."""
        return 16 if self.hr_in else 4

    @property
    def scale(self) -> int:
        """Size of the output over that of the input."""
        return 1 if self.hr_in else 4

    @property
    def reference(self) -> int:
        """The frame that is restored."""
        return self.frames // 2 if self.centre is None else self.centre


def conv(c_in: int, c_out: int, k: int = 3, stride: int = 1) -> Conv2d:
    """A convolution followed by the leaky relu, slope 0.1, that EDVR has nearly everywhere."""
    return Conv2d(c_in, c_out, k, stride=stride, activation="leaky_relu", slope=0.1)


def up2(x: Array) -> Array:
    """(n, h, w, c) -> (n, 2h, 2w, c), bilinear."""
    return ops.resize_bilinear(x, scale=2)


class SmallConv(Conv2d):
    """A 3x3 convolution of a residual block: starts from a tenth of He's values."""

    def init_own(self, rng: np.random.Generator) -> None:
        """Normal with deviation 0.1 sqrt(2 / fan_in); bias 0."""
        deviation = 0.1 * np.sqrt(2 / np.prod(self.weight.shape[:3]))
        self.weight = (deviation * rng.standard_normal(self.weight.shape)).astype(np.float32)
        self.bias = np.zeros_like(self.bias)


class ResidualBlock(Module):
    """x + conv2(relu(conv1(x)))."""

    def __init__(self, c: int) -> None:
        self.conv1 = SmallConv(c, c, 3, activation="relu")
        self.conv2 = SmallConv(c, c, 3)

    def forward(self, x: Array) -> Array:
        """(n, h, w, c) -> (n, h, w, c)."""
        return self.conv2(self.conv1(x), residual=x)


class DeformConv(Module):
    """Samples `x` where `guide` says: conv_offset makes K = 9 offsets, first 0, and masks, first 1/2, per group."""

    def __init__(self, c: int, offset_groups: int) -> None:
        self.weight = np.zeros((3, 3, c, c), np.float32)
        self.bias = np.zeros(c, np.float32)
        self.conv_offset = ZeroConv(c, 27 * offset_groups, 3)
        self._offsets = 18 * offset_groups

    def forward(self, x: Array, guide: Array) -> Array:
        """(n, h, w, c), (n, h, w, c) -> (n, h, w, c)."""
        both = self.conv_offset(guide)                                             # (n, h, w, 27g)
        offset_px = note(f"{self._path}.offset_px", both[..., :self._offsets])     # (n, h, w, g*9*2)
        mask = note(f"{self._path}.mask", ops.sigmoid(both[..., self._offsets:]))  # (n, h, w, g*9)
        return ops.deform_conv2d(x, offset_px, mask, self.weight, self.bias)

    def init_own(self, rng: np.random.Generator) -> None:
        """Uniform in +-1/sqrt(fan_in); bias 0."""
        bound = 1 / np.sqrt(np.prod(self.weight.shape[:3]))
        self.weight = rng.uniform(-bound, bound, self.weight.shape).astype(np.float32)


class Predeblur(Module):
    """Sharpens single frames before their features are taken: a small U-Net of residual blocks."""

    def __init__(self, c: int, hr_in: bool) -> None:
        self.conv_first = conv(3, c)
        self.stride_conv_hr1 = conv(c, c, stride=2) if hr_in else None
        self.stride_conv_hr2 = conv(c, c, stride=2) if hr_in else None
        self.stride_conv_l2, self.stride_conv_l3 = conv(c, c, stride=2), conv(c, c, stride=2)
        self.resblock_l3, self.resblock_l2_1, self.resblock_l2_2 = (ResidualBlock(c) for _ in range(3))
        self.resblock_l1 = [ResidualBlock(c) for _ in range(5)]

    def forward(self, x: Array) -> Array:
        """(n, h, w, 3) -> (n, h, w, c); h/4, w/4 with hr_in."""
        f1 = first_features(self, x)                               # (n, h,   w,   c)
        f2 = self.stride_conv_l2(f1)                               # (n, h/2, w/2, c)
        u3 = up2(self.resblock_l3(self.stride_conv_l3(f2)))        # (n, h/2, w/2, c)
        u2 = up2(self.resblock_l2_2(self.resblock_l2_1(f2) + u3))  # (n, h,   w,   c)
        f1 = self.resblock_l1[1](self.resblock_l1[0](f1)) + u2
        for block in self.resblock_l1[2:]:
            f1 = block(f1)
        return f1


def first_features(module: Any, x: Array) -> Array:
    """conv_first, and in full resolution two convolutions of stride 2: (n, h, w, 3) -> (n, h, w, c) or a quarter."""
    x = module.conv_first(x)
    return module.stride_conv_hr2(module.stride_conv_hr1(x)) if module.stride_conv_hr1 else x


class Level(Module):
    """One scale of the alignment. `guide` is a feature map from which offsets are made, not offsets."""

    def __init__(self, c: int, offset_groups: int, coarsest: bool) -> None:
        self.offset_conv1 = conv(2 * c, c)
        self.offset_conv2 = conv(c if coarsest else 2 * c, c)
        self.offset_conv3 = None if coarsest else conv(c, c)
        self.dcn = DeformConv(c, offset_groups)
        self.feat_conv = None if coarsest else Conv2d(2 * c, c, 3)

    def forward(self, neighbour: Array, reference: Array,
                coarser: tuple[Array, Array] | None = None) -> tuple[Array, Array]:
        """Features (n, h, w, c) of both frames, (aligned, guide) of the scale below -> (aligned, guide)."""
        guide = self.offset_conv1(ops.concat(neighbour, reference))                # 2c -> c
        if coarser is None or self.offset_conv3 is None or self.feat_conv is None:   # the coarsest
            guide = self.offset_conv2(guide)
            return self.dcn(neighbour, guide), guide
        aligned, below = coarser                                                   # (n, h/2, w/2, c)
        guide = self.offset_conv3(self.offset_conv2(ops.concat(guide, 2 * up2(below))))   # a shift here is two pixels
        return self.feat_conv(ops.concat(self.dcn(neighbour, guide), up2(aligned))), guide


class PCD(Module):
    """Pyramid, cascading and deformable alignment of one frame to the reference frame."""

    def __init__(self, c: int, offset_groups: int) -> None:
        self.l3 = Level(c, offset_groups, coarsest=True)
        self.l2 = Level(c, offset_groups, coarsest=False)
        self.l1 = Level(c, offset_groups, coarsest=False)
        self.cas_offset_conv1, self.cas_offset_conv2 = conv(2 * c, c), conv(c, c)
        self.cas_dcnpack = DeformConv(c, offset_groups)

    def forward(self, neighbour: Pyramid, reference: Pyramid) -> Array:
        """Two pyramids -> (n, h, w, c)."""
        found, guide = self.l3(neighbour[2], reference[2])                         # (n, h/4, w/4, c)
        found, guide = self.l2(neighbour[1], reference[1], (ops.leaky_relu(found), guide))   # (n, h/2, w/2, c)
        found, _ = self.l1(neighbour[0], reference[0], (ops.leaky_relu(found), guide))       # (n, h, w, c)
        guide = self.cas_offset_conv2(self.cas_offset_conv1(ops.concat(found, reference[0])))
        return ops.leaky_relu(self.cas_dcnpack(found, guide))


class TSA(Module):
    """Temporal and spatial attention: T aligned features become one."""

    def __init__(self, c: int, frames: int, reference: int) -> None:
        self.temporal_attn1, self.temporal_attn2 = Conv2d(c, c, 3), Conv2d(c, c, 3)   # of the reference, of each frame
        self.feat_fusion = conv(frames * c, c, 1)
        self.spatial_attn1, self.spatial_attn2 = conv(frames * c, c, 1), conv(2 * c, c, 1)
        self.spatial_attn3, self.spatial_attn4, self.spatial_attn5 = conv(c, c), conv(c, c, 1), Conv2d(c, c, 3)
        self.spatial_attn_l1, self.spatial_attn_l2, self.spatial_attn_l3 = conv(c, c, 1), conv(2 * c, c), conv(c, c)
        self.spatial_attn_add1, self.spatial_attn_add2 = conv(c, c, 1), Conv2d(c, c, 1)
        self._reference = reference

    def forward(self, aligned: list[Array]) -> Array:
        """T x (n, h, w, c) -> (n, h, w, c). The spatial attention starts from the weighted frames, not their fusion."""
        wanted = self.temporal_attn1(aligned[self._reference])                     # (n, h, w, c)
        likeness = [ops.sigmoid(ops.channel_dot(self.temporal_attn2(frame), wanted)) for frame in aligned]
        alike = note(f"{self._path}.alike", ops.concat(*likeness))                 # (n, h, w, T): not a softmax
        weighted = ops.concat(*[frame * alike[..., k:k + 1] for k, frame in enumerate(aligned)])    # (n, h, w, T*c)
        attention, added = self._attention(self.spatial_attn1(weighted))
        return self.feat_fusion(weighted) * ops.sigmoid(attention) * 2 + added

    def _attention(self, a: Array) -> tuple[Array, Array]:
        """Factor (before its sigmoid) and summand for every pixel and channel: two (n, h, w, c)."""
        a = self.spatial_attn2(note(f"{self._path}.pooled", _max_and_mean(a)))     # (n, h/2, w/2, c)
        low = self.spatial_attn_l2(_max_and_mean(self.spatial_attn_l1(a)))         # (n, h/4, w/4, c)
        a = self.spatial_attn3(a) + up2(self.spatial_attn_l3(low))                 # (n, h/2, w/2, c)
        a = note(f"{self._path}.up", up2(self.spatial_attn4(a)))                   # (n, h,   w,   c)
        a = self.spatial_attn5(a)
        return a, self.spatial_attn_add2(self.spatial_attn_add1(a))


def _max_and_mean(x: Array) -> Array:
    """(n, h, w, c) -> (n, h/2, w/2, 2c): both pools, 3x3 with stride 2; means count the border's zeros."""
    return ops.concat(ops.max_pool(x), ops.avg_pool(x, count="all"))


class EDVR(Module):
    """(n, t, h, w, 3) -> (n, 4h, 4w, 3), or (n, h, w, 3) with hr_in; RGB, not clamped."""

    def __init__(self, config: Config = Config()) -> None:
        self.config, c = config, config.features
        self.predeblur = Predeblur(c, config.hr_in) if config.predeblur else None
        self.conv_1x1 = Conv2d(c, c, 1) if config.predeblur else None
        self.conv_first = None if config.predeblur else conv(3, c)
        hr_alone = config.hr_in and not config.predeblur
        self.stride_conv_hr1, self.stride_conv_hr2 = (conv(c, c, stride=2) if hr_alone else None for _ in range(2))
        self.feature_extraction = [ResidualBlock(c) for _ in range(config.extract_blocks)]
        self.conv_l2_1, self.conv_l2_2 = conv(c, c, stride=2), conv(c, c)
        self.conv_l3_1, self.conv_l3_2 = conv(c, c, stride=2), conv(c, c)
        self.pcd_align = PCD(c, config.offset_groups)
        self.fusion = TSA(c, config.frames, config.reference) if config.tsa else Conv2d(config.frames * c, c, 1)
        self.reconstruction = [ResidualBlock(c) for _ in range(config.reconstruct_blocks)]
        self.upconv1, self.upconv2 = conv(c, 4 * c), conv(c, 4 * config.tail)
        self.conv_hr = conv(config.tail, config.tail)
        self.conv_last = (Conv2d if config.base == "bilinear" else ZeroConv)(config.tail, 3, 3)
        self.name_parts()

    def init(self, rng: np.random.Generator) -> EDVR:
        """Every part for itself. Above our base from He's size: smaller, nothing is left at a narrow network's end."""
        super().init(rng)
        return he_start(self) if self.config.base == "bicubic" else self

    def forward(self, x: Array) -> Array:
        """A window (n, t, h, w, 3) -> its frame `config.reference`, (n, 4 h, 4 w, 3), or (n, h, w, 3) with `hr_in`."""
        n, t, h, w, _ = check(x, "n t h w 3", who="EDVR", t=self.config.frames)
        multiple = self.config.multiple
        check(x, f"n t {h + -h % multiple} {w + -w % multiple} 3", who=f"EDVR (sides: multiples of {multiple})")
        levels = [ops.reshape(f, (n, t, *f.shape[1:])) for f in self.extract(ops.reshape(x, (n * t, h, w, 3)))]
        pyramids = [tuple(level[:, k] for level in levels) for k in range(t)]
        return self.reconstruct(self.fuse(pyramids), x[:, self.config.reference])

    def extract(self, frames: Array) -> Pyramid:
        """Features of frames (n, h, w, 3), each by itself."""
        l1 = self.conv_1x1(self.predeblur(frames)) if self.predeblur and self.conv_1x1 else first_features(self, frames)
        l1 = note("features_in", l1)                                               # (n, h, w, c)
        for block in self.feature_extraction:
            l1 = block(l1)
        l2 = self.conv_l2_2(self.conv_l2_1(note("features", l1)))                  # (n, h/2, w/2, c)
        return l1, l2, self.conv_l3_2(self.conv_l3_1(l2))                          # (n, h/4, w/4, c)

    def fuse(self, pyramids: list[Pyramid]) -> Array:
        """Features of the T frames of a window -> those of its centre frame (n, h, w, c)."""
        aligned = []
        for k, pyramid in enumerate(pyramids):
            with scope(f"frame{k}"):
                aligned.append(self.pcd_align(pyramid, pyramids[self.config.reference]))
        return self.fusion(aligned) if self.config.tsa else self.fusion(ops.concat(*aligned))

    def reconstruct(self, x: Array, frame: Array) -> Array:
        """Fused features and the centre frame (n, h, w, 3) -> the restored frame."""
        for block in self.reconstruction:
            x = block(x)
        y = self.enlarge(note("reconstructed", x))                                 # (n, 4h, 4w, 3)
        large = ops.imresize if self.config.base == "bicubic" else ops.resize_bilinear
        return y + (frame if self.config.hr_in else large(frame, scale=4))

    def enlarge(self, x: Array) -> Array:
        """(n, h, w, c) -> (n, 4h, 4w, 3)."""
        x = ops.pixel_shuffle(self.upconv1(x), 2)                                  # (n, 2h, 2w, c)
        x = note("up", ops.pixel_shuffle(self.upconv2(x), 2))                      # (n, 4h, 4w, tail)
        return self.conv_last(self.conv_hr(x))                                     # (n, 4h, 4w, 3)

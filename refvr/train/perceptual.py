"""Perceptual loss: how far two images are apart in the features of VGG19, up to conv3_3.

    percept = sum_k weight_k mean((feature_k(y) - feature_k(target))^2)       weights 1, 0.2, 0.04
    feature_0, 1, 2 = relu1_2, relu2_2, conv3_3       of (x - 0.5) / 0.5

STFAN's code speaks of conv1_2, conv2_2 and conv3_3 before their relus. But torchvision's relus work in place, so that
of the features it keeps the first two are rectified before they are compared: `before_relu=False` is what its numbers
mean, True what its comment says. No ImageNet mean; the authors feed BGR.

The weights are torchvision's, trained on ImageNet, and not ours to give: `vgg19(state)` takes those that you have.
Sources: Simonyan and Zisserman, ICLR 2015; Johnson et al., ECCV 2016; sczhou/STFAN, losses/multiscaleloss.py.
"""
from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from refvr import ops
from refvr.checkpoints import names_vgg
from refvr.nn.layers import Conv2d
from refvr.nn.module import Module
from refvr.types import Array

WEIGHTS = (1.0, 0.2, 0.04)


class VGG19(Module):
    """The first seven convolutions of VGG19."""

    def __init__(self) -> None:
        self.conv1_1, self.conv1_2 = Conv2d(3, 64, 3, activation="relu"), Conv2d(64, 64, 3)
        self.conv2_1, self.conv2_2 = Conv2d(64, 128, 3, activation="relu"), Conv2d(128, 128, 3)
        self.conv3_1, self.conv3_2 = (Conv2d(c, 256, 3, activation="relu") for c in (128, 256))
        self.conv3_3 = Conv2d(256, 256, 3)

    def forward(self, x: Array, before_relu: bool = False) -> tuple[Array, Array, Array]:
        """(n, h, w, 3), sides at least 4 -> (n, h, w, 64), (n, h/2, w/2, 128), (n, h/4, w/4, 256), sizes cut off."""
        f0 = self.conv1_2(self.conv1_1(x))
        r0 = ops.relu(f0)
        f1 = self.conv2_2(self.conv2_1(_halved(r0)))
        r1 = ops.relu(f1)
        f2 = self.conv3_3(self.conv3_2(self.conv3_1(_halved(r1))))
        return (f0, f1, f2) if before_relu else (r0, r1, f2)


def _halved(x: Array) -> Array:
    return ops.max_pool(x, k=2, stride=2, padding=0)


def vgg19(state: Mapping[str, np.ndarray]) -> VGG19:
    """From torchvision's state dict, whole or cut: names "features.0.weight" ..., in PyTorch's layout."""
    net = VGG19()
    ours = {name.removeprefix("vgg19."): array for name, array in state.items()}
    known = {names_vgg.VGG19.official_name(name) for name in net.state()}
    return net.load(names_vgg.VGG19.forth({name: array for name, array in ours.items() if name in known}))


def percept(y: Array, target: np.ndarray, vgg: VGG19, *, before_relu: bool = False) -> tuple[Array, list[Array]]:
    """(loss, [mean squared difference of each feature]) of images (n, h, w, 3) in [0, 1]."""
    theirs = vgg(2 * (target - target.dtype.type(0.5)), before_relu)
    parts = [ops.mse_loss(a, b) for a, b in zip(vgg(2 * (y - 0.5), before_relu), theirs)]
    weighted = [part * weight for part, weight in zip(parts, WEIGHTS)]
    return weighted[0] + weighted[1] + weighted[2], parts

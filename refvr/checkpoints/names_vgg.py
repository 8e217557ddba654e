"""VGG19 of torchvision, as far as the perceptual loss looks: its tensor names -> ours."""
from __future__ import annotations

from refvr.checkpoints.names import Release

VGG19 = Release("vgg19", [(f".features.{k}.", f".{ours}.") for k, ours in (
    (0, "conv1_1"), (2, "conv1_2"), (5, "conv2_1"), (7, "conv2_2"), (10, "conv3_1"), (12, "conv3_2"), (14, "conv3_3"))])

"""DUF in PyTorch, with the names of BasicSR's conversion; see refvr/networks/duf.py.

Batch norm in training is PyTorch's (momentum 0.001), not TensorFlow's with its start value taken out again.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad, pixel_shuffle

from refvr.pipeline.duf import window_frames
from torch_peers.clips import AsOurs, Clip


def norm(c: int) -> nn.BatchNorm3d:
    return nn.BatchNorm3d(c, eps=1e-3, momentum=1e-3)


def grow(c: int, growth: int, keeps_time: bool) -> nn.Sequential:
    return nn.Sequential(norm(c), nn.ReLU(inplace=True), nn.Conv3d(c, c, 1), norm(c), nn.ReLU(inplace=True),
                         nn.Conv3d(c, growth, 3, padding=(int(keeps_time), 1, 1)))


class Dense(nn.Module):
    """Blocks that keep all frames."""

    def __init__(self, c: int, growth: int, blocks: int) -> None:
        super().__init__()
        self.dense_blocks = nn.ModuleList(grow(c + k * growth, growth, True) for k in range(blocks))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.dense_blocks:
            x = torch.cat((x, block(x)), 1)
        return x


class Reduce(nn.Module):
    """Three blocks that drop the first and the last frame each."""

    def __init__(self, c: int, growth: int) -> None:
        super().__init__()
        self.temporal_reduce1 = grow(c, growth, False)
        self.temporal_reduce2 = grow(c + growth, growth, False)
        self.temporal_reduce3 = grow(c + 2 * growth, growth, False)

    def forward(self, x: Tensor) -> Tensor:
        for block in (self.temporal_reduce1, self.temporal_reduce2, self.temporal_reduce3):
            x = torch.cat((x[:, :, 1:-1], block(x)), 1)
        return x


class DUF(nn.Module):
    """(n, 7, 3, h, w) -> (n, 3, s h, s w)."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.scale, n, g, cells = config.scale, config.blocks, config.growth, config.scale ** 2
        c, head, filters = config.width, config.head, config.filter_head
        self.conv3d1 = nn.Conv3d(3, c, (1, 3, 3), padding=(0, 1, 1))
        self.dense_block1, self.dense_block2 = Dense(c, g, n), Reduce(c + n * g, g)
        self.bn3d2 = norm(c + (n + 3) * g)
        self.conv3d2 = nn.Conv3d(c + (n + 3) * g, head, (1, 3, 3), padding=(0, 1, 1))
        self.conv3d_r1, self.conv3d_r2 = nn.Conv3d(head, head, 1), nn.Conv3d(head, 3 * cells, 1)
        self.conv3d_f1, self.conv3d_f2 = nn.Conv3d(head, filters, 1), nn.Conv3d(filters, 25 * cells, 1)

    def forward(self, x: Tensor) -> Tensor:
        centre = x[:, 3]                                                        # (n, 3, h, w)
        x = self.dense_block2(self.dense_block1(self.conv3d1(x.transpose(1, 2))))
        x = self.conv3d2(self.bn3d2(x).relu_()).relu_()                         # (n, head, 1, h, w)
        residual = self.conv3d_r2(self.conv3d_r1(x).relu_())[:, :, 0]           # (n, 3 s s, h, w)
        logits = self.conv3d_f2(self.conv3d_f1(x).relu_())[:, :, 0]             # (n, 25 s s, h, w)
        return pixel_shuffle(filtered(centre, logits) + residual, self.scale)


def filtered(centre: Tensor, logits: Tensor) -> Tensor:
    """The softmax over the taps, then sums over shifted copies of the frame: (n, 3 s s, h, w)."""
    n, _, h, w = centre.shape
    filters = logits.reshape(n, 25, -1, h, w).softmax(1)                        # (n, 25, s s, h, w)
    bordered, y = pad(centre, (2, 2, 2, 2)), 0
    for t in range(25):
        i, j = divmod(t, 5)
        y = y + bordered[:, :, None, i:i + h, j:j + w] * filters[:, t, None]    # (n, 3, s s, h, w)
    return y.flatten(1, 2)


def restore(net: AsOurs, frames: Clip, official: bool = True) -> Iterator[np.ndarray]:
    """A window around every frame."""
    if not official:
        raise ValueError("the peer leaves DUF's frames where the authors have them; compare with official=True")
    for window, pictures in window_frames(frames, net.config.frames, net.config.border):
        yield np.clip(net(np.stack([pictures[j] for j in window])[None])[0], 0, 1)

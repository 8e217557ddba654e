"""FastDVDnet in PyTorch; see refvr/networks/fastdvdnet.py."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from refvr.pipeline.pad import crop, pad_to_multiple
from refvr.pipeline.windows import reflect_whole, windows
from torch_peers.clips import AsOurs, Clip


def conv_norm(c: int, o: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(c, o, 3, stride, 1, groups=groups, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True)]


class Part(nn.Module):
    """Layers one after the other, under the name `convblock`."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.convblock = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.convblock(x)


def pair(c: int) -> Part:
    return Part(*conv_norm(c, c), *conv_norm(c, c))


def up(c: int, o: int) -> Part:
    return Part(pair(c), nn.Conv2d(c, 4 * o, 3, padding=1, bias=False), nn.PixelShuffle(2))


class Block(nn.Module):
    """Three frames (n, 3, h, w) and the noise map (n, 1, h, w) -> the middle one."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        w1, w2, w3 = config.widths
        self.inc = Part(*conv_norm(12, 3 * config.inter, groups=3), *conv_norm(3 * config.inter, w1))
        self.downc0 = Part(*conv_norm(w1, w2, 2), pair(w2))
        self.downc1 = Part(*conv_norm(w2, w3, 2), pair(w3))
        self.upc2, self.upc1 = up(w3, w2), up(w2, w1)
        self.outc = Part(*conv_norm(w1, w1), nn.Conv2d(w1, 3, 3, padding=1, bias=False))

    def forward(self, a: Tensor, b: Tensor, c: Tensor, noise_map: Tensor) -> Tensor:
        x0 = self.inc(torch.cat((a, noise_map, b, noise_map, c, noise_map), 1))
        x1 = self.downc0(x0)
        u2 = self.upc2(self.downc1(x1))
        u1 = self.upc1(x1 + u2)
        return b - self.outc(x0 + u1)


class FastDVDnet(nn.Module):
    """(n, 5, 3, h, w), (n, 1, h, w) -> (n, 3, h, w)."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.temp1, self.temp2 = Block(config), Block(config)

    def forward(self, x: Tensor, noise_map: Tensor) -> Tensor:
        f = x.unbind(1)
        return self.temp2(*(self.temp1(*f[k:k + 3], noise_map) for k in range(3)), noise_map)


def restore(net: AsOurs, frames: Clip, sigma: float) -> Iterator[np.ndarray]:
    """A window around every frame."""
    for window, _ in windows(frames, size=5, lead=2, rule=reflect_whole):
        x = pad_to_multiple(np.stack(window), 4)[None]
        y = net(x, np.full((1, *x.shape[2:4], 1), sigma / 255, x.dtype))[0]
        yield crop(np.clip(y, 0, 1), *window[0].shape[:2])

"""ReMoNet in PyTorch; see refvr/networks/remonet.py. Official names; options that its authors lack have our names."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from refvr.pipeline.pad import crop, pad_to_multiple
from refvr.pipeline.windows import reflect_half, windows
from torch_peers.clips import AsOurs, Clip


class SepConv(nn.Module):
    """k x k within min(c_in, c_out) groups, then 1x1."""

    def __init__(self, c_in: int, c_out: int, k: int, stride: int = 1) -> None:
        super().__init__()
        self.convblock = nn.Sequential(
            nn.Conv2d(c_in, c_out, k, stride, k // 2, groups=min(c_in, c_out), bias=False),
            nn.Conv2d(c_out, c_out, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return self.convblock(x)


class Down(nn.Module):
    """Half the size: a 5x5 path through o/4 channels plus a 3x3 path."""

    def __init__(self, c: int, o: int) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(SepConv(c, o // 4, 5, 2), nn.ReLU(inplace=True), SepConv(o // 4, o, 5))
        self.conv2 = SepConv(c, o, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv1(x) + self.conv2(x)


def plain_conv(c_in: int, c_out: int, k: int) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, k, padding=k // 2)


class Block(nn.Module):
    """x + second(relu(first(x))): Encode, and Decode."""

    def __init__(self, c: int, inner: int, k: int, conv: Callable[[int, int, int], nn.Module] = SepConv) -> None:
        super().__init__()
        self.convblock = nn.Sequential(conv(c, inner, k), nn.ReLU(inplace=True), conv(inner, c, k))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.convblock(x)


class PlainBlock(nn.Module):
    """The same with our names, where the official network has another shape."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x).relu_())


class Up(nn.Module):
    """Twice the size."""

    def __init__(self, c: int, o: int) -> None:
        super().__init__()
        self.match = None if c == 4 * o else nn.Conv2d(c, 4 * o, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return pixel_shuffle(self.match(x) if self.match else x, 2)


class UNet(nn.Module):
    """Two levels down, two up."""

    def __init__(self, c_in: int, c_out: int, widths: tuple[int, int, int], plain: bool) -> None:
        super().__init__()
        w1, w2, w3 = widths
        self.in_layer = nn.Conv2d(c_in, w1, 3, padding=1)
        if plain:
            self.down1, self.enc1 = nn.Conv2d(w1, w2, 3, 2, 1), PlainBlock(w2)
            self.down2, self.enc2 = nn.Conv2d(w2, w3, 3, 2, 1), PlainBlock(w3)
        else:
            self.encoder1 = nn.Sequential(Down(w1, w2), Block(w2, w2 // 4, 5))
            self.encoder2 = nn.Sequential(Down(w2, w3), Block(w3, w3 // 4, 5))
        conv = plain_conv if plain else SepConv
        self.decoder3, self.decoder4 = nn.Sequential(Block(w3, w3, 3, conv)), nn.Sequential(Block(w2, w2, 3, conv))
        self.up2, self.up1 = Up(w3, w2), Up(w2, w1)
        self.out_layer = nn.Conv2d(w1, c_out, 3, padding=1, bias=plain)
        self.plain, self.skip = plain, c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        x1 = self.in_layer(x)
        x2 = self.enc1(self.down1(x1)) if self.plain else self.encoder1(x1)
        x3 = self.enc2(self.down2(x2)) if self.plain else self.encoder2(x2)
        u = self.up2(self.decoder3(x3)) + x2
        v = self.up1(self.decoder4(u)) + x1
        y = self.out_layer(v)
        return y + x if self.skip else y


class ReMoNet(nn.Module):
    """(n, t, 3, h, w) -> (n, t, 3, h, w)."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        colours, w1 = 3 * config.fold ** 2, config.widths[0]
        self.conv1 = nn.Conv2d(6 * colours + config.state, w1, 3, padding=1)
        self.unetblock = UNet(w1, w1, config.widths, config.plain)
        self.conv_out = nn.Conv2d(w1, 3 * colours + config.state, 3, padding=1)
        self.blend = nn.Conv2d(3 * colours, 3 * colours, 3, padding=1) if config.blend else None
        self.conv_fusion = UNet(3 * colours * config.frames, colours * config.frames,
                                config.fusion_widths or config.widths, config.plain)

    def forward(self, x: Tensor) -> Tensor:
        fold = self.config.fold
        frames = [pixel_unshuffle(frame, fold) if fold > 1 else frame for frame in x.unbind(1)]
        (n, c, h, w), last = frames[0].shape, len(frames) - 1
        z, state, guesses = x.new_zeros(n, 3 * c, h, w), x.new_zeros(n, self.config.state, h, w), []
        for t, frame in enumerate(frames):
            window = torch.cat((frames[max(t - 1, 0)], frame, frames[min(t + 1, last)]), 1)
            b = self.conv_out(self.unetblock(self.conv1(torch.cat((window, z, state), 1)).relu_()))
            z = b[:, :3 * c] + (self.blend(window) if self.blend else window)
            state = b[:, 3 * c:].relu()
            guesses.append(z)
        outputs = self.conv_fusion(torch.cat(guesses, 1)).split(c, 1)
        if self.config.residual:
            outputs = [y + z[:, c:2 * c] for y, z in zip(outputs, guesses)]
        return torch.stack([pixel_shuffle(y, fold) if fold > 1 else y for y in outputs], 1)


def restore(net: AsOurs, frames: Clip) -> Iterator[np.ndarray]:
    """Windows one after the other."""
    size = net.config.frames
    for window, count in windows(frames, size=size, step=size, rule=reflect_half):
        x = pad_to_multiple(np.stack(window), net.config.multiple)[None]
        yield from crop(np.clip(net(x)[0], 0, 1), *window[0].shape[:2])[:count]

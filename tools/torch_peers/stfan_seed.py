"""The re-implementation of STFAN in PyTorch, with its names; see refvr/networks/stfan_seed.py."""
from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from torch_peers.sampling import fac
from torch_peers.stfan import restore

__all__ = ["STFANSeed", "restore"]


def conv(c_in: int, c_out: int, k: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(c_in, c_out, k, stride, k // 2)


def up(c_in: int, c_out: int, k: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(c_in, c_out, k, 2, 1, output_padding=4 - k)


class Residual(nn.Module):
    """x + conv2(leaky_relu(conv1(x)))."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(c, c), conv(c, c)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(nn.functional.leaky_relu_(self.conv1(x), 0.1)) + x


def encoder(c_in: int, widths: tuple[int, int, int]) -> nn.Sequential:
    w1, w2, w3 = widths
    return nn.Sequential(conv(c_in, w1), Residual(w1), Residual(w1), conv(w1, w2, stride=2), Residual(w2), Residual(w2),
                         conv(w2, w3, stride=2), Residual(w3), Residual(w3))


class Features(nn.Module):
    """Of the frame."""

    def __init__(self, widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.net = encoder(3, widths)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Filters(nn.Module):
    """What makes both sets of filters."""

    def __init__(self, widths: tuple[int, int, int], k: int) -> None:
        super().__init__()
        c, filters = widths[2], k * k * widths[2]
        self.ext = encoder(9, widths)
        self.align = nn.Sequential(conv(c, c), Residual(c), Residual(c), conv(c, filters, 1))
        self.deblur1, self.conv22 = conv(filters, c, 1), conv(2 * c, c)
        self.deblur2 = nn.Sequential(conv(2 * c, c), Residual(c), Residual(c), conv(c, filters, 1))


class Reconstruction(nn.Module):
    """From a quarter of the size to the image."""

    def __init__(self, widths: tuple[int, int, int]) -> None:
        super().__init__()
        w1, w2, w3 = widths
        self.up1, self.res2, self.res3 = up(2 * w3, w2, 4), Residual(w2), Residual(w2)
        self.up4, self.res5, self.res6 = up(w2, w1, 3), Residual(w1), Residual(w1)
        self.conv7 = conv(w1, 3)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


class STFANSeed(nn.Module):
    """Three images (n, 3, h, w) and a state (n, c, h/4, w/4) -> the restored frame and the next state."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.k = config.k
        self.feat, self.stfan = Features(config.widths), Filters(config.widths, config.k)
        self.fusion = conv(2 * config.widths[2], config.widths[2])
        self.recon = Reconstruction(config.widths)

    def forward(self, frame: Tensor, previous: Tensor, restored: Tensor, state: Tensor | None = None
                ) -> tuple[Tensor, Tensor]:
        e = self.feat(frame)
        k = self.stfan.ext(torch.cat((restored, previous, frame), 1))
        align = self.stfan.align(k)
        deblur = self.stfan.deblur2(torch.cat((k, self.stfan.deblur1(align)), 1))
        aligned = fac(torch.zeros_like(e) if state is None else state, align, self.k, "constant")
        joined = torch.cat((aligned, fac(e, deblur, self.k, "constant")), 1)
        return self.recon(joined) + frame, self.fusion(joined)

"""STFAN in PyTorch, with the names of its release; see refvr/networks/stfan.py."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from refvr.pipeline.pad import crop
from refvr.pipeline.stfan import pad_to_4
from torch_peers.clips import AsOurs, Clip
from torch_peers.sampling import fac


def act() -> nn.LeakyReLU:
    return nn.LeakyReLU(0.1, inplace=True)


def conv(c_in: int, c_out: int, k: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(c_in, c_out, k, stride, k // 2), act())


def up(c_in: int, c_out: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(c_in, c_out, 4, 2, 1), act())


class Residual(nn.Module):
    """x + second(leaky_relu(first(x)))."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(c, c, 3, padding=1), act(), nn.Conv2d(c, c, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        return self.stem(x) + x


class STFAN(nn.Module):
    """Three images (n, 3, h, w) and a state -> the restored frame, not clamped, and the next state."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        if config.skips or config.identity_init:
            raise NotImplementedError("STFAN in PyTorch has neither skips nor identity_init; build ours without them")
        self.k, widths = config.k, config.widths
        w1, w2, w3 = widths
        for name, c_in in (("kconv", 9), ("conv", 3)):
            for scale, (c, o) in enumerate(zip((c_in, w1, w2), widths), 1):
                setattr(self, f"{name}{scale}_1", conv(c, o, stride=1 if scale == 1 else 2))
                setattr(self, f"{name}{scale}_2", Residual(o))
                setattr(self, f"{name}{scale}_3", Residual(o))
        filters = config.k ** 2 * w3
        self.fac_warp = nn.Sequential(conv(w3, w3), Residual(w3), Residual(w3), conv(w3, filters, 1))
        self.kconv4 = conv(filters, w3, 1)
        self.fac_deblur = nn.Sequential(conv(2 * w3, w3), Residual(w3), Residual(w3), conv(w3, filters, 1))
        self.fea = conv(2 * w3, w3)
        self.upconv2_u, self.upconv2_1, self.upconv2_2 = up(2 * w3, w2), Residual(w2), Residual(w2)
        self.upconv1_u, self.upconv1_1, self.upconv1_2 = up(w2, w1), Residual(w1), Residual(w1)
        self.img_prd = conv(w1, 3)

    def forward(self, frame: Tensor, previous: Tensor, restored: Tensor, state: Tensor | None = None
                ) -> tuple[Tensor, Tensor]:
        k = self._encoded("kconv", torch.cat((frame, previous, restored), 1))          # (n, c, h/4, w/4)
        e = self._encoded("conv", frame)
        align = self.fac_warp(k)                                                      # (n, 25 c, h/4, w/4)
        carried = self.fea(torch.cat((e, e), 1) if state is None else state)
        deblur = self.fac_deblur(torch.cat((k, self.kconv4(align)), 1))
        aligned, sharp = fac(carried, align, self.k, "replicate"), fac(e, deblur, self.k, "replicate")
        state = torch.cat((sharp, aligned), 1)                                        # (n, 2c, h/4, w/4)
        y = self.upconv2_1(self.upconv2_2(self.upconv2_u(state)))                     # 2 comes before 1
        y = self.upconv1_1(self.upconv1_2(self.upconv1_u(y)))
        return self.img_prd(y) + frame, state

    def _encoded(self, name: str, x: Tensor) -> Tensor:
        for layer in (f"{name}{scale}_{k}" for scale in (1, 2, 3) for k in (1, 2, 3)):
            x = getattr(self, layer)(x)
        return x


def restore(net: AsOurs, frames: Clip) -> Iterator[np.ndarray]:
    """Frame after frame."""
    previous = restored = state = None
    for frame in frames:
        x = pad_to_4(frame)[None]
        previous, restored = (x, x) if previous is None else (previous, restored)
        y, state = net(x, previous, restored, state)
        previous, restored = x, np.clip(y, 0, 1)
        yield crop(restored[0], *frame.shape[:2])

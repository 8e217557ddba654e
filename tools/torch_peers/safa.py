"""SAFA in PyTorch, with the names of its release, blue first; see refvr/networks/safa.py."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from refvr.pipeline.pad import crop, pad_to_multiple
from torch_peers.clips import AsOurs, Clip, array, tensor
from torch_peers.sampling import warp

FIXED = {"full": (1, 1), "half": (0, 1), "quarter": (0, 0)}


def conv_act(c_in: int, c_out: int, k: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(c_in, c_out, k, stride, k // 2), nn.PReLU(c_out))


def resized(x: Tensor, scale: float) -> Tensor:
    return interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False, recompute_scale_factor=False)


class Residual(nn.Module):
    """prelu(x + beta * conv(x))."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(c, c, 3, padding=1), nn.PReLU(c), nn.Conv2d(c, c, 3, padding=1))
        self.beta = nn.Parameter(torch.zeros(1, c, 1, 1))
        self.prelu = nn.PReLU(c)

    def forward(self, x: Tensor) -> Tensor:
        return self.prelu(torch.addcmul(x, self.conv(x), self.beta))


class Basic(nn.Module):
    """ResNet's basic block."""

    def __init__(self, c: int, o: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, padding=1, bias=False), nn.BatchNorm2d(o)
        self.downsample = nn.Sequential(nn.Conv2d(c, o, 1, stride, bias=False), nn.BatchNorm2d(o)) \
            if stride > 1 or c != o else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu_()))
        return (y + (self.downsample(x) if self.downsample else x)).relu_()


class Head(nn.Module):
    """One frame to features of half its size."""

    def __init__(self, c: int, o: int) -> None:
        super().__init__()
        self.cnn0 = nn.Sequential(nn.Conv2d(3, o, 7, 2, 3, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))
        self.cnn1 = nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.Sequential(Basic(o, o), Basic(o, o)))
        self.cnn2 = nn.Sequential(nn.Sequential(Basic(o, 2 * o, 2), Basic(2 * o, 2 * o)))
        self.out0, self.out1, self.out2 = nn.Conv2d(o, c, 1), nn.Conv2d(o, c, 1), nn.Conv2d(2 * o, c, 1)
        self.normalize = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        f0 = self.cnn0(self.normalize(x))
        f1 = self.cnn1(f0)
        return self.out0(f0) + resized(self.out1(f1), 2) + resized(self.out2(self.cnn2(f1)), 4)


class Refinement(nn.Module):
    """The convolutions of one step, at the scale that `decision` (s0, s1) of each sample picks."""

    def __init__(self, c_in: int, c: int, depth: int) -> None:
        super().__init__()
        self.conv_stem = conv_act(c_in, c)
        self.conv_backbone = nn.Sequential(*(Residual(c) for _ in range(depth)))

    def forward(self, x: Tensor, decisions: Tensor) -> Tensor:
        return torch.cat([self._at(one[None], 0.25 if not s1 else 1 if s0 else 0.5)
                          for one, (s0, s1) in zip(x, decisions.tolist())])

    def _at(self, x: Tensor, scale: float) -> Tensor:
        y = self.conv_backbone(self.conv_stem(x if scale == 1 else resized(x, scale)))
        return y if scale == 1 else resized(y, 1 / scale)


class Flow(nn.Module):
    """Everything but the decoder."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        c = config.channels
        self.convimg, self.shuffle = Head(c, config.head), conv_act(2 * c, c)
        self.convblock = nn.ModuleList(Refinement(3 * c + 7, c, config.depth) for _ in range(config.blocks))
        self.convflow = nn.Sequential(nn.Conv2d(c, 24, 3, padding=1), nn.PixelShuffle(2))
        self.getscale = nn.Sequential(conv_act(3 * c + 7, c, 1), conv_act(c, c, 1, 2), nn.AdaptiveAvgPool2d(1),
                                      nn.Flatten(), nn.Linear(c, 2), nn.Sigmoid())


class SAFA(nn.Module):
    """Two images (n, 3, h, w) and times (n, t) -> frames (n, t, 3, h, w), probabilities and decisions (t, b, n, 2)."""

    keeps_statistics = True   # those of its batch norms, in training too

    def __init__(self, config: Any) -> None:
        super().__init__()
        c = config.channels
        self.block = Flow(config)
        self.lastconv = nn.Sequential(
            conv_act(2 * c + 1, c, stride=2), *(Residual(c) for _ in range(config.decoder_blocks)),
            conv_act(c, 2 * c), nn.PixelShuffle(2), nn.Conv2d(c // 2, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, image0: Tensor, image1: Tensor, times: Tensor, routing: Any = "threshold"
                ) -> tuple[Tensor, Tensor, Tensor]:
        """routing: "threshold", "full", "half", "quarter", or decisions (t, blocks, n, 2)."""
        heads = self.block.convimg(image0), self.block.convimg(image1)
        feature = self.block.shuffle(torch.cat(heads, 1))
        answers = [self._at((image0, image1), heads, feature, t, routing if isinstance(routing, str) else routing[k])
                   for k, t in enumerate(times.T)]
        frames, p, s = zip(*answers)
        return torch.stack(frames, 1), torch.stack(p), torch.stack(s)

    def _at(self, images: tuple[Tensor, Tensor], heads: tuple[Tensor, Tensor], feature: Tensor, t: Tensor,
            routing: Any) -> tuple[Tensor, Tensor, Tensor]:
        n, _, h, w = images[0].shape
        t = t.to(feature.dtype)[:, None, None, None].expand(n, 1, h // 2, w // 2)
        flow, probabilities, decisions = images[0].new_zeros(n, 6, h, w), [], []
        for k, block in enumerate(self.block.convblock):
            small = resized(flow, 0.5)
            x = torch.cat((feature, small, *fetched(heads, small * 0.5), t), 1)
            p = self.block.getscale(x)
            if not isinstance(routing, str):
                s = torch.as_tensor(routing[k])
            elif routing == "threshold":
                s = p.detach() >= 0.5
            else:
                s = torch.tensor(FIXED[routing]).expand(n, 2)
            probabilities.append(p)
            decisions.append(s.to(torch.uint8))
            feature = block(x, s)
            flow = flow + self.block.convflow(feature)
        m, base = flow[:, 4:5].sigmoid(), fetched(images, flow)
        residual = self.lastconv(torch.cat((t, *fetched(heads, resized(flow, 0.5) * 0.5)), 1))
        frame = (m * base[0] + (1 - m) * base[1] + residual).clamp(0, 1)
        return frame, torch.stack(probabilities), torch.stack(decisions)


def fetched(pair: tuple[Tensor, Tensor], flow: Tensor) -> tuple[Tensor, Tensor]:
    return warp(pair[0], flow[:, 0:2]), warp(pair[1], flow[:, 2:4])


def restore(net: AsOurs, frames: Clip, rate: int = 1, routing: Any = "threshold") -> Iterator[np.ndarray]:
    """As pipeline/safa.py: `rate` frames for each pair, and the last one."""
    before = pair = None
    for frame in frames:
        now = _enlarged(frame)
        if before is not None:
            pair = before, now
            yield from _between(net, pair, [k / rate for k in range(rate)], routing, frame.shape)
        before = now
    if before is not None:
        yield from _between(net, *((pair, [1.0]) if pair else ((before, before), [0.0])), routing, frame.shape)


def _between(net: AsOurs, pair: tuple[np.ndarray, np.ndarray], times: list[float], routing: Any, shape: Any
             ) -> Iterator[np.ndarray]:
    for y in net(*pair, times, routing=routing).frames[0]:
        yield crop(y, 4 * shape[0], 4 * shape[1])


def _enlarged(frame: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        large = interpolate(tensor(frame[None]), scale_factor=4, mode="bicubic", align_corners=False)
    return pad_to_multiple(array(large)[0], 32)[None]

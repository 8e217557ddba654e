"""FastDVDnet: video denoiser without flow (Tassano et al., CVPR 2020, arXiv 1907.01361; code m-tassano/fastdvdnet).

Five noisy frames f_0 .. f_4 and a map of the noise's standard deviation give the denoised middle frame, in two stages
of the same kind of block. Consecutive windows share two of the three results of stage 1.

    a_k = temp1(f_k, f_{k+1}, f_{k+2}, map)     k = 0, 1, 2
    y   = temp2(a_0, a_1, a_2, map)

Sides must be multiples of 4. All convolutions 3x3, no bias; batch norm and ReLU after all but the last of each part.
"""
from __future__ import annotations

from dataclasses import dataclass

from refvr import ops, types
from refvr.nn.layers import Conv2d, ConvNorm
from refvr.nn.module import Module
from refvr.nn.trace import note, scope
from refvr.shapes import check
from refvr.types import Array


@dataclass(frozen=True)
class Config(types.Config):
    """Numbers that make a FastDVDnet. Defaults: the official ones."""

    widths: tuple[int, int, int] = (32, 64, 128)  # channels at full, half, quarter resolution
    inter: int = 30  # channels per input frame in the first layer

    frames = 5
    multiple = 4


class Input(Module):
    """Three frames, each with its noise map -> (n, h, w, w1): each alone, then together."""

    def __init__(self, w1: int, inter: int) -> None:
        self.each = ConvNorm(3 * 4, 3 * inter, groups=3)
        self.merge = ConvNorm(3 * inter, w1)

    def forward(self, x: Array) -> Array:
        """(n, h, w, 12) -> (n, h, w, w1)."""
        return self.merge(self.each(x))      # 12 -> 3 * inter -> w1


class Pair(Module):
    """Two convolutions, (n, h, w, c) -> (n, h, w, c)."""

    def __init__(self, c: int) -> None:
        self.first, self.second = ConvNorm(c, c), ConvNorm(c, c)

    def forward(self, x: Array) -> Array:
        """(n, h, w, c) -> (n, h, w, c)."""
        return self.second(self.first(x))


class Down(Module):
    """(n, h, w, c) -> (n, h/2, w/2, o)."""

    def __init__(self, c: int, o: int) -> None:
        self.stride, self.pair = ConvNorm(c, o, stride=2), Pair(o)

    def forward(self, x: Array) -> Array:
        """Halve, then refine."""
        return self.pair(self.stride(x))     # (n, h/2, w/2, o)


class Up(Module):
    """(n, h, w, c) -> (n, 2h, 2w, o)."""

    def __init__(self, c: int, o: int) -> None:
        self.pair, self.expand = Pair(c), Conv2d(c, 4 * o, 3, bias=False)

    def forward(self, x: Array) -> Array:
        """Refine, then double."""
        return ops.pixel_shuffle(self.expand(self.pair(x)), 2)   # (n, h, w, 4o) -> (n, 2h, 2w, o)


class Output(Module):
    """(n, h, w, c) -> (n, h, w, 3)."""

    def __init__(self, c: int) -> None:
        self.first, self.last = ConvNorm(c, c), Conv2d(c, 3, 3, bias=False)

    def forward(self, x: Array) -> Array:
        """The noise (n, h, w, 3) of features (n, h, w, c)."""
        return self.last(self.first(x))      # (n, h, w, 3)


class Block(Module):
    """Three frames and the noise map -> the middle one denoised, all (n, h, w, 3); map (n, h, w, 1)."""

    def __init__(self, config: Config) -> None:
        w1, w2, w3 = config.widths
        self.inc = Input(w1, config.inter)
        self.downc0, self.downc1 = Down(w1, w2), Down(w2, w3)
        self.upc2, self.upc1 = Up(w3, w2), Up(w2, w1)
        self.outc = Output(w1)

    def forward(self, a: Array, b: Array, c: Array, noise_map: Array) -> Array:
        """b minus the noise that the U-Net sees in it."""
        x0 = self.inc(ops.concat(a, noise_map, b, noise_map, c, noise_map))   # (n, h, w, 12) -> (n, h, w, w1)
        x1 = self.downc0(x0)                                                  # (n, h/2, w/2, w2)
        x1 = x1 + self.upc2(self.downc1(x1))                                  # (n, h/4, w/4, w3) -> (n, h/2, w/2, w2)
        return b - self.outc(x0 + self.upc1(x1))                              # (n, h, w, w1) -> (n, h, w, 3)


class FastDVDnet(Module):
    """Window (n, 5, h, w, 3) and noise map (n, h, w, 1) -> the middle frame (n, h, w, 3), RGB, not clamped."""

    def __init__(self, config: Config = Config()) -> None:
        self.config = config
        self.temp1 = Block(config)
        self.temp2 = Block(config)
        self.name_parts()

    def forward(self, x: Array, noise_map: Array) -> Array:
        """A window (n, 5, h, w, 3) and the deviation of its noise (n, h, w, 1) -> its middle frame (n, h, w, 3)."""
        n, _, h, w, _ = check(x, "n 5 h w 3", who="FastDVDnet")
        check(noise_map, "n h w 1", who="FastDVDnet noise map", n=n, h=h, w=w)
        if h % 4 or w % 4:
            check(x, f"n 5 {h + -h % 4} {w + -w % 4} 3", who="FastDVDnet (sides: multiples of 4)")
        first = [self.stage1(x[:, k], x[:, k + 1], x[:, k + 2], noise_map, k) for k in range(3)]   # 3 x (n, h, w, 3)
        return self.temp2(*first, noise_map)                                                       # (n, h, w, 3)

    def stage1(self, a: Array, b: Array, c: Array, noise_map: Array, k: int = 0) -> Array:
        """Frame b denoised with its neighbours; `k` only names it in a trace."""
        with scope(f"triplet{k}"):
            return note("first", self.temp1(a, b, c, noise_map))   # (n, h, w, 3)

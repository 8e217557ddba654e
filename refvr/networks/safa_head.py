"""SAFA's view of one frame: features of half its size. Everything that two frames make together is in safa.py.

Source: megvii-research/WACV2024-SAFA, model/head.py.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from refvr import ops
from refvr.errors import ShapeError
from refvr.nn.layers import Conv2d, ConvNorm
from refvr.nn.module import Module
from refvr.shapes import check


class Basic(Module):
    """ResNet's basic block: relu(second(first(x)) + shortcut(x))."""

    def __init__(self, c: int, o: int, stride: int = 1) -> None:
        self.first = ConvNorm(c, o, stride=stride)
        self.second = ConvNorm(o, o, activation="none")
        self.shortcut = ConvNorm(c, o, 1, stride=stride, activation="none") if stride > 1 or c != o else None

    def forward(self, x: Any) -> Any:
        """(n, h, w, c) -> (n, h/stride, w/stride, o)."""
        return ops.relu(self.second(self.first(x)) + (self.shortcut(x) if self.shortcut else x))


class Head(Module):
    """One frame to features of half its size: the beginning of a ResNet-18, its three levels added up."""

    def __init__(self, c: int, o: int) -> None:
        self.normalize = Conv2d(3, 3, 1)
        self.stem = ConvNorm(3, o, 7, stride=2)
        self.layer1 = [Basic(o, o), Basic(o, o)]
        self.layer2 = [Basic(o, 2 * o, 2), Basic(2 * o, 2 * o)]
        self.out0, self.out1, self.out2 = Conv2d(o, c, 1), Conv2d(o, c, 1), Conv2d(2 * o, c, 1)

    def forward(self, image: Any) -> Any:
        """(n, h, w, 3) -> (n, h/2, w/2, c)."""
        _, h, w, _ = check(image, "n h w 3", who="SAFA image")
        if h % 8 or w % 8:
            raise ShapeError(f"SAFA: got images of {w}x{h}, expected multiples of 8", fix="pad first")
        f0 = self.stem(self.normalize(image))                                # (n, h/2, w/2, o)
        f1 = chain(self.layer1, ops.max_pool(f0, 3, stride=2, padding=1))   # (n, h/4, w/4, o)
        f2 = chain(self.layer2, f1)                                         # (n, h/8, w/8, 2o)
        return self.out0(f0) + ops.resize_bilinear(self.out1(f1), scale=2) \
            + ops.resize_bilinear(self.out2(f2), scale=4)                    # (n, h/2, w/2, c)


def chain(modules: Sequence[Module], x: Any) -> Any:
    """One after the other."""
    for module in modules:
        x = module(x)
    return x

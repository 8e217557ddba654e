"""DUF in place: the network of networks/duf.py without copies, where values between are not requested; the same bits.

What a page that reads like the paper leaves to its operations, and what that costs at 7x180x320, 16 layers: a copy of
all features for every concatenation, a pass over memory for every batch norm, 92 MB of filters. Here every block reads
the slabs of a volume and writes one of its own (ops/kernels/volume.py), a frame has slabs only of the blocks that it
takes part in, and the filters are made and used by bands of rows. A trace, a tape, float64 and precision "direct" go by
the page, and by the plan.

Windows share more than frames. What block r (0, 1, ...) of those that keep all frames gives for a frame depends on
r + 1 frames before it and after it, and on where the window ends, if it ends among them. So of seven frames, block 0
has four from the window before, block 1 two. A slab is overwritten when its frame comes near the end of the window:
nothing is kept beside the volume.

The last schedule by hand. The plan has the same blocks as one operation each, and the same bits, but no way to say two
things: that an operation reads several values where they lie (so each concatenation copies all features so far, and at
the largest one two copies are there), and that a value of one window is that of the next. In the page's order a window
takes 1.12 times the processor time and 1.24 times the memory, by bands 1.9 times and 0.55 (`python tools/measure_duf.py
duf-16-x4 320x180`, best of six, one thread). A plan may cost 3 % of time and 10 % of memory where memory is plentiful;
where it is not, DUF goes by bands.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.errors import ShapeError
from refvr.nn.layers import Conv3d
from refvr.nn.module import Module
from refvr.nn.trace import listening
from refvr.ops.dynamic_upsample import upsample_rows
from refvr.ops.kernels import volume as _volume
from refvr.ops.kernels.conv_forward import correlate
from refvr.plan.dense import affine
from refvr.plan.folding import with_norm
from refvr.types import Config, DType

_BAND = 16  # rows whose filters exist at a time: 8 MB at 320 pixels and x4


class NormLike(Protocol):
    """What is read of a batch norm of networks/duf.py; arrays (c,)."""

    weight: np.ndarray
    bias: np.ndarray
    running_mean: np.ndarray
    running_var: np.ndarray
    eps: float


class BlockLike(Protocol):
    """What is read of a dense block: norm and convolution 1x1x1, norm and convolution 3x3x3."""

    conv_a: Conv3d
    conv_b: Conv3d

    @property
    def norm_a(self) -> NormLike:
        """Before the first."""

    @property
    def norm_b(self) -> NormLike:
        """Before the second."""


class DufLike(Protocol):
    """What is read of the network of networks/duf.py, which a plan, made for any page, does not import."""

    config: Config
    conv1: Conv3d
    residual2: Conv3d
    filters2: Conv3d

    @property
    def blocks(self) -> Sequence[BlockLike]:
        """In order."""

    @property
    def norm(self) -> NormLike:
        """After them."""

    @property
    def conv2(self) -> Conv3d:
        """The head, with ReLU as the two below."""

    @property
    def residual1(self) -> Conv3d:
        """Features of the residual."""

    @property
    def filters1(self) -> Conv3d:
        """Features of the filters."""


def fits(net: DufLike, dtype: DType = np.float32) -> bool:
    """Whether frames can go this way: float32, no values requested, no tape, channels in whole vectors."""
    config = net.config
    return (isinstance(net, Module) and not net.training   # no peer in another framework
            and isinstance(net.conv1.weight, np.ndarray) and dtype == np.float32
            and ops.current_precision() == "winograd" and ops.current_backend() == "fast" and not listening()
            and not (config.width % _volume.WIDTH or config.growth % _volume.WIDTH or config.head < _volume.WIDTH))


class Kept:
    """The volume, what is in the slabs that windows may share, and folded weights. For one clip of one network."""

    def __init__(self, net: DufLike) -> None:
        self._net = net
        self.volume: _volume.Volume | None = None
        self.shared = 0  # slabs 0 .. shared - 1: conv1, and the blocks that keep all frames
        # of each frame, each such slab: the frames that it was made from
        self.seen: list[list[list[int | None] | None]] = []

    @cached_property
    def mixes(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each block, weight and bias of its 1x1 convolution with the norm after it."""
        return [with_norm(block.conv_a.weight, block.conv_a.bias, *_statistics(block.norm_b))
                for block in self._net.blocks]

    def move_on(self, net: DufLike, h: int, w: int, frames: int) -> _volume.Volume:
        """The volume for the next window: the first frame's slabs go to the last one."""
        if self.volume is None or (self.volume.h, self.volume.w) != (h, w):
            config, self.shared = net.config, len(net.blocks) - 2
            ends = range(frames - 2, 0, -2)
            self.volume = _volume.volume(h, w, [config.width] + [config.growth] * len(net.blocks),
                                         [frames] * self.shared + list(ends))
            self.seen = [[None] * self.shared for _ in range(frames)]
        else:
            shared = self.volume.at[:, :self.shared]
            shared[...] = np.roll(shared, -1, axis=0)
            self.seen = self.seen[1:] + self.seen[:1]
        return self.volume

    def missing(self, slab: int, numbers: Sequence[int]) -> list[int]:
        """The frames whose slab has to be made for the window of frames `numbers`, which is then taken as done."""
        count, found = len(numbers), []
        for k in range(count):
            around = [numbers[j] if 0 <= j < count else None for j in range(k - slab, k + slab + 1)]
            if self.seen[k][slab] != around:
                self.seen[k][slab] = around
                found.append(k)
        return found


def run(net: DufLike, window: Sequence[np.ndarray], numbers: Sequence[int] = range(7), kept: Kept | None = None
        ) -> np.ndarray:
    """One window, 7 frames (h, w, 3) -> (s h, s w, 3), of a DUF in float32.

    numbers  which frames of the clip they are: equal numbers, equal frames
    kept     what the window before has left, for the next one
    Raises ShapeError for frames of other shapes or types: the kernels below look at neither.
    """
    size = window[0].shape[:2]
    for frame in window:
        if frame.shape != (*size, 3) or frame.dtype != np.float32 or not frame.size:
            raise ShapeError(f"DUF: got a frame of shape {frame.shape}, {frame.dtype}, expected (h, w, 3), float32, of "
                             f"one size, {size}")
    kept, (h, w, _), frames = kept or Kept(net), window[0].shape, len(window)
    x = kept.move_on(net, h, w, frames)
    for k in kept.missing(0, numbers):
        correlate(window[k][None], net.conv1.weight[0], (h, w), (-1, -1), bias=net.conv1.bias, into=x.slab(k, 0))
    first = 0
    for r, block in enumerate(net.blocks):
        pad = int(r + 1 < kept.shared)
        places = kept.missing(r + 1, numbers) if pad else list(range(frames - 2 * first - 2))
        weight, bias = kept.mixes[r]
        if places:
            to = x.at[[k + first + 1 - pad for k in places], r + 1]
            norm = affine(*_statistics(block.norm_a))
            _volume.run_block(x, range(first, frames - first), r + 1, norm, (weight[0, 0, 0], bias),
                              block.conv_b.weight, block.conv_b.bias, x.data, to, places, pad=pad)
        first += 1 - pad
    y = np.empty((1, h, w, net.conv2.weight.shape[-1]), np.float32)
    norm = affine(*_statistics(net.norm))
    _volume.run_block(x, [first], len(net.blocks) + 1, norm, None, net.conv2.weight, net.conv2.bias, y.reshape(-1),
                      np.zeros(1, np.int64), [0], pad=0, slope=0.0)
    return _head(net, y, window[frames // 2])


def _statistics(norm: NormLike) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    """As plan/folding.py takes a norm."""
    return norm.weight, norm.bias, norm.running_mean, norm.running_var, norm.eps


def _head(net: DufLike, x: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Features (1, h, w, 256) and the middle frame (h, w, 3) -> (s h, s w, 3), by bands of rows."""
    _, h, w, _ = x.shape
    s = net.config.scale
    y = np.empty((s * h, s * w, 3), np.float32)
    for top in range(0, h, _BAND):
        band = x[:, top:top + _BAND]
        residual = _pointwise(net.residual2, _pointwise(net.residual1, band, "relu"))   # (1, rows, w, 3 s s)
        logits = _pointwise(net.filters2, _pointwise(net.filters1, band, "relu"))       # (1, rows, w, 25 s s)
        upsample_rows(centre, top, logits[0], residual[0], y, s=s)
    return y


def _pointwise(layer: Conv3d, x: np.ndarray, activation: str = "none") -> np.ndarray:
    return array_of(ops.conv2d(x, layer.weight[0], layer.bias, activation=activation))

"""DUF: dynamic upsampling filters (Jo et al., CVPR 2018; code yhjo09/VSR-DUF, nets.py), super-resolution x2, x3, x4.

Seven small frames go in, the middle one comes out enlarged. No motion is estimated: a dense network of 3-D convolutions
sees the window as a volume and predicts, for every pixel of the result, a filter of 5x5 taps over the middle frame,
shared by the colours, and a residual.

    x = conv1(window);   blocks 1 .. n:  x = [x, grow(x)]                    7 frames
                         3 more blocks:  x = [x without its ends, grow(x)]   7 -> 5 -> 3 -> 1 frames
    y = filters(x) over the middle frame, + residual(x)

Every block is BN, ReLU, 1x1x1, BN, ReLU, 3x3x3. Zeros at the border stand after the ReLU, in space and in time. Any
frame size will do.
"""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refvr import ops, types
from refvr.autodiff.tape import array_of
from refvr.nn.layers import Conv3d
from refvr.nn.module import Module
from refvr.nn.trace import note
from refvr.shapes import check
from refvr.types import Array

EPS, DECAY = 1e-3, 0.999  # of batch norms: inside the root, and per step of the running statistics


@dataclass(frozen=True)
class Config(types.Config):
    """Numbers that make a DUF. Defaults: the official 16 layers, x4. "L layers" = 2 n + 10 with n = `blocks`."""

    scale: int = 4
    blocks: int = 3    # that keep all frames; three more follow that drop two each
    growth: int = 32   # channels that a block adds
    border: str = "zero"  # frames beyond the ends of a clip, as pipeline/duf.py has them; officially black
    width: int = 64    # channels of conv1
    head: int = 256    # of conv2 and of the residual's hidden layer
    filter_head: int = 512  # of the filters' hidden layer
    identity_init: bool = False  # ours: training starts from linear interpolation instead of filters at random

    frames = 7
    taps = 5           # side of the filters
    multiple = 1


def linear_filters(scale: int, taps: int) -> np.ndarray:
    """(taps * taps, scale * scale): linear interpolation, where small pixel i lies on large pixel `scale` i."""
    one = np.zeros((taps, scale))
    one[taps // 2], one[taps // 2 + 1] = 1 - np.arange(scale) / scale, np.arange(scale) / scale
    return np.einsum("ia,jb->ijab", one, one).reshape(taps ** 2, scale ** 2)


class Norm(Module):
    """Batch norm over all axes but the last, with running statistics freed from their start value (TensorFlow's).

        biased = biased - (biased - batch value) (1 - DECAY)        running = biased / (1 - DECAY^steps)

    The batch variance is the biased one. `biased` and `steps` begin at 0, also after converted weights, which lack
    them: the first training step then replaces the running statistics by those of its batch, as the original does.
    """

    buffers = ("running_mean", "running_var", "biased_mean", "biased_var", "steps")
    eps = EPS

    def __init__(self, c: int) -> None:
        self.weight, self.bias = np.ones(c, np.float32), np.zeros(c, np.float32)  # gamma, beta
        self.running_mean, self.running_var = np.zeros(c, np.float32), np.ones(c, np.float32)
        self.biased_mean, self.biased_var = np.zeros(c, np.float32), np.zeros(c, np.float32)
        self.steps = np.zeros((), np.int64)

    def forward(self, x: Array) -> Array:
        """(..., c) -> (..., c)."""
        if not self.training:
            return ops.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var, eps=self.eps)
        mean, _, var = ops.batch_statistics(array_of(x))
        self.steps = np.asarray(self.steps + 1)
        self.biased_mean, self.running_mean = self._moved(self.biased_mean, mean)
        self.biased_var, self.running_var = self._moved(self.biased_var, var)
        return ops.batch_norm_train(x, self.weight, self.bias, eps=self.eps)

    def _moved(self, biased: np.ndarray, batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """In the type of the parameters throughout: in float32 the original's 1 - DECAY^1 is 1.3e-5 off, relatively."""
        real = biased.dtype.type
        biased = biased - (biased - batch) * real(1 - DECAY)
        return biased, biased / (real(1) - (real(1) - real(1 - DECAY)) ** real(self.steps))


class ConvRelu(Conv3d):
    """Convolution and ReLU, with the sum between them in the trace."""

    def forward(self, x: Array) -> Array:
        """(n, t, h, w, c_in) -> (n, z, h, w, c_out)."""
        return ops.relu(note(f"{self._path}.sum", super().forward(x)))


class Block(Module):
    """Dense block: (n, t, h, w, c) -> (n, t, h, w, c + growth), or (n, t - 2, ...) where time is not padded."""

    def __init__(self, c: int, growth: int, *, keeps_time: bool) -> None:
        self.norm_a, self.conv_a = Norm(c), Conv3d(c, c, (1, 1, 1))
        self.norm_b, self.conv_b = Norm(c), Conv3d(c, growth, (3, 3, 3), pad_time=int(keeps_time))
        self._keeps_time = keeps_time

    def forward(self, x: Array) -> Array:
        """(n, t, h, w, c) -> (n, t, h, w, c + growth), or two frames fewer where time is not padded."""
        y = self.conv_a(ops.relu(self.norm_a(x)))           # (n, t, h, w, c)
        y = self.conv_b(ops.relu(self.norm_b(y)))           # (n, t, h, w, growth), or t - 2 frames
        kept = x if self._keeps_time else x[:, 1:-1]        # as many
        return ops.concat(kept, y)                          # (n, ..., h, w, c + growth)


class DUF(Module):
    """Window (n, 7, h, w, 3) -> the middle frame enlarged, (n, s h, s w, 3), RGB, not clamped."""

    def __init__(self, config: Config = Config()) -> None:
        self.config = config
        c, n, g, cells = config.width, config.blocks, config.growth, config.scale ** 2
        head, hidden, end = config.head, config.filter_head, c + (n + 3) * g
        self.conv1 = Conv3d(3, c, (1, 3, 3))
        self.blocks = [Block(c + r * g, g, keeps_time=r < n) for r in range(n + 3)]
        self.norm = Norm(end)
        self.conv2 = ConvRelu(end, head, (1, 3, 3))
        self.residual1, self.residual2 = ConvRelu(head, head, (1, 1, 1)), Conv3d(head, 3 * cells, (1, 1, 1))
        self.filters1 = ConvRelu(head, hidden, (1, 1, 1))
        self.filters2 = Conv3d(hidden, config.taps ** 2 * cells, (1, 1, 1))
        self.name_parts()

    def init(self, rng: np.random.Generator) -> DUF:
        """Every part for itself; with `identity_init`, filters of linear interpolation and no residual."""
        super().init(rng)
        if self.config.identity_init:
            s, taps = self.config.scale, self.config.taps
            self.filters2.weight *= np.float32(0.1)
            self.filters2.bias = np.log(linear_filters(s, taps) + 1e-3).astype(np.float32).reshape(-1)
            self.residual2.weight = np.zeros_like(self.residual2.weight)
            self.residual2.bias = np.zeros_like(self.residual2.bias)
        return self

    def forward(self, x: Array) -> Array:
        """A window (n, 7, h, w, 3) -> its middle frame, enlarged: (n, s h, s w, 3)."""
        check(x, "n 7 h w 3", who="DUF")
        centre = x[:, 3]                                    # (n, h, w, 3)
        x = self.conv1(x)                                   # (n, 7, h, w, c)
        for block in self.blocks:
            x = block(x)                                    # (n, 7, h, w, c + r g), then 5, 3, 1 frames
        x = self.conv2(ops.relu(self.norm(x)))              # (n, 1, h, w, c + (n + 3) g) -> (n, 1, h, w, head)
        residual = self.residual2(self.residual1(x))        # (n, 1, h, w, 3 s s)
        logits = self.filters2(self.filters1(x))            # (n, 1, h, w, 25 s s)
        return ops.dynamic_upsample(centre, logits[:, 0], residual[:, 0], s=self.config.scale)

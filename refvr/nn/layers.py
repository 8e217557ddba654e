"""Layers: an operation with its own parameters."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.nn.module import Module
from refvr.types import Array


class Conv2d(Module):
    """Convolution, (n, h, w, c_in) -> (n, y, x, c_out), with a border of dilation * (k // 2) zeros.

    weight (k, k, c_in / groups, c_out), bias (c_out,). Bias, `residual` (added before the
    activation) and activation are part of the same operation; see ops/conv2d.py.
    """

    def __init__(self, c_in: int, c_out: int, k: int, *, stride: int = 1, dilation: int = 1, groups: int = 1,
                 bias: bool = True, activation: str = "none", slope: float = 0.1) -> None:
        self.weight: np.ndarray = np.zeros((k, k, c_in // groups, c_out), np.float32)
        self.bias: np.ndarray | None = np.zeros(c_out, np.float32) if bias else None
        self._options: dict[str, Any] = {"stride": stride, "dilation": dilation, "groups": groups,
                                         "activation": activation, "slope": slope}

    def forward(self, x: Array, residual: Array | None = None) -> Array:
        """act(conv(x) + bias + residual)."""
        return ops.conv2d(x, self.weight, self.bias, residual, **self._options)

    def init_own(self, rng: np.random.Generator) -> None:
        """PyTorch's default: uniform in +-1/sqrt(fan_in), fan_in = k * k * c_in / groups, weight and bias alike."""
        bound = 1.0 / np.sqrt(np.prod(self.weight.shape[:3]))
        self.weight = rng.uniform(-bound, bound, self.weight.shape).astype(np.float32)
        if self.bias is not None:
            self.bias = rng.uniform(-bound, bound, self.bias.shape).astype(np.float32)


class ZeroConv(Conv2d):
    """A convolution that starts at zero, so that training begins without it."""

    def init_own(self, rng: np.random.Generator) -> None:
        """Weight and bias are zero; nothing is drawn from `rng`."""
        self.weight = np.zeros_like(self.weight)
        self.bias = None if self.bias is None else np.zeros_like(self.bias)


class ConvTranspose2d(Module):
    """Transposed convolution that doubles the size, (n, h, w, c_in) -> (n, 2h, 2w, c_out), for k = 4 or 3.

    weight (k, k, c_in, c_out), bias (c_out,); k = 4 loses one pixel on each side, k = 3 gains one at the bottom and
    right besides; see ops/conv_transpose2d.py.
    """

    def __init__(self, c_in: int, c_out: int, k: int = 4, *, bias: bool = True, activation: str = "none",
                 slope: float = 0.1) -> None:
        self.weight: np.ndarray = np.zeros((k, k, c_in, c_out), np.float32)
        self.bias: np.ndarray | None = np.zeros(c_out, np.float32) if bias else None
        self._options: dict[str, Any] = {"stride": 2, "padding": 1, "output_padding": 4 - k,
                                         "activation": activation, "slope": slope}

    def forward(self, x: Array) -> Array:
        """act(the transposed convolution + bias)."""
        return ops.conv_transpose2d(x, self.weight, self.bias, **self._options)

    def init_own(self, rng: np.random.Generator) -> None:
        """PyTorch's default: uniform in +-1/sqrt(k * k * c_out), weight and bias alike."""
        k, _, _, c_out = self.weight.shape
        bound = 1.0 / (k * np.sqrt(c_out))
        self.weight = rng.uniform(-bound, bound, self.weight.shape).astype(np.float32)
        if self.bias is not None:
            self.bias = rng.uniform(-bound, bound, self.bias.shape).astype(np.float32)


class BatchNorm(Module):
    """Batch normalisation over all axes but the last; running statistics are buffers, moved in training mode.

    running = (1 - momentum) * running + momentum * batch value, with the unbiased variance (PyTorch's rule).
    """

    buffers = ("running_mean", "running_var", "num_batches_tracked")

    def __init__(self, c: int, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        self.weight = np.ones(c, np.float32)  # gamma
        self.bias = np.zeros(c, np.float32)  # beta
        self.running_mean = np.zeros(c, np.float32)
        self.running_var = np.ones(c, np.float32)
        self.num_batches_tracked = np.zeros((), np.int64)
        self._eps, self._momentum = eps, momentum

    def forward(self, x: Array) -> Array:
        """(..., c) -> (..., c)."""
        if not self.training:
            return ops.batch_norm(x, self.weight, self.bias, self.running_mean, self.running_var, eps=self._eps)
        mean, unbiased, _ = ops.batch_statistics(array_of(x))
        self.running_mean = self._moved(self.running_mean, mean)
        self.running_var = self._moved(self.running_var, unbiased)
        self.num_batches_tracked = np.asarray(self.num_batches_tracked + 1)  # without asarray a scalar, not state
        return ops.batch_norm_train(x, self.weight, self.bias, eps=self._eps)

    def _moved(self, running: np.ndarray, batch: np.ndarray) -> np.ndarray:
        return ((1 - self._momentum) * running + self._momentum * batch).astype(running.dtype)


class ConvNorm(Module):
    """Convolution without bias, batch norm, activation: conv.weight, norm.{weight, bias, running_*}."""

    def __init__(self, c_in: int, c_out: int, k: int = 3, *, stride: int = 1, groups: int = 1,
                 activation: str = "relu") -> None:
        self.conv = Conv2d(c_in, c_out, k, stride=stride, groups=groups, bias=False)
        self.norm = BatchNorm(c_out)
        self._activation = activation

    def forward(self, x: Array) -> Array:
        """(n, h, w, c_in) -> (n, y, x, c_out)."""
        y = self.norm(self.conv(x))
        return ops.relu(y) if self._activation == "relu" else y


class Basic(Module):
    """ResNet's basic block: relu(second(first(x)) + shortcut(x))."""

    def __init__(self, c: int, o: int, stride: int = 1) -> None:
        self.first = ConvNorm(c, o, stride=stride)
        self.second = ConvNorm(o, o, activation="none")
        self.shortcut = ConvNorm(c, o, 1, stride=stride, activation="none") if stride > 1 or c != o else None

    def forward(self, x: Array) -> Array:
        """(n, h, w, c) -> (n, h/stride, w/stride, o)."""
        return ops.relu(self.second(self.first(x)) + (self.shortcut(x) if self.shortcut else x))


class Conv3d(Module):
    """Convolution over time and space, (n, t, h, w, c_in) -> (n, z, h, w, c_out), with borders of k // 2 zeros.

    taps      (frames, rows, columns) of the kernel; weight (*taps, c_in, c_out), bias (c_out,)
    pad_time  frames of zeros before and after, so that z = t + 2 * pad_time - frames + 1
    """

    def __init__(self, c_in: int, c_out: int, taps: tuple[int, int, int], *, pad_time: int = 0) -> None:
        self.weight = np.zeros((*taps, c_in, c_out), np.float32)
        self.bias = np.zeros(c_out, np.float32)
        self._padding = (pad_time, taps[1] // 2, taps[2] // 2)

    def forward(self, x: Array) -> Array:
        """conv(x) + bias."""
        return ops.conv3d(x, self.weight, self.bias, padding=self._padding)

    def init_own(self, rng: np.random.Generator) -> None:
        """He's normal distribution, cut at two deviations of sqrt(1.3 * 2 / fan_in), as TensorFlow has it; bias 0."""
        z = rng.standard_normal(self.weight.shape)
        while (far := np.abs(z) > 2).any():
            z[far] = rng.standard_normal(int(far.sum()))
        self.weight = (z * np.sqrt(2.6 / np.prod(self.weight.shape[:4]))).astype(np.float32)
        self.bias = np.zeros_like(self.bias)


class PReLU(Module):
    """x where x > 0, else weight[c] * x."""

    def __init__(self, c: int) -> None:
        self.weight = np.full(c, 0.25, np.float32)

    def forward(self, x: Array) -> Array:
        """(..., c) -> (..., c)."""
        return ops.prelu(x, self.weight)


class ConvPReLU(Module):
    """Convolution with bias, then PReLU."""

    def __init__(self, c_in: int, c_out: int, k: int = 3, *, stride: int = 1) -> None:
        self.conv = Conv2d(c_in, c_out, k, stride=stride)
        self.act = PReLU(c_out)

    def forward(self, x: Array) -> Array:
        """(n, h, w, c_in) -> (n, y, x, c_out)."""
        return self.act(self.conv(x))


class Linear(Module):
    """(n, c) -> (n, o); weight (c, o), bias (o,)."""

    def __init__(self, c: int, o: int) -> None:
        self.weight = np.zeros((c, o), np.float32)
        self.bias = np.zeros(o, np.float32)

    def forward(self, x: Array) -> Array:
        """x times weight plus bias."""
        return ops.linear(x, self.weight, self.bias)

    def init_own(self, rng: np.random.Generator) -> None:
        """PyTorch's default: uniform in +-1/sqrt(c)."""
        bound = 1 / np.sqrt(len(self.weight))
        self.weight = rng.uniform(-bound, bound, self.weight.shape).astype(np.float32)
        self.bias = rng.uniform(-bound, bound, self.bias.shape).astype(np.float32)


def chain(modules: Sequence[Module], x: Array) -> Array:
    """One after the other."""
    for module in modules:
        x = module(x)
    return x

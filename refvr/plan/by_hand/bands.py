"""A chain of convolutions over an image band by band, as SAFA's schedule has it.

Each convolution keeps the few rows that its next band still needs, and the maps in between exist only as bands, which
stay in the cache and whose memory is used again and again. No row is computed twice. A band ends where a tile of
ops/kernels/winograd.py ends (every 4 rows, counted from the top of the image): tiles are the same as without bands, and
with them the bits.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from refvr import ops
from refvr.autodiff.tape import Tensor
from refvr.nn.layers import Conv2d
from refvr.nn.module import Module
from refvr.nn.trace import listening
from refvr.ops.core.arena import empty
from refvr.ops.kernels.winograd import transformed_once

TILE = 4  # rows that the Winograd algorithm computes together
Step = Callable[[np.ndarray, bool], np.ndarray]  # a band, whether it is the last -> the rows that are ready


def watched(x: object, *modules: Module) -> bool:
    """Whether somebody keeps the maps in between, a trace or a tape, or wants the definition: then no bands.

    Nor are there any of what answers like a network and is none of ours, a peer in another framework.
    """
    if not all(isinstance(module, Module) for module in modules):
        return True
    return listening() or ops.current_backend() == "plain" or isinstance(x, Tensor) or any(
        isinstance(value, Tensor) for module in modules for value in module.parameters().values())


def through_parts(parts: Iterator[np.ndarray], steps: Sequence[Step], height: int) -> np.ndarray:
    """Bands (n, rows, w, c), made one by one from the top, through all `steps` -> (n, height, y's w, y's c)."""
    y, done, band = None, 0, next(parts)
    with transformed_once():
        while band is not None:
            following = next(parts, None)
            for step in steps:
                band = step(band, following is None)
            if y is None:
                y = empty((len(band), height, *band.shape[2:]), band.dtype)
            y[:, done:done + band.shape[1]] = band
            done += band.shape[1]
            band = following
    return y


class Rows:
    """The rows of a map that somebody still needs, numbered from the top of the image, in a border of zeros."""

    def __init__(self, border: int) -> None:
        self.border, self.stop = border, 0  # rows from `stop` on have not come yet
        self._first, self._kept = -border, None

    def add(self, band: np.ndarray, last: bool) -> None:
        """(n, rows, w, c): the next rows; below the last ones comes the border."""
        border = np.zeros((len(band), self.border, *band.shape[2:]), band.dtype)
        above = border if self._kept is None else self._kept
        self._kept = ops.concat(*[above, band, border][:3 if last else 2], axis=1)
        self.stop += band.shape[1] + (self.border if last else 0)

    def since(self, row: int) -> np.ndarray:
        """(n, rows, w, c) from `row` on."""
        return self._kept[:, row - self._first:]

    def forget(self, row: int) -> None:
        """Nobody needs those above `row` any more."""
        self._kept, self._first = self.since(row).copy(), row


class Banded:
    """One convolution of stride 1 or 2 with an odd kernel, called with the bands of its input in order from the top."""

    def __init__(self, layer: Conv2d) -> None:
        self._layer = layer
        self._k, _, _, self._channels = layer.weight.shape
        self._stride = layer._options["stride"]
        self._x = Rows(self._k // 2)
        self._done = 0  # rows of output

    def __call__(self, band: np.ndarray, last: bool) -> np.ndarray:
        """(n, rows, w, c) -> the rows of output (n, whole tiles, x, o) that can be computed now, maybe none."""
        x = self._x
        x.add(band, last)
        needs = self._done * self._stride - self._k // 2
        seen = x.since(needs)
        count = max(0, (x.stop - needs - self._k) // self._stride + 1)
        count -= 0 if last else count % TILE
        self._done += count
        x.forget(self._done * self._stride - self._k // 2)
        if not count:
            return np.empty((len(seen), 0, -(-seen.shape[2] // self._stride), self._channels), seen.dtype)
        layer = self._layer
        return ops.conv2d(seen[:, :(count - 1) * self._stride + self._k], layer.weight, layer.bias, **layer._options,
                          padding=(0, self._k // 2))

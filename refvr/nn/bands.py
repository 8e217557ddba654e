"""A chain of 3x3 convolutions over an image band by band, for the ends of a network where maps are largest.

Each convolution keeps the few rows that its next band still needs, so that no row is computed twice, and the maps in
between exist only as bands, which stay in the cache and whose memory is used again and again. A band ends where a tile
of ops/_winograd.py ends (every 4 rows, counted from the top of the image): tiles are the same as without bands, and
with them the bits.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from refvr import ops
from refvr.autodiff.tape import Tensor
from refvr.nn.layers import Conv2d, ConvNorm
from refvr.nn.trace import listening
from refvr.ops._arena import empty

TILE = 4  # rows
ROWS = 32  # of a band, where the network does not say


def bands(x: np.ndarray, rows: int) -> Iterator[tuple[np.ndarray, bool]]:
    """(n, h, w, c) in bands of `rows` rows, the last one shorter, and whether a band is the last."""
    for top in range(0, x.shape[1], rows):
        yield x[:, top:top + rows], top + rows >= x.shape[1]


def in_bands(join: Callable[..., Any], xs: Sequence[Any], *layers: Conv2d | ConvNorm) -> Any:
    """layers[-1](... layers[0](join(*xs))), of which only `xs`, each (n, h, w, c), and the result exist whole.

    join    what makes one array of several and looks at each pixel alone: ops.concat, ops.add; of one, nothing
    layers  3x3, stride 1
    When somebody listens, on the tape, or where a batch norm is not folded, all is computed whole: the same bits.
    """
    convs = [layer._folded if isinstance(layer, ConvNorm) else layer for layer in layers]
    watched = any(isinstance(x, Tensor) for x in xs) or any(conv and isinstance(conv.weight, Tensor) for conv in convs)
    nothing_between = len(xs) == len(layers) == 1
    if listening() or watched or nothing_between or None in convs or ops.current_backend() == "plain":
        y = join(*xs) if len(xs) > 1 else xs[0]
        for layer in layers:
            y = layer(y)
        return y
    n, h, w, _ = xs[0].shape
    y, done = empty((n, h, w, convs[-1].weight.shape[-1]), xs[0].dtype), 0
    steps = [Banded(conv) for conv in convs]
    for top in range(0, h, ROWS):
        parts = [x[:, top:top + ROWS] for x in xs]
        band = join(*parts) if len(xs) > 1 else parts[0]
        for step in steps:
            band = step(band, top + ROWS >= h)
        y[:, done:done + band.shape[1]] = band
        done += band.shape[1]
    return y


class Banded:
    """One 3x3 convolution of stride 1, called with the bands of its input in order from the top."""

    def __init__(self, conv: Conv2d) -> None:
        self._conv = conv
        self._held: np.ndarray | None = None  # rows of input from one above the next row of output on

    def __call__(self, band: np.ndarray, last: bool) -> np.ndarray:
        """(n, rows, w, c) -> the rows of output (n, whole tiles, w, o) that can be computed now, maybe none."""
        x = self._joined(band, last)
        ready = x.shape[1] - 2
        ready -= 0 if last else ready % TILE
        self._held = x[:, ready:].copy()
        return self._convolved(x[:, :ready + 2]) if ready > 0 else self._none(x)

    def _joined(self, band: np.ndarray, last: bool) -> np.ndarray:
        """The rows held, or the border, above the band; behind the last the border."""
        n, rows, w, c = band.shape
        held = 1 if self._held is None else self._held.shape[1]
        x = empty((n, held + rows + last, w, c), band.dtype)
        x[:, :held] = 0 if self._held is None else self._held
        x[:, held:held + rows] = band
        x[:, held + rows:] = 0
        return x

    def _convolved(self, x: np.ndarray) -> np.ndarray:
        """The border's rows are in x already."""
        return ops.conv2d(x, self._conv.weight, self._conv.bias, **{**self._conv._options, "padding": (0, 1)})

    def _none(self, x: Any) -> np.ndarray:
        return np.empty((len(x), 0, x.shape[2], self._conv.weight.shape[3]), x.dtype)

"""A chain of 3x3 convolutions over an image band by band, for the end of a network where maps are largest.

Each convolution keeps the few rows that its next band still needs, so that no row is computed twice, and the maps in
between exist only as bands, which stay in the cache and whose memory is used again and again. A band ends where a tile
of ops/_winograd.py ends (every 4 rows, counted from the top of the image): tiles are the same as without bands, and
with them the bits.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from refvr import ops
from refvr.nn.layers import Conv2d

TILE = 4  # rows


def bands(x: np.ndarray, rows: int) -> Iterator[tuple[np.ndarray, bool]]:
    """(n, h, w, c) in bands of `rows` rows, the last one shorter, and whether a band is the last."""
    for top in range(0, x.shape[1], rows):
        yield x[:, top:top + rows], top + rows >= x.shape[1]


class Banded:
    """One 3x3 convolution of stride 1, called with the bands of its input in order from the top."""

    def __init__(self, conv: Conv2d) -> None:
        self._conv = conv
        self._held: np.ndarray | None = None  # rows of input from one above the next row of output on

    def __call__(self, band: np.ndarray, last: bool) -> np.ndarray:
        """(n, rows, w, c) -> the rows of output (n, whole tiles, w, o) that can be computed now, maybe none."""
        border = np.zeros((len(band), 1, *band.shape[2:]), band.dtype)
        above = border if self._held is None else self._held
        x = np.concatenate([above, band, border] if last else [above, band], axis=1)
        ready = x.shape[1] - 2
        ready -= 0 if last else ready % TILE
        self._held = x[:, ready:].copy()
        return self._convolved(x[:, :ready + 2]) if ready > 0 else self._none(x)

    def _convolved(self, x: np.ndarray) -> np.ndarray:
        """The border's rows are in x already."""
        return ops.conv2d(x, self._conv.weight, self._conv.bias, **{**self._conv._options, "padding": (0, 1)})

    def _none(self, x: Any) -> np.ndarray:
        return np.empty((len(x), 0, x.shape[2], self._conv.weight.shape[3]), x.dtype)

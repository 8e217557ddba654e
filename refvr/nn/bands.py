"""A chain of convolutions over an image band by band, for the parts of a network where maps are largest.

Each convolution keeps the few rows that its next band still needs, and the maps in between exist only as bands, which
stay in the cache and whose memory is used again and again. No row is computed twice but two of each band of a
transposed convolution. A band ends where a tile of ops/_winograd.py ends (every 4 rows, counted from the top of the
image): tiles are the same as without bands, and with them the bits.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from refvr import ops
from refvr.autodiff.tape import Tensor
from refvr.nn.layers import Conv2d, ConvNorm, ConvTranspose2d
from refvr.nn.module import Module
from refvr.nn.trace import listening
from refvr.ops._arena import empty
from refvr.ops._winograd import transformed_once

TILE = 4  # rows
ROWS = 32  # of a band, where the network does not say
Step = Callable[[np.ndarray, bool], np.ndarray]  # a band, whether it is the last -> the rows that are ready


def kept(x: object, *modules: Module) -> bool:
    """Whether somebody keeps the maps in between, a trace or a tape, or wants the definition: then no bands."""
    return listening() or ops.current_backend() == "plain" or isinstance(x, Tensor) or any(
        isinstance(value, Tensor) for module in modules for value in module.parameters().values())


def added(x: Any, y: Any) -> Any:
    """x + y, in the memory of `x`, which nobody may need any more, where nobody keeps it either."""
    return x + y if kept(x) or isinstance(y, Tensor) else np.add(x, y, out=x)


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
    with transformed_once():
        for top in range(0, h, ROWS):
            parts = [x[:, top:top + ROWS] for x in xs]
            band = join(*parts) if len(xs) > 1 else parts[0]
            for step in steps:
                band = step(band, top + ROWS >= h)
            y[:, done:done + band.shape[1]] = band
            done += band.shape[1]
    return y


def through(x: np.ndarray, rows: int, steps: Sequence[Step], height: int) -> np.ndarray:
    """Bands of `rows` rows of x (n, h, w, c) through all `steps` -> (n, height, y's w, y's c)."""
    return through_parts((band for band, _ in bands(x, rows)), steps, height)


def through_parts(parts: Iterator[np.ndarray], steps: Sequence[Step], height: int) -> np.ndarray:
    """The same for bands that are made one by one, (n, rows, w, c) each, from the top."""
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


def added_through(x: np.ndarray, rows: int, steps: Sequence[Step]) -> np.ndarray:
    """x + what `steps`, which keep the size, make of x (n, h, w, c) by bands; in the memory of x, which is changed."""
    done = 0
    with transformed_once():
        for band, last in bands(x, rows):
            for step in steps:
                band = step(band, last)
            y = x[:, done:done + band.shape[1]]  # rows that no step will see again
            np.add(band, y, out=y)
            done += band.shape[1]
    return x


def alone(look: Callable[[np.ndarray], np.ndarray]) -> Step:
    """A step whose rows see no others."""
    return lambda band, last: look(band)


class Layer(Protocol):
    """A convolution, or several as one, that can run by bands: nn/layers.py."""

    def reach(self) -> tuple[int, int, int]:
        """Rows of the kernel, which are odd, stride, channels of the result."""

    def without_border(self, x: np.ndarray, residual: np.ndarray | None = None) -> np.ndarray:
        """What it computes of rows cut out of an image, whose rows above and below came with them."""


class Banded:
    """One convolution of stride 1 or 2, called with the bands of its input in order from the top."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._held: np.ndarray | None = None  # rows of input that the next row of output sees, from the first on

    def __call__(self, band: np.ndarray, last: bool, residual: np.ndarray | None = None) -> np.ndarray:
        """(n, rows, w, c) -> the rows of output (n, whole tiles, x, o) that can be computed now, maybe none.

        residual  of the rows of output that have not been computed yet; there may be more
        """
        k, stride, channels = self._layer.reach()
        border = np.zeros((len(band), k // 2, *band.shape[2:]), band.dtype)
        above = border if self._held is None else self._held
        x = ops.concat(*[above, band, border][:3 if last else 2], axis=1)
        ready = max(0, (x.shape[1] - k) // stride + 1)
        ready -= 0 if last else ready % TILE
        self._held = x[:, ready * stride:].copy()
        if not ready:
            return np.empty((len(x), 0, -(-x.shape[2] // stride), channels), x.dtype)
        residual = None if residual is None else residual[:, :ready]
        return self._layer.without_border(x[:, :(ready - 1) * stride + k], residual)


class BandedResidual:
    """x + second(first(x)), or beside(x) + second(first(x)), called with bands of x."""

    def __init__(self, first: Layer, second: Layer, beside: Layer | None = None) -> None:
        self._first, self._second = Banded(first), Banded(second)
        self._beside = alone(lambda band: band) if beside is None else Banded(beside)
        self._held: np.ndarray | None = None  # rows of x, or beside(x), to which nothing has been added yet

    def __call__(self, band: np.ndarray, last: bool) -> np.ndarray:
        """(n, rows, w, c) -> the rows that can be computed now."""
        x = _joined(self._held, self._beside(band, last))
        y = self._second(self._first(band, last), last, x)
        self._held = x[:, y.shape[1]:].copy()
        return y


class BandedSkip:
    """x + what `steps`, which keep the size, make of x, called with bands of x."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._held: np.ndarray | None = None  # rows of x to which nothing has been added yet

    def __call__(self, band: np.ndarray, last: bool) -> np.ndarray:
        """(n, rows, w, c) -> the rows that can be computed now."""
        x = _joined(self._held, band)
        for step in self._steps:
            band = step(band, last)
        self._held = x[:, band.shape[1]:].copy()
        return np.add(band, x[:, :band.shape[1]], out=band)


def _joined(held: np.ndarray | None, band: np.ndarray) -> np.ndarray:
    """The rows of `band` behind those held, if any."""
    return band if held is None else ops.concat(held, band, axis=1)


class BandedUp:
    """A transposed convolution that doubles the size: rows 2i and 2i + 1 see rows i - 1 to i + 1 of the input."""

    def __init__(self, conv: ConvTranspose2d) -> None:
        self._conv = conv
        self._held: np.ndarray | None = None  # the row above the next one and what follows
        self._above = 0  # whether there is a row above

    def __call__(self, band: np.ndarray, last: bool) -> np.ndarray:
        """(n, rows, w, c) -> twice the rows that have a row below them, or all when last."""
        x = _joined(self._held, band)
        first, end = self._above, x.shape[1] - (0 if last else 1)
        if end <= first:
            self._held = x.copy()
            return np.empty((len(x), 0, 2 * x.shape[2], self._conv.weight.shape[3]), x.dtype)
        y = self._conv.forward(x)[:, 2 * first:2 * end]
        self._held, self._above = x[:, end - 1:].copy(), 1
        return y

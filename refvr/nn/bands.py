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

ROWS = 32  # of a band, where the network does not say
_JOINED = 1 << 21  # bytes of a band whose maps are joined, at most
Step = Callable[[np.ndarray, bool], np.ndarray]  # a band, whether it is the last -> the rows that are ready


def kept(x: object, *modules: Module) -> bool:
    """Whether somebody keeps the maps in between, a trace or a tape, or wants the definition: then no bands."""
    return listening() or ops.current_backend() == "plain" or isinstance(x, Tensor) or any(
        isinstance(value, Tensor) for module in modules for value in module.parameters().values())


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
    steps, tile = [Banded(conv) for conv in convs[1:]], convs[0].tile
    rows = min(ROWS, max(tile, _JOINED // sum(x[:, :1].nbytes for x in xs) // tile * tile))
    with transformed_once():
        for top in range(0, h, rows):
            stop = min(top + rows, h)
            band = convs[0].without_border(_seen(join, xs, top - 1, stop + 1))
            for step in steps:
                band = step(band, stop == h)
            y[:, done:done + band.shape[1]] = band
            done += band.shape[1]
    return y


def _seen(join: Callable[..., Any], xs: Sequence[np.ndarray], top: int, stop: int) -> np.ndarray:
    """Rows `top` to `stop` of join(*xs), or of the only x; zeros outside of the image."""
    parts = [x[:, max(top, 0):stop] for x in xs]
    band = join(*parts) if len(parts) > 1 else parts[0]
    border = np.zeros_like(band[:, :1])
    rows = [*[border] * (top < 0), band, *[border] * (stop > xs[0].shape[1])]
    return ops.concat(*rows, axis=1) if len(rows) > 1 else band


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
    def step(band: np.ndarray, last: bool) -> np.ndarray:
        if band.shape[1]:
            return look(band)
        return look(np.zeros((len(band), 1, *band.shape[2:]), band.dtype))[:, :0]  # of the right shape

    return step


class Layer(Protocol):
    """A convolution, or several as one, that can run by bands: nn/layers.py."""

    tile: int  # rows that have to be computed together, counted from the top of the image

    def reach(self) -> tuple[int, int, int]:
        """Rows of the kernel, which are odd, stride, channels of the result."""

    def without_border(self, x: np.ndarray, residual: np.ndarray | None = None) -> np.ndarray:
        """What it computes of rows cut out of an image, whose rows above and below came with them."""


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
    """One convolution of stride 1 or 2, called with the bands of its input in order from the top."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._k, self._stride, self._channels = layer.reach()
        self._x = Rows(self._k // 2)
        self.done = 0  # rows of output

    def __call__(self, band: np.ndarray, last: bool, residual: np.ndarray | None = None) -> np.ndarray:
        """(n, rows, w, c) -> the rows of output (n, whole tiles, x, o) that can be computed now, maybe none.

        residual  of the rows of output that have not been computed yet; there may be more
        """
        self._x.add(band, last)
        y = self.of(self._x, self.ready(self._x, last), residual)
        self._x.forget(self.needs)
        return y

    @property
    def needs(self) -> int:
        """The first row of input that the next row of output sees."""
        return self.done * self._stride - self._k // 2

    def ready(self, x: Rows, last: bool) -> int:
        """Rows of output that can be computed now from `x`, whose border is that of this kernel."""
        count = max(0, (x.stop - self.needs - self._k) // self._stride + 1)
        return count if last else count - count % self._layer.tile

    def of(self, x: Rows, count: int, residual: np.ndarray | None = None) -> np.ndarray:
        """The next `count` rows of output."""
        seen = x.since(self.needs)
        self.done += count
        if not count:
            return np.empty((len(seen), 0, -(-seen.shape[2] // self._stride), self._channels), seen.dtype)
        return self._layer.without_border(seen[:, :(count - 1) * self._stride + self._k],
                                          None if residual is None else residual[:, :count])


class BandedResidual:
    """x + second(first(x)), or beside(x) + second(first(x)), called with bands of x; copied once for all who see it.

    beside  of the stride of `first`, with no larger kernel
    """

    def __init__(self, first: Layer, second: Layer, beside: Layer | None = None) -> None:
        self._first, self._second = Banded(first), Banded(second)
        self._beside = None if beside is None else Banded(beside)
        self._x, self._between = Rows(first.reach()[0] // 2), Rows(second.reach()[0] // 2)

    def __call__(self, band: np.ndarray, last: bool) -> np.ndarray:
        """(n, rows, w, c) -> the rows that can be computed now."""
        x, between, beside, second = self._x, self._between, self._beside, self._second
        x.add(band, last)
        between.add(self._first.of(x, self._first.ready(x, last)), last)
        count = second.ready(between, last)
        y = second.of(between, count, beside.of(x, count) if beside else x.since(second.done))
        x.forget(min(self._first.needs, beside.needs if beside else second.done))
        between.forget(second.needs)
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

"""A dense block of DUF as one operation, and the head after the blocks: what a plan puts in their place (rules.py).

    x      = the middle `frames` of several values, side by side in their channels
    hidden = relu(norm(x));   where there is a mix:  hidden = relu(conv 1x1x1(hidden))
    y      = act(convolution of 3x3 pixels and one or three frames of `hidden`)

The values that x consists of are read where they lie, so that no block copies what the blocks before it have made, and
the maps of `hidden` exist for a few rows in a cache (ops/kernels/volume.py). The same bits as one operation after the
other: by direct sums they do run one after the other.
"""
from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.ops.conv2d import SLOPE_BELOW_ZERO
from refvr.ops.conv3d import band_rows as convolved_rows
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.operation import Operation
from refvr.ops.kernels import volume, winograd
from refvr.ops.kernels.winograd_lines import TILE
from refvr.plan.graph import Node

Sides = tuple[int, int, int]


class Weights(NamedTuple):
    """Of a norm, c channels; of a 1x1x1 convolution, c to m, or none; of the last convolution, m to o."""

    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    var: np.ndarray
    mixes: tuple[np.ndarray, ...]  # weight and bias
    weight: np.ndarray
    bias: np.ndarray


def weights_of(operands: Sequence[np.ndarray]) -> Weights:
    """The operands of the operation after its values; six, or eight with a mix."""
    gamma, beta, mean, var, *mixes, weight, bias = operands
    return Weights(gamma, beta, mean, var, tuple(mixes), weight, bias)


def block(*operands: np.ndarray, parts: int, frames: int, eps: float, padding: Sides, activation: str,
          slope: float) -> np.ndarray:
    """`parts` values (n, t, h, w, channels of its own), then weights -> (n, z, h, w, o)."""
    xs, w = [_middle(x, frames) for x in operands[:parts]], weights_of(operands[parts:])
    if _takes(xs, w):
        return _computed(xs, w, eps, padding[0], activation, slope, above=0, rows=xs[0].shape[2])
    hidden = _hidden(xs, w, eps)
    return array_of(ops.conv3d(hidden, w.weight, w.bias, padding=padding, activation=activation, slope=slope))


def _computed(xs: Sequence[np.ndarray], w: Weights, eps: float, pad: int, activation: str, slope: float, *, above: int,
              rows: int) -> np.ndarray:
    """By the kernel: so many rows of the result, of which the first one is row `above` of the values."""
    xs = [as_kernels_want(x) for x in xs]
    n, frames, _, columns, _ = xs[0].shape
    norm = w.mean, (w.gamma / np.sqrt(w.var.astype(np.float64) + eps)).astype(w.gamma.dtype), w.beta  # as batch_norm.py
    mix = (w.mixes[0][0, 0, 0], w.mixes[1]) if w.mixes else None
    y = empty((n, frames + 2 * pad - len(w.weight) + 1, rows, columns, w.weight.shape[-1]), np.float32)
    for k, result in enumerate(y):
        volume.run_block(volume.beside([x[k] for x in xs]), norm, mix, w.weight, w.bias, result, pad=pad,
                         slope=SLOPE_BELOW_ZERO[activation](slope), above=above)
    return y


def _middle(x: np.ndarray, frames: int) -> np.ndarray:
    """The middle `frames` of (n, t, h, w, c), a view."""
    first = (x.shape[1] - frames) // 2
    return x[:, first:first + frames]


def fits(xs: Sequence[np.ndarray | Node], w: Weights) -> bool:
    """Whether the kernel is for such values and weights: float32, channels in whole vectors."""
    sides, last = {side for mix in w.mixes for side in mix.shape[3:]}, w.weight.shape
    whole = not any(side % volume.WIDTH for side in (*sides, *(x.shape[-1] for x in xs)))
    convolved = volume.fits(last) or (last[0] == 1 and winograd.fits(last[1:], 1, 1, 1))
    return whole and len(sides) < 2 and convolved and all(x.dtype == np.float32 for x in xs)


def _takes(xs: Sequence[np.ndarray], w: Weights) -> bool:
    """Whether the kernel takes them now."""
    return ops.current_backend() == "fast" and ops.current_precision() == "winograd" and fits(xs, w)


def _hidden(xs: Sequence[np.ndarray], w: Weights, eps: float) -> np.ndarray:
    """(n, frames, h, w, m)."""
    active = ops.relu(ops.batch_norm(ops.concat(*xs), w.gamma, w.beta, w.mean, w.var, eps=eps))
    return array_of(ops.conv3d(active, *w.mixes, activation="relu") if w.mixes else active)


def shape(*operands: Shape, frames: int, padding: Sides, **options: object) -> Shape:
    """(n, z, h, w, o)."""
    n, _, h, w, _ = operands[0]
    taps, _, _, _, o = operands[-2]
    return n, frames + 2 * padding[0] - taps + 1, h, w, o


def rows(*operands: Rows, parts: int, **options: object) -> Bands:
    """One above and one below; tiles of Winograd's have 4 rows."""
    return Bands(2, (*(Reach(2, 1, 1, 1),) * parts, *(None,) * (len(operands) - parts)), TILE, band_rows)


def band_rows(band: Band, *operands: np.ndarray, parts: int, frames: int, eps: float, padding: Sides, activation: str,
              slope: float) -> np.ndarray:
    """Rows of the result: tiles begin as they do in the image."""
    xs, w = [_middle(x, frames) for x in operands[:parts]], weights_of(operands[parts:])
    if _takes(xs, w):
        return _computed(xs, w, eps, padding[0], activation, slope, above=band.start - band.tops[0],
                         rows=band.stop - band.start)
    hidden = _hidden(xs, w, eps)
    return convolved_rows(band, hidden, w.weight, w.bias, padding=padding, activation=activation, slope=slope)


dense_block = Operation("dense_block", block, shape=shape, rows=rows)


def multiply_adds(operands: Sequence[Shape], y: Shape) -> float:
    """Of the convolutions, by the definition."""
    last, mix = float(prod(y) * prod(operands[-2][:4])), operands[-4]
    if len(mix) < 5:   # no mix, but the norm's variance
        return last
    frames = min(x[1] for x in operands[:-8])   # those of the block before it
    return last + float(y[0] * frames * prod(y[2:4]) * prod(mix[3:]))

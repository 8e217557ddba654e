"""A dense block of DUF as one operation: what a plan puts in the place of six (rules.py), by the kernel of a volume.

    hidden = relu(norm(x));   hidden = relu(conv 1x1x1(hidden));   y = conv 3x3x3(hidden)

The three maps of `hidden` exist for a few rows in a cache (ops/kernels/volume.py). The same bits as one after the
other: where that kernel is not for them, in float64, by direct sums or with channels that fill no whole vector, they do
run one after the other.
"""
from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.ops.conv3d import band_rows as convolved_rows
from refvr.ops.core.bands import Band, Bands, Reach, Rows, Shape
from refvr.ops.core.operation import Operation
from refvr.ops.kernels import volume
from refvr.ops.kernels.winograd_lines import TILE

Sides = tuple[int, int, int]


def affine(gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray, eps: float
           ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, scale and shift (c,) of a norm: x -> (x - mean) scale + shift, as ops/batch_norm.py has them."""
    return mean, (gamma / np.sqrt(var.astype(np.float64) + eps)).astype(gamma.dtype), beta


def block(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray, mix: np.ndarray,
          mix_bias: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, eps: float, padding: Sides) -> np.ndarray:
    """(n, t, h, w, c) -> (n, z, h, w, o)."""
    if not _takes(x, mix, weight):
        hidden = _hidden(x, gamma, beta, mean, var, mix, mix_bias, eps)
        return array_of(ops.conv3d(hidden, weight, bias, padding=padding))
    norm, (pad, _, _) = affine(gamma, beta, mean, var, eps), padding
    n, t, h, w, c = x.shape
    x, size = np.require(x, requirements=["C", "A"]), h * w * weight.shape[-1]
    y = np.empty((n, t + 2 * pad - 2, h, w, weight.shape[-1]), np.float32)
    for clip, result in zip(x, y):
        source = volume.Volume(clip.reshape(-1), h * w * c * np.arange(t)[:, None], np.array([c]), h, w)
        volume.run_block(source, range(t), 1, norm, (mix[0, 0, 0], mix_bias), weight, bias, result.reshape(-1),
                         size * np.arange(len(result)), range(len(result)), pad=pad)
    return y


def _takes(x: np.ndarray, mix: np.ndarray, weight: np.ndarray) -> bool:
    fast = ops.current_backend() == "fast" and ops.current_precision() == "winograd"
    whole = not any(side % volume.WIDTH for side in mix.shape[3:])   # vectors
    return fast and x.dtype == np.float32 and whole and mix.shape[3] == mix.shape[4] and volume.fits(weight.shape)


def _hidden(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray, mix: np.ndarray,
            mix_bias: np.ndarray, eps: float) -> np.ndarray:
    active = ops.relu(ops.batch_norm(x, gamma, beta, mean, var, eps=eps))
    return array_of(ops.conv3d(active, mix, mix_bias, activation="relu"))


def shape(x: Shape, *others: Shape, padding: Sides, **options: object) -> Shape:
    """(n, z, h, w, o)."""
    return x[0], x[1] + 2 * padding[0] - 2, x[2], x[3], others[6][4]


def rows(x: Rows, *others: Rows, **options: object) -> Bands:
    """One above and one below; tiles of Winograd's have 4 rows."""
    return Bands(2, (Reach(2, 1, 1, 1), *(None,) * len(others)), TILE, band_rows)


def band_rows(band: Band, x: np.ndarray, *others: np.ndarray, eps: float, padding: Sides) -> np.ndarray:
    """Rows of the result. Those that saw a cut are left out; tiles begin as they do in the image."""
    gamma, beta, mean, var, mix, mix_bias, weight, bias = others
    if not _takes(x, mix, weight):
        seen = band._replace(tops=(band.tops[0], 0, 0), outside=(band.outside[0], (0, 0), (0, 0)))
        return convolved_rows(seen, _hidden(x, gamma, beta, mean, var, mix, mix_bias, eps), weight, bias,
                              padding=padding, activation="none", slope=0.1)
    if not band.start:
        return block(x, *others, eps=eps, padding=padding)
    x = np.pad(x, [(0, 0), (0, 0), (TILE - 1, 0), (0, 0), (0, 0)])
    return block(x, *others, eps=eps, padding=padding)[:, :, TILE:]


dense_block = Operation("dense_block", block, shape=shape, rows=rows)


def multiply_adds(operands: Sequence[Shape], y: Shape) -> float:
    """Of the two convolutions, by the definition."""
    return float(prod(operands[0]) * operands[5][4] + prod(y) * prod(operands[7][:4]))

"""Weighted sums along one axis, the same for every line: what resizing by a separable kernel comes down to.

    y[a, q, b] = sum_k weight[q, k] x[a, index[q, k], b]      adjoint: dx[a, index[q, k], b] += weight[q, k] dy[a, q, b]

The sum is one chain over k, front to back, no fused multiply-add; `Taps.reversed` reverses the order. `b` are the
elements after the axis, which lie side by side: columns and channels of an image for its rows, channels for columns.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.jit import kernel
from refvr.ops.core.threads import run_rows

_BLOCK = 512  # elements of `b` in one share of the adjoint


@dataclass(frozen=True)
class Taps:
    """index (q, k) into an axis of `size` elements, int64; weight (q, k)."""

    index: np.ndarray
    weight: np.ndarray
    size: int

    def reversed(self) -> Taps:
        """The same sums, added back to front."""
        return Taps(np.ascontiguousarray(self.index[:, ::-1]), np.ascontiguousarray(self.weight[:, ::-1]), self.size)

    def astype(self, dtype: np.dtype) -> Taps:
        """With weights of another type."""
        return replace(self, weight=self.weight.astype(dtype))


def mirrored(index: np.ndarray, size: int) -> np.ndarray:
    """b a | a b c | c b, back and forth: the symmetric border of MATLAB's imresize, for any distance."""
    index = index % (2 * size)
    return np.minimum(index, 2 * size - 1 - index)


def _lines(x: np.ndarray, axis: int) -> np.ndarray:
    """x as (a, size, b), contiguous."""
    shape = math.prod(x.shape[:axis]), x.shape[axis], math.prod(x.shape[axis + 1:])
    return as_kernels_want(x).reshape(shape)


def apply_plain(x: np.ndarray, taps: Taps, axis: int) -> np.ndarray:
    """The definition."""
    lines, weight = _lines(x, axis), taps.weight.astype(x.dtype)
    y = lines[:, taps.index[:, 0]] * weight[:, 0, None]
    for k in range(1, weight.shape[1]):
        y = y + lines[:, taps.index[:, k]] * weight[:, k, None]
    return y.reshape(*x.shape[:axis], len(weight), *x.shape[axis + 1:])


@kernel
def _rows(start: int, stop: int, x: np.ndarray, index: np.ndarray, weight: np.ndarray, y: np.ndarray) -> None:
    """Lines (a, q) of the result."""
    outputs = y.shape[1]
    for row in range(start, stop):
        lines, q = x[row // outputs], row % outputs
        line = y[row // outputs, q]
        source, w = lines[index[q, 0]], weight[q, 0]
        for b in range(line.size):
            line[b] = source[b] * w
        for k in range(1, weight.shape[1]):
            source, w = lines[index[q, k]], weight[q, k]
            for b in range(line.size):
                line[b] += source[b] * w


@kernel
def _adjoint_shares(start: int, stop: int, dy: np.ndarray, index: np.ndarray, weight: np.ndarray,
                    dx: np.ndarray) -> None:
    """Shares (a, block of b) of dx: outputs are walked in order, so every element has one owner and one order."""
    blocks = -(-dx.shape[2] // _BLOCK)
    for share in range(start, stop):
        a, first = share // blocks, share % blocks * _BLOCK
        last = min(dx.shape[2], first + _BLOCK)
        for q in range(dy.shape[1]):
            g = dy[a, q, first:last]
            for k in range(weight.shape[1]):
                target, w = dx[a, index[q, k], first:last], weight[q, k]
                for b in range(g.size):
                    target[b] += g[b] * w


def apply(x: np.ndarray, taps: Taps, axis: int) -> np.ndarray:
    """x with `axis` replaced by the sums; the type of x."""
    lines, taps = _lines(x, axis), taps.astype(x.dtype)
    y = empty((lines.shape[0], len(taps.index), lines.shape[2]), x.dtype)
    run_rows(_rows, y.shape[0] * y.shape[1], lines, taps.index, taps.weight, y, work=y.size * taps.weight.shape[1])
    return y.reshape(*x.shape[:axis], len(taps.index), *x.shape[axis + 1:])


def apply_adjoint(dy: np.ndarray, taps: Taps, axis: int) -> np.ndarray:
    """The gradient for x from that for `apply(x, taps, axis)`."""
    lines, taps = _lines(dy, axis), taps.astype(dy.dtype)
    dx = np.zeros((lines.shape[0], taps.size, lines.shape[2]), dy.dtype)
    shares = dx.shape[0] * -(-dx.shape[2] // _BLOCK)
    run_rows(_adjoint_shares, shares, lines, taps.index, taps.weight, dx, work=dy.size * taps.weight.shape[1])
    return dx.reshape(*dy.shape[:axis], taps.size, *dy.shape[axis + 1:])

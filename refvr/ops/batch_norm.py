"""Batch normalisation over the last axis.

    y[..., c] = gamma[c] (x[..., c] - mean[c]) / sqrt(var[c] + eps) + beta[c]

    batch_norm         mean and var are given: the running statistics of training; constants for the gradient
    batch_norm_train   mean and var are those of x over all axes but the last; var is the biased one, divided by m

x                       (..., c), m = number of elements per channel
gamma, beta, mean, var  (c,)          eps  1e-5 in PyTorch, 1e-3 in Keras and DUF: it belongs to the weights
Running statistics take the unbiased variance (divided by m - 1), as PyTorch does: see `batch_statistics`.
Source: Ioffe and Szegedy, "Batch normalization", 2015, algorithms 1 and 2.
"""
from __future__ import annotations

import numpy as np

from refvr.errors import MissingGradientError, ShapeError
from refvr.ops.core.arena import as_kernels_want, empty
from refvr.ops.core.bands import each_row, same_shape
from refvr.ops.core.jit import kernel
from refvr.ops.core.operation import Operation
from refvr.ops.core.threads import run_rows
from refvr.ops.reduce import channel_sum, sum_axis
from refvr.shapes import check
from refvr.types import Array

_RUN = 4096  # rows that one sum takes, before the sums are summed (see `reduce`)


def eval_plain(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray, *,
               eps: float) -> np.ndarray:
    """The definition."""
    return gamma * ((x - mean) / np.sqrt(var + x.dtype.type(eps))) + beta


def train_plain(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, eps: float) -> np.ndarray:
    """The definition."""
    axes = tuple(range(x.ndim - 1))
    mean, var = x.mean(axis=axes, dtype=np.float64), x.var(axis=axes, dtype=np.float64)
    return eval_plain(x, gamma, beta, mean.astype(x.dtype), var.astype(x.dtype), eps=eps)


@kernel
def _affine_rows(start: int, stop: int, x: np.ndarray, mean: np.ndarray, scale: np.ndarray, shift: np.ndarray,
                 y: np.ndarray) -> None:
    """y = (x - mean) scale + shift."""
    for m in range(start, stop):
        x_m, y_m = x[m], y[m]
        for c in range(mean.size):
            y_m[c] = (x_m[c] - mean[c]) * scale[c] + shift[c]


@kernel
def _variance_runs(start: int, stop: int, x: np.ndarray, mean: np.ndarray, sums: np.ndarray) -> None:
    """sums[run] = sum of (x - mean)^2 over a run of rows."""
    for run in range(start, stop):
        total = sums[run]
        total[:] = 0.0
        for m in range(run * _RUN, min(len(x), (run + 1) * _RUN)):
            x_m = x[m]
            for c in range(mean.size):
                total[c] += (x_m[c] - mean[c]) ** 2


@kernel
def _adjoint_runs(start: int, stop: int, dy: np.ndarray, x: np.ndarray, mean: np.ndarray, inverse: np.ndarray,
                  sums: np.ndarray) -> None:
    """sums[run] = (sum of dy, sum of dy xhat) over a run of rows."""
    for run in range(start, stop):
        dbeta, dgamma = sums[run, 0], sums[run, 1]
        sums[run] = 0.0
        for m in range(run * _RUN, min(len(x), (run + 1) * _RUN)):
            x_m, dy_m = x[m], dy[m]
            for c in range(mean.size):
                dbeta[c] += dy_m[c]
                dgamma[c] += dy_m[c] * ((x_m[c] - mean[c]) * inverse[c])


@kernel
def _adjoint_rows(start: int, stop: int, dy: np.ndarray, x: np.ndarray, mean: np.ndarray, scale: np.ndarray,
                  constant: np.ndarray, slope: np.ndarray, dx: np.ndarray) -> None:
    """dx = (dy - constant - (x - mean) slope) scale."""
    for m in range(start, stop):
        dy_m, x_m, dx_m = dy[m], x[m], dx[m]
        for c in range(mean.size):
            dx_m[c] = (dy_m[c] - constant[c] - (x_m[c] - mean[c]) * slope[c]) * scale[c]


def _rows(x: np.ndarray) -> np.ndarray:
    """x (..., c) as (m, c)."""
    return as_kernels_want(x).reshape(-1, x.shape[-1])


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of x (..., c) per channel, in float64, the variance from the differences to the mean."""
    x = _rows(x)
    mean = channel_sum(x) / len(x)
    sums = np.empty((-(-len(x) // _RUN), len(mean)))
    run_rows(_variance_runs, len(sums), x, mean, sums, work=x.size)
    return mean, channel_sum(sums) / len(x)


def _normalise(x: np.ndarray, mean: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(x - mean) scale + shift in one pass: the root and the division are taken once per channel, not per element."""
    y = empty(x.shape, x.dtype)
    per_channel = [part.astype(x.dtype) for part in (mean, scale, shift)]
    run_rows(_affine_rows, len(_rows(y)), _rows(x), *per_channel, _rows(y), work=x.size)
    return y


def eval_fast(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray, *,
              eps: float) -> np.ndarray:
    """The definition with stored statistics in one pass over x."""
    return _normalise(x, mean, gamma / np.sqrt(var.astype(np.float64) + eps), beta)


def train_fast(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, eps: float) -> np.ndarray:
    """The definition with the batch's statistics: moments first, then one pass over x."""
    mean, var = moments(x)
    return _normalise(x, mean, gamma / np.sqrt(var + eps), beta)


def _adjoint(dy: np.ndarray, x: np.ndarray, gamma: np.ndarray, mean: np.ndarray, inverse: np.ndarray, moving: float,
             needs: tuple[bool, ...]) -> tuple[np.ndarray | None, ...]:
    """dx, dgamma, dbeta; inverse = 1 / sqrt(var + eps); moving 1 / m, or 0 where the statistics are constants."""
    kind, flat = x.dtype, [_rows(dy), _rows(x)]
    sums = np.empty((-(-len(flat[1]) // _RUN), 2, len(mean)))
    run_rows(_adjoint_runs, len(sums), *flat, mean, inverse, sums, work=x.size)
    dbeta, dgamma = sum_axis(sums.reshape(1, len(sums), -1)).reshape(2, -1)
    dx = None
    if needs[0]:
        dx = np.empty(x.shape, kind)
        parts = (mean, gamma * inverse, moving * dbeta, moving * dgamma * inverse)
        run_rows(_adjoint_rows, len(flat[1]), *flat, *(part.astype(kind) for part in parts), _rows(dx), work=x.size)
    return dx, dgamma.astype(kind) if needs[1] else None, dbeta.astype(kind) if needs[2] else None


def eval_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray,
                 var: np.ndarray, *, needs: tuple[bool, ...], eps: float) -> tuple[np.ndarray | None, ...]:
    """xhat = (x - mean) / sqrt(var + eps): dx = dy gamma / sqrt(var + eps), dgamma = sum dy xhat, dbeta = sum dy."""
    if needs[3] or needs[4]:
        raise MissingGradientError("batch_norm has no gradient for mean and var", fix="give them as arrays")
    inverse = 1 / np.sqrt(var.astype(np.float64) + eps)
    return *_adjoint(dy, x, gamma, mean.astype(np.float64), inverse, 0.0, needs), None, None


def train_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *,
                  needs: tuple[bool, ...], eps: float) -> tuple[np.ndarray | None, ...]:
    """The statistics move with x:  dx = gamma / sqrt(var + eps) (dy - dbeta / m - xhat dgamma / m)."""
    mean, var = moments(x)
    return _adjoint(dy, x, gamma, mean, 1 / np.sqrt(var + eps), x.shape[-1] / x.size, needs)


_eval = Operation("batch_norm", eval_plain, fast=eval_fast, adjoint=eval_adjoint, shape=same_shape, rows=each_row)
_train = Operation("batch_norm_train", train_plain, fast=train_fast, adjoint=train_adjoint, shape=same_shape)


def batch_norm(x: Array, gamma: Array, beta: Array, mean: np.ndarray, var: np.ndarray, eps: float = 1e-5) -> Array:
    """Normalise x (..., c) by given statistics; gamma, beta, mean, var (c,). No gradient for mean and var."""
    c = check(x, "... c", who="batch_norm x")[-1]
    for name, part in (("gamma", gamma), ("beta", beta), ("mean", mean), ("var", var)):
        check(part, "c", who=f"batch_norm {name}", c=c)
    return _eval(x, gamma, beta, mean, var, eps=float(eps))


def batch_norm_train(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """Normalise x (..., c) by its own statistics over all axes but the last; gamma, beta (c,)."""
    c = check(x, "... c", who="batch_norm_train x")[-1]
    if x.size == 0:
        raise ShapeError(f"batch_norm_train: got shape {tuple(x.shape)}, expected at least one element per channel")
    for name, part in (("gamma", gamma), ("beta", beta)):
        check(part, "c", who=f"batch_norm_train {name}", c=c)
    return _train(x, gamma, beta, eps=float(eps))


def batch_statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean, unbiased variance, biased variance) of x (..., c) per channel, each (c,), in the type of x.

    For running statistics: running = 0.9 running + 0.1 (mean, unbiased variance) with PyTorch's default momentum.
    Raises ShapeError for fewer than two elements per channel, which have no unbiased variance.
    """
    count = x.size // max(1, check(x, "... c", who="batch_statistics")[-1])
    if count < 2:
        raise ShapeError(f"batch_statistics: got shape {x.shape}, expected at least two elements per channel")
    mean, biased = moments(x)
    unbiased = biased * (count / (count - 1))
    return mean.astype(x.dtype), unbiased.astype(x.dtype), biased.astype(x.dtype)

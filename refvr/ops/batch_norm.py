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

from typing import Any

import numpy as np

from refvr.errors import ShapeError
from refvr.ops._operation import Operation
from refvr.ops.reduce import sum_axis
from refvr.shapes import check


def eval_plain(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray, *,
               eps: float) -> np.ndarray:
    """The definition."""
    return gamma * ((x - mean) / np.sqrt(var + x.dtype.type(eps))) + beta


def eval_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray,
                 var: np.ndarray, *, needs: tuple[bool, ...], eps: float) -> tuple[np.ndarray | None, ...]:
    """xhat = (x - mean) / sqrt(var + eps): dx = dy gamma / sqrt(var + eps), dgamma = sum dy xhat, dbeta = sum dy."""
    inverse = 1 / np.sqrt(var + x.dtype.type(eps))
    dx = dy * (gamma * inverse) if needs[0] else None
    dgamma = channel_sum(dy * ((x - mean) * inverse)).astype(x.dtype) if needs[1] else None
    dbeta = channel_sum(dy).astype(x.dtype) if needs[2] else None
    return dx, dgamma, dbeta, None, None


def channel_sum(x: np.ndarray) -> np.ndarray:
    """Sum of x (..., c) over all axes but the last, in float64: (c,)."""
    return sum_axis(x.reshape(1, -1, x.shape[-1]))[0]


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of x (..., c) per channel, in float64, the variance from the differences to the mean."""
    count = x.size // x.shape[-1]
    mean = channel_sum(x) / count
    return mean, channel_sum((x - mean) ** 2) / count


def train_plain(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, eps: float) -> np.ndarray:
    """The definition."""
    axes = tuple(range(x.ndim - 1))
    mean, var = x.mean(axis=axes, dtype=np.float64), x.var(axis=axes, dtype=np.float64)
    return eval_plain(x, gamma, beta, mean.astype(x.dtype), var.astype(x.dtype), eps=eps)


def train_adjoint(dy: np.ndarray, y: np.ndarray, x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *,
                  needs: tuple[bool, ...], eps: float) -> tuple[np.ndarray | None, ...]:
    """The statistics move with x:  dx = gamma / sqrt(var + eps) (dy - dbeta / m - xhat dgamma / m)."""
    mean, var = moments(x)
    inverse = 1 / np.sqrt(var + eps)
    xhat = ((x - mean) * inverse).astype(x.dtype)
    dbeta, dgamma = channel_sum(dy), channel_sum(dy * xhat)
    dx, count, kind = None, x.size // x.shape[-1], x.dtype
    if needs[0]:
        dx = (dy - (dbeta / count).astype(kind) - xhat * (dgamma / count).astype(kind)) * (gamma * inverse).astype(kind)
    return dx, dgamma.astype(kind) if needs[1] else None, dbeta.astype(kind) if needs[2] else None


def train_fast(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, *, eps: float) -> np.ndarray:
    """As the plain one, with sums in the written order."""
    mean, var = (moment.astype(x.dtype) for moment in moments(x))
    return eval_plain(x, gamma, beta, mean, var, eps=eps)


_eval = Operation("batch_norm", eval_plain, adjoint=eval_adjoint)
_train = Operation("batch_norm_train", train_plain, fast=train_fast, adjoint=train_adjoint)


def batch_norm(x: Any, gamma: Any, beta: Any, mean: np.ndarray, var: np.ndarray, eps: float = 1e-5) -> Any:
    """Normalise x (..., c) by given statistics; gamma, beta, mean, var (c,). No gradient for mean and var."""
    c = check(x, "... c", who="batch_norm x")[-1]
    for name, part in (("gamma", gamma), ("beta", beta), ("mean", mean), ("var", var)):
        check(part, "c", who=f"batch_norm {name}", c=c)
    return _eval(x, gamma, beta, mean, var, eps=float(eps))


def batch_norm_train(x: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
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
    return tuple(part.astype(x.dtype) for part in (mean, biased * (count / (count - 1)), biased))

"""Folding: what scales the result of a convolution goes into its weights. The one rewrite that changes bits.

    batch_norm(conv(x))     ->  a convolution with  weight r,  (bias - mean) r + beta        r = gamma / sqrt(var + eps)
    factor conv(x)          ->  a convolution with  weight factor,  bias factor              a factor for each channel

One pass over memory in place of two or three, and what follows, an activation or a sum, can be merged (rules.py). The
norm is folded in float64 and rounded once; sums then round elsewhere, so answers differ from the page's in the last
digits. Only where a plan runs: a trace, a tape and the backend "plain" have the page with its norms. A norm before a
convolution stays: the border of zeros, and mostly a ReLU, stand between them.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeGuard

import numpy as np

from refvr.plan.graph import Graph, Node
from refvr.plan.rules import Alone, is_a, passed

Folded = tuple[np.ndarray, "np.ndarray | None"]
Folds = dict[tuple[int, ...], tuple[tuple[Any, ...], Folded]]  # ids of arrays -> the arrays, what is made of them
_CONVOLUTIONS = ("conv2d", "conv3d")


def folded(graph: Graph, folds: Folds | None = None) -> Graph:
    """The graph with norms and factors in the weights. `folds` keeps those, for other graphs of the same network."""
    kept: Folds = {} if folds is None else folds
    for rule in (_norm, _factor):
        graph = passed(graph, partial(rule, folds=kept))
    return graph


def with_norm(weight: np.ndarray, bias: np.ndarray | None, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray,
              var: np.ndarray, eps: float) -> tuple[np.ndarray, np.ndarray]:
    """Weight (..., c_in, c) and bias (c,) of a convolution after which the norm (c,) comes."""
    r = gamma.astype(np.float64) / np.sqrt(var.astype(np.float64) + eps)
    shift = (-mean.astype(np.float64) if bias is None else bias - mean.astype(np.float64)) * r + beta
    return (weight * r).astype(weight.dtype), shift.astype(weight.dtype)


def _norm(node: Node, alone: Alone, folds: Folds) -> Node | None:
    """A batch norm of stored statistics after a convolution."""
    conv, norm = node.operands[0], node.operands[1:]
    if node.kind != "batch_norm" or not _bare(conv, alone):
        return None
    return _scaled(node, conv, norm, folds, partial(with_norm, eps=node.options["eps"]))


def _factor(node: Node, alone: Alone, folds: Folds) -> Node | None:
    """A product, one side of which is a constant with a value for each channel."""
    if node.kind != "mul":
        return None
    a, b = node.operand(0), node.operand(1)
    for factor, conv in ((a, b), (b, a)):
        if _bare(conv, alone) and isinstance(factor, np.ndarray) and factor.shape == conv.shape[-1:]:
            return _scaled(node, conv, (factor,), folds, _times)
    return None


def _times(weight: np.ndarray, bias: np.ndarray | None, factor: np.ndarray) -> Folded:
    return weight * factor, None if bias is None else bias * factor


def _bare(x: object, alone: Alone) -> TypeGuard[Node]:
    """Whether a value is a convolution with constant weights, which nothing else uses."""
    if not (is_a(x, *_CONVOLUTIONS) and alone(x) and x.options["activation"] == "none"):
        return False
    return all(isinstance(part, np.ndarray) for part in x.operands[1:3] if part is not None) and not any(
        part is not None for part in x.operands[3:])


def _scaled(node: Node, conv: Node, arrays: tuple[Any, ...], folds: Folds,
            scaled: Callable[..., Folded]) -> Node:
    """The convolution with weights `scaled` by the arrays, in the place of a node."""
    sources = (*conv.operands[1:3], *arrays)
    key = tuple(map(id, sources))
    if key not in folds:
        folds[key] = sources, scaled(*sources)
    return replace(node, operation=conv.operation, options=conv.options,
                   operands=(conv.operands[0], *folds[key][1], *conv.operands[3:]))

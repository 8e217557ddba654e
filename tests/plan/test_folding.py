"""Folding, the one rule that changes bits: what goes into the weights, what stays, and that it is computed once."""
from __future__ import annotations

import numpy as np
import pytest
from network_pages import drawn

from refvr import ops
from refvr.plan import Like, capture
from refvr.plan.folding import folded
from refvr.plan.rules import simplified
from refvr.plan.run import Order


def names(graph):
    return [node.operation.name for node in Order(graph).nodes]


W, B = drawn(3, 3, 16, 8), drawn(8)
W3 = drawn(1, 3, 3, 16, 8)


def norm(x, c=8):
    return ops.batch_norm(x, drawn(c), drawn(c), drawn(c), drawn(c) ** 2, eps=1e-3)


FOLDED = {  # page -> the operations that are left of it
    "norm": (lambda x: norm(ops.conv2d(x, W)), ["conv2d"]),
    "norm after a bias": (lambda x: ops.relu(norm(ops.conv2d(x, W, B))), ["conv2d"]),
    "volume": (lambda x: norm(ops.conv3d(x[None], W3, B, padding=(0, 1, 1))), ["slice", "conv3d"]),
    "factor": (lambda x: B * ops.conv2d(x, W, B), ["conv2d"]),
    "factor on the right, then a sum": (lambda x: x[..., :8] + ops.conv2d(x, W) * B, ["slice", "conv2d"]),
    "two norms": (lambda x: norm(norm(ops.conv2d(x, W))), ["conv2d"]),
}
LEFT = {
    "norm before": (lambda x: ops.conv2d(norm(x, 16), W), ["batch_norm", "conv2d"]),
    "an activation between": (lambda x: norm(ops.conv2d(x, W, activation="relu")), ["conv2d", "batch_norm"]),
    "a residual between": (lambda x: norm(ops.conv2d(x, W, B, x[..., :8])), ["slice", "conv2d", "batch_norm"]),
    "seen by others": (lambda x: (lambda y: norm(y) + y)(ops.conv2d(x, W)), ["conv2d", "batch_norm", "add"]),
    "a map": (lambda x: ops.conv2d(x, W) * x[..., :8], ["conv2d", "slice", "mul"]),
    "of the batch": (lambda x: ops.batch_norm_train(ops.conv2d(x, W), B, B, eps=1e-3), ["conv2d", "batch_norm_train"]),
}


@pytest.mark.parametrize("name", [*FOLDED, *LEFT])
def test_what_scales_a_convolution_is_in_its_weights(name):
    page, left = (FOLDED | LEFT)[name]
    x = drawn(2, 13, 9, 16)
    graph = simplified(folded(capture(page, Like(x.shape))))
    assert names(graph) == left
    got, want = Order(graph).run(x), page(x)
    assert np.abs(got - want).max() <= 1e-5 * np.abs(want).max()
    assert (name in LEFT) == (got.tobytes() == want.tobytes())


def test_weights_are_folded_once_for_all_graphs_of_a_network():
    folds, statistics = {}, [drawn(8) ** 2 for _ in range(4)]
    page = lambda x: ops.batch_norm(ops.conv2d(x, W), *statistics, eps=1e-5)  # noqa: E731
    first, second = (folded(capture(page, Like((1, h, 9, 16))), folds) for h in (5, 7))
    assert first.result.operands[1] is second.result.operands[1] and len(folds) == 1

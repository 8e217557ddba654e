"""The similarity loss."""
import numpy as np
import pytest
from drawn_numbers import numbers

import refvr
from refvr import Tensor, backward, gradcheck, ops

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])
EPS = np.finfo(np.float64).eps


@BACKENDS
def test_similarity_is_zero_for_clips_alike_up_to_brightness(backend):
    y = numbers(2, 3, 5, 7, 1)
    with refvr.backend(backend):
        assert ops.similarity_loss(y, y) == 0
        assert ops.similarity_loss(y, 2 * y) <= 9 * EPS ** 2 * 16
        assert ops.similarity_loss(y, y[:, ::-1].copy()) > 1e-3


def test_similarity_adds_clips_up():
    a, b = numbers(2, 3, 5, 7, 1), numbers(2, 3, 5, 7, 1, seed=6)
    apart = [ops.similarity_loss(a[k:k + 1], b[k:k + 1]) for k in range(2)]
    assert abs(ops.similarity_loss(a, b) - sum(apart)) <= 4 * EPS


@BACKENDS
def test_similarity_of_a_black_frame(backend):
    """Below the guard the norm counts as constant: the gradient is finite, huge, and that of the spec's rule."""
    y1, y2 = numbers(1, 3, 2, 5, 1), numbers(1, 3, 2, 5, 1, seed=6)
    y1[0, 1] = 0
    leaf = Tensor(y1)
    with refvr.backend(backend):
        backward(ops.similarity_loss(leaf, y2))
    f1, f2 = y1.reshape(3, 10), y2.reshape(3, 10)
    ghat = [g / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-12) for g in (f1 @ f1.T, f2 @ f2.T)]
    black = -2 * (ghat[1] - ghat[0])[1] / 9 / 1e-12  # row 1 of dL/dG; the others add about 1
    want = black @ f1 + black[1] * f1[1]
    np.testing.assert_allclose(leaf.grad[0, 1].ravel(), want, rtol=1e-9)
    with refvr.backend(backend):
        assert gradcheck(lambda a, b: ops.similarity_loss(a, b, guard=100.0), [y1, y2]) < 1e-7  # all rows below

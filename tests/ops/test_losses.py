"""Batch norm, the similarity loss and the losses: values by hand, statistics, rules at the edges."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refvr
from refvr import Tensor, backward, gradcheck, ops
from refvr.errors import MissingGradientError, ShapeError

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])
EPS = np.finfo(np.float64).eps


def numbers(*shape, seed=5):
    return np.random.default_rng(seed).standard_normal(shape)


@given(n=st.integers(1, 3), h=st.integers(1, 7), w=st.integers(1, 5), c=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_training_statistics_at_any_size(n, h, w, c):
    x = numbers(n, h, w, c)
    gamma, beta = numbers(c, seed=6), numbers(c, seed=7)
    fast = ops.batch_norm_train(x, gamma, beta)
    with refvr.backend("plain"):
        plain = ops.batch_norm_train(x, gamma, beta)
    np.testing.assert_allclose(fast, plain, atol=32 * EPS / np.sqrt(1e-5))  # a single pixel: 0 / sqrt(eps)


@BACKENDS
def test_the_normalised_has_mean_beta_and_deviation_gamma(backend):
    x = 100 + 3 * numbers(3, 7, 11, 2)
    with refvr.backend(backend):
        y = ops.batch_norm_train(x, np.array([2.0, 0.5]), np.array([1.0, -1.0]), eps=0.0)
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), [1, -1], atol=1e-13)
    np.testing.assert_allclose(y.std(axis=(0, 1, 2)), [2, 0.5], rtol=1e-13)


def test_a_large_mean_does_not_swallow_the_variance():
    x = (4096 + numbers(5, 31, 37, 3)).astype(np.float32)  # E[x^2] - E[x]^2 in float32 would keep no digit
    _, _, biased = ops.batch_statistics(x)
    np.testing.assert_allclose(biased, x.astype(np.float64).var(axis=(0, 1, 2)), rtol=np.finfo(np.float32).eps)


def test_batch_statistics():
    x = numbers(2, 3, 5, 7)
    mean, unbiased, biased = ops.batch_statistics(x)
    flat = x.reshape(-1, 7)
    np.testing.assert_allclose(mean, flat.mean(axis=0), atol=8 * EPS)
    np.testing.assert_allclose(unbiased, flat.var(axis=0, ddof=1), rtol=32 * EPS)
    np.testing.assert_allclose(biased, flat.var(axis=0), rtol=32 * EPS)
    with pytest.raises(ShapeError, match="expected at least two elements per channel"):
        ops.batch_statistics(x[:1, :1, :1])


def test_given_statistics_have_no_gradient_and_say_so():
    x, one = Tensor(numbers(2, 3)), np.ones(3)
    y = ops.batch_norm(x, one, one, Tensor(one), one)
    with pytest.raises(MissingGradientError, match="batch_norm has no gradient for mean and var"):
        backward(ops.sum(y))


def test_channels_must_agree():
    with pytest.raises(ShapeError, match=r"batch_norm var: got shape \(5,\), expected \(c\) with c = 3"):
        ops.batch_norm(numbers(2, 3), np.ones(3), np.ones(3), np.ones(3), np.ones(5))


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


LOSSES = {
    "mse_loss": (lambda d: d ** 2, {}),
    "l1_loss": (abs, {}),
    "charbonnier_loss": (lambda d: (d ** 2 + 1e-4) ** 0.5, {"eps": 1e-4}),
    "huber_loss": (lambda d: d * d / 2 if abs(d) <= 0.5 else 0.5 * (abs(d) - 0.25), {"delta": 0.5}),
}


@BACKENDS
@pytest.mark.parametrize("name", LOSSES)
def test_losses_element_by_element(name, backend):
    one, options = LOSSES[name]
    y, target = numbers(3, 7), numbers(3, 7, seed=6)
    want = sum(one(float(d)) for d in (y - target).ravel())
    with refvr.backend(backend):
        assert abs(getattr(ops, name)(y, target, "sum", **options) - want) <= 64 * EPS * want
        assert abs(getattr(ops, name)(y, target, **options) - want / 21) <= 64 * EPS * want


@BACKENDS
def test_gradients_where_the_result_meets_the_target(backend):
    for name, (_, options) in LOSSES.items():
        x = Tensor(np.zeros(2))
        with refvr.backend(backend):
            backward(getattr(ops, name)(x, np.zeros(2), **options))
        assert np.array_equal(x.grad, [0, 0]), name


@BACKENDS
def test_huber_at_its_seam(backend):
    x = Tensor(np.array([-0.5, 0.5, 0.5000001, -9.0]))
    with refvr.backend(backend):
        backward(ops.huber_loss(x, np.zeros(4), "sum", delta=0.5))
    assert np.array_equal(x.grad, [-0.5, 0.5, 0.5, -0.5])


def test_what_the_losses_refuse():
    with pytest.raises(ShapeError, match=r"mse_loss: got shapes \(3,\) and \(1,\), expected equal"):
        ops.mse_loss(np.ones(3), np.ones(1))  # broadcasting here has cost many a training run
    with pytest.raises(ShapeError, match="expected 'mean' or 'sum'"):
        ops.l1_loss(np.ones(3), np.ones(3), "none")

"""Batch norms in training."""
import numpy as np
import pytest
from drawn_numbers import numbers
from hypothesis import given, settings
from hypothesis import strategies as st

import refvr
from refvr import ops
from refvr.errors import ShapeError

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])
EPS = np.finfo(np.float64).eps


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


def test_channels_must_agree():
    with pytest.raises(ShapeError, match=r"batch_norm var: got shape \(5,\), expected \(c\) with c = 3"):
        ops.batch_norm(numbers(2, 3), np.ones(3), np.ones(3), np.ones(3), np.ones(5))

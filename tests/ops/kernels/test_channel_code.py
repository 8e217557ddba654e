"""Loops over the channels of a pixel: against NumPy, for numbers of channels that fill vectors and that do not."""
import numpy as np
import pytest

from refvr.ops.core.jit import kernel
from refvr.ops.kernels.channel_code import add_scaled, corner_samples, corners


@kernel
def _add_scaled(factor, x, y, at, count):
    add_scaled(factor, x, at, y, at, count)


@kernel
def _corner_samples(place, parts, x, g, dx, col):
    h, w, channels = x.shape
    places, seen = corners(place[0], place[1], h, w, channels)
    return corner_samples(parts, seen, x.reshape(-1), 0, places, g, 0, dx.reshape(-1), 0, col, 0, channels)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 19])
def test_add_scaled(count):
    x, y = np.random.default_rng(count).random((2, 30))
    expected = y.copy()
    expected[3:3 + count] += 0.7 * x[3:3 + count]
    _add_scaled(0.7, x, y, 3, count)
    assert np.array_equal(y, expected)


@pytest.mark.parametrize("channels", [3, 8, 21])
def test_gradients_of_a_sample_inside_at_each_border_and_outside(channels):
    rng = np.random.default_rng(channels)
    x, g = rng.random((3, 4, channels)), rng.random(channels)
    parts = b, a, m = 0.3, 0.6, 0.8
    shares = np.outer((1 - b, b), (1 - a, a))
    slopes = np.outer((-1, 1), (1 - a, a)), np.outer((1 - b, b), (-1, 1))
    bordered = np.pad(x, ((4, 4), (4, 4), (0, 0)))
    for i in range(-3, 5):
        for j in range(-3, 6):
            dx, col = np.zeros_like(x), np.empty(channels)
            sums = _corner_samples((i, j), parts, x, g, dx, col)
            cell = bordered[i + 4:i + 6, j + 4:j + 6]                              # (2, 2, channels)
            sample, *changes = (np.einsum("ij,ijc->c", by, cell) for by in (shares, *slopes))
            np.testing.assert_allclose(col, m * sample, atol=1e-14)
            np.testing.assert_allclose(sums, [g @ sample, m * g @ changes[0], m * g @ changes[1]], atol=1e-13)
            expected = np.zeros_like(bordered)
            expected[i + 4:i + 6, j + 4:j + 6] = m * shares[..., None] * g
            np.testing.assert_allclose(dx, expected[4:-4, 4:-4], atol=1e-14)

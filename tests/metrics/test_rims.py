"""The overshoot at edges: what it is of a step whose answer is known, and what it does not count."""
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import norm

from refvr.evaluate.baselines import unsharp_mask
from refvr.metrics.rims import overshoot


def step(low, high, size=40):
    """Two frames, dark to the left and bright to the right."""
    x = np.full((2, size, size, 3), low, np.float32)
    x[:, :, size // 2:] = high
    return x


@pytest.mark.parametrize(("low", "high"), [(0.2, 0.8), (0.4, 0.7)])
def test_an_ideal_step_that_is_sharpened(low, high):
    x = step(low, high)
    for amount in (0.3, 0.6):
        expected = amount * norm.cdf(-0.5)  # half a pixel from the edge; sampled, a Gaussian is a little narrower
        assert overshoot(np.stack(unsharp_mask(x, amount)), x) == pytest.approx(expected, rel=0.03)


def test_what_is_no_rim():
    x = step(0.2, 0.8)
    assert overshoot(x, x) == 0
    assert overshoot(gaussian_filter(x, (0, 2, 2, 0)), x) == pytest.approx(0, abs=1e-6)
    assert overshoot(np.roll(x, 1, axis=2)[:, :, 2:], x[:, :, 2:]) == 0  # a pixel aside
    low = step(0.5, 0.6)
    assert overshoot(np.stack(unsharp_mask(low, 2.0)), low) == 0  # no edge


def test_a_rim_is_measured_where_it_lies():
    x = step(0.2, 0.8)
    y = x.copy()
    y[:, :, 17] -= 0.06  # two pixels left of the last dark column: a tenth of the step
    assert overshoot(y, x) == pytest.approx(0.1, rel=0.01)
    y = x.copy()
    y[:, :, 5] -= 0.06  # far from the edge
    assert overshoot(y, x) == 0

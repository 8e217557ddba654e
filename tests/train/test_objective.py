"""Losses, by hand."""
import numpy as np
import pytest

from refvr.autodiff import Tensor, backward
from refvr.train.objective import distance


def test_losses():
    y, clean = np.array([[0.5, 0.0]]), np.array([[0.0, 0.0]])
    assert float(distance(y, clean, "huber")) == pytest.approx((0.01 * 0.5 - 0.00005) / 2)
    assert float(distance(y, clean, "charbonnier_sum")) == pytest.approx(0.5 + 1e-6, rel=1e-6)


def test_the_loss_psnr_is_its_value_and_its_slope():
    """Finite differences of the value, which is NumPy's, against the gradient, which is the weighted squares'."""
    rng = np.random.default_rng(3)
    y, clean = rng.random((2, 3, 4, 3)), rng.random((2, 3, 4, 3))
    y[1] = clean[1] + 1e-3 * rng.standard_normal(clean[1].shape)          # one sample nearly right
    tensor = Tensor(y)
    loss = distance(tensor, clean, "psnr")
    psnrs = [-10 * np.log10(np.mean((a - b) ** 2) + 1e-5) for a, b in zip(y, clean)]
    assert float(loss.data) == pytest.approx(-np.mean(psnrs), rel=1e-9)
    backward(loss)
    step = np.zeros_like(y)
    for place in ((0, 1, 2, 0), (1, 2, 3, 2)):
        step[place] = 1e-7
        slope = [float(distance(Tensor(y + way * step), clean, "psnr").data) for way in (1, -1)]
        assert tensor.grad[place] == pytest.approx((slope[0] - slope[1]) / 2e-7, rel=1e-5)
        step[place] = 0

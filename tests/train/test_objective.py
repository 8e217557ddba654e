"""Losses, by hand."""
import numpy as np
import pytest

from refvr.autodiff import Tensor, array_of, backward
from refvr.train.clips import Clip
from refvr.train.loop import Trainer
from refvr.train.objective import distance
from refvr.train.objectives.safa import effort
from refvr.train.recipes import recipe_of
from refvr.train.samplers import Between


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


def test_a_price_makes_a_selector_choose_less():
    """The work of the three choices, and its gradient, which lowers both probabilities."""
    decided = np.array([[1, 1], [0, 1], [0, 0]], np.float64)
    assert [float(array_of(effort(p.reshape(1, 1, 1, 2)))) for p in decided] == [1, 0.25, 0.0625]
    p = Tensor(np.full((1, 2, 3, 2), 0.6))
    backward(effort(p))
    assert (p.grad > 0).all()
    changes = recipe_of("safa-s", {"price": 2.0, "batch": 2, "patch": 16})
    trainer = Trainer("safa-s", changes, seed=0)
    batch = Between([Clip("drawn", np.random.default_rng(0).integers(0, 256, (5, 96, 96, 3), np.uint8))], changes,
                    seed=0).batch(0)
    free = Trainer("safa-s", recipe_of("safa-s", {"batch": 2, "patch": 16}), seed=0)
    (priced, [with_price]), (plain, [without]) = (each.gradients(batch) for each in (trainer, free))
    assert 0.1 < priced.loss - plain.loss <= 2
    assert any(not np.array_equal(with_price[name], without[name]) for name in with_price if "selector" in name)

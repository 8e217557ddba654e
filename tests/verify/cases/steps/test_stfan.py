"""STFAN's training step as its authors take it."""
import numpy as np
import pytest
from small_vgg import clip, small_vgg

from refvr import Tensor, gradcheck
from refvr.networks.stfan import STFAN, Config
from refvr.train.optim import Adam
from refvr.train.schedules import multi_step
from refvr.verify.cases.steps import stfan


def test_gradient_of_the_loss():
    vgg = small_vgg()
    target = clip(1, 5, 7, 3, seed=2)
    gradcheck(lambda y: stfan.losses(y, target, vgg)[0], [clip(1, 5, 7, 3)], elements=12)


def test_a_step_lowers_the_loss_and_carries_constants():
    vgg = small_vgg()
    rng = np.random.default_rng(4)
    net, optimiser = STFAN(Config(widths=(3, 5, 7), k=3)).init(rng).astype(np.float64), Adam(lr=1e-3)
    frames, sharp = clip(2, 1, 8, 12, 3), clip(2, 1, 8, 12, 3, seed=5)
    net.image.bias += 0.3
    first = stfan.step(net, vgg, optimiser, frames[0], sharp[0], None)
    assert np.array_equal(first.carried.restored, np.minimum(first.y, 1)) and first.y.max() > 1
    assert not any(isinstance(part, Tensor) for part in first.carried)
    assert first.gradients.keys() == net.parameters().keys()
    assert first.loss == pytest.approx(first.mse + 0.01 * first.percept, rel=1e-12)
    for _ in range(5):
        again = stfan.step(net, vgg, optimiser, frames[0], sharp[0], None)
    assert again.loss < first.loss
    then = stfan.step(net, vgg, optimiser, frames[1], sharp[1], again.carried)
    assert np.abs(then.gradients["carry.weight"]).max() > 0


def test_rates_fall_an_epoch_early_as_newer_frameworks_do():
    def rate(epoch, late):
        return multi_step(epoch * 10, peak=1e-4, milestones=stfan.MILESTONES, steps_per_epoch=10, late=late)

    assert [rate(k, True) for k in (0, 78, 79, 159, 249)] == pytest.approx([1e-4, 1e-4, 1e-5, 1e-6, 1e-7])
    assert [rate(k, False) for k in (79, 80, 160, 250)] == pytest.approx([1e-4, 1e-5, 1e-6, 1e-7])

"""Steps of a training run."""
import numpy as np
from small_training import PLAIN, pattern, trainer

from refvr.degrade import safa
from refvr.train.clips import Clip
from refvr.train.loop import ENOUGH
from refvr.train.recipes import recipe_of
from refvr.train.samplers import Smaller


def test_unusual_steps_are_left_out():
    net, recipe = trainer(batch=1)
    batch = Smaller([Clip("stripes", pattern())], recipe, frames=3, scale=4, seed=0, shrunk=safa.quarter).batch(0)
    for _ in range(ENOUGH):
        assert net.step(batch, 1e-4).skipped == 0
    before = {name: array.copy() for name, array in net.parameters[0].items()}
    wild = batch[0], batch[1] + 1000 * np.sign(batch[1] - 0.5)
    net.recipe = recipe_of("edvr-s-x4", {**PLAIN, "guard": 2.0, "loss": "mse"})
    assert net.step(wild, 1e-4).skipped == 1
    assert all(np.array_equal(before[name], array) for name, array in net.parameters[0].items())
    assert any(net.step(wild, 1e-4).skipped == 0 for _ in range(60))              # a lasting change is accepted

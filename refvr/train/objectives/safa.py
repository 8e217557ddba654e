"""SAFA: frames at several times between two small ones, and what it costs to choose the full scale."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refvr import ops
from refvr.nn.module import Module
from refvr.train.objective import Losses, Objective, distance, mean_square
from refvr.train.objectives.enlarging import large_side
from refvr.train.perceptual import VGG19
from refvr.train.recipes import Recipe
from refvr.train.samplers import Batch, Between
from refvr.types import Array


def interpolated(networks: Sequence[Module], batch: Batch, recipe: Recipe, vgg: VGG19 | None) -> Losses:
    """The sum over the times of a batch."""
    first, second, times, answers, seeds, motion = batch
    routing = np.random.default_rng(seeds) if recipe.routing == "sample" else recipe.routing
    y, probabilities, _ = networks[0](first, second, times, routing=routing, motion=motion if motion.size else None)
    loss = distance(y, answers, recipe.loss) * float(answers.shape[1])
    yield loss + effort(probabilities) * recipe.price if recipe.price else loss, mean_square(y, answers)


def effort(probabilities: Array) -> Array:
    """The work that a selector chooses, a share of that at the full scale; half costs 1/4 of it, a quarter 1/16.

    probabilities  (t, blocks, n, 2), see ops/route.py
    """
    p0, p1 = probabilities[..., 0:1], probabilities[..., 1:2]
    return ops.mean(p1 * (p0 * 0.75 + 0.1875) + 0.0625, axis=(0, 1, 2, 3))


SAFA = Objective("spacetime", lambda config, recipe: (recipe.interval + 1, large_side(config, recipe)),
                 lambda clips, recipe, config, seed, scenes: Between(clips, recipe, seed=seed, scenes=scenes,
                                                                      motion=config.motion), interpolated)

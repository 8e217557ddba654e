"""STFAN: the frames of a clip one after the other, an update from each.

What a frame leaves to the next is a constant there, as in verify/cases/steps/stfan.py.
"""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refvr.autodiff import array_of
from refvr.nn.module import Module
from refvr.train.objective import Losses, Objective, distance, mean_square
from refvr.train.perceptual import VGG19, percept
from refvr.train.recipes import Recipe
from refvr.train.samplers import Batch, Blurred


def deblurred(networks: Sequence[Module], batch: Batch, recipe: Recipe, vgg: VGG19 | None) -> Losses:
    """Frame after frame, with the perceptual loss where there are weights for it."""
    previous = restored = state = None
    for blurred, sharp in zip(*(np.moveaxis(part, 1, 0) for part in batch)):
        frame = np.ascontiguousarray(blurred)
        previous, restored = (frame, frame) if previous is None else (previous, restored)
        y, after = networks[0](frame, previous, restored, state)
        loss = distance(y, sharp, recipe.loss)
        if vgg is not None and recipe.percept:
            loss = loss + percept(y, sharp, vgg)[0] * recipe.percept
        yield loss, mean_square(y, sharp)
        previous, restored, state = frame, np.clip(array_of(y), 0, 1), array_of(after)


STFAN = Objective("deblur", lambda config, recipe: (recipe.sequence + 2, recipe.patch),
                  lambda clips, recipe, config, seed, scenes: Blurred(clips, recipe, seed=seed, scenes=scenes),
                  deblurred, blurs=True)

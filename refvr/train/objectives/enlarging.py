"""A window of small frames, whose middle one is to come out large."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from refvr.nn.module import Module
from refvr.train.clips import Clip
from refvr.train.objective import Losses, distance, mean_square
from refvr.train.perceptual import VGG19
from refvr.train.recipes import Recipe
from refvr.train.samplers import BORDER, Batch, Sampler, Smaller
from refvr.types import Config


def enlarged(networks: Sequence[Module], batch: Batch, recipe: Recipe, vgg: VGG19 | None) -> Losses:
    """The middle frame of a window."""
    small, large = batch
    y = networks[0](small)
    yield distance(y, large, recipe.loss), mean_square(y, large)


def window_needs(config: Config, recipe: Recipe) -> tuple[int, int]:
    """Frames of a window, and the side of the large frames that a patch and its border are made of."""
    return config.frames, large_side(config, recipe)


def large_side(config: Config, recipe: Recipe) -> int:
    """Pixels of the large frames that a patch and its border are made of."""
    return config.scale * (recipe.patch + 2 * BORDER)


def smaller(degrade: Callable[..., np.ndarray], clips: Sequence[Clip], recipe: Recipe, config: Config,
            seed: int, scenes: Sequence[Clip]) -> Sampler:
    """Windows made small by degrade(frames, scale=...)."""
    return Smaller(clips, recipe, frames=config.frames, scale=config.scale, seed=seed, scenes=scenes,
                   shrunk=partial(degrade, scale=config.scale))

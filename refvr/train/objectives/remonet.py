"""ReMoNet: every frame of a window without its noise; two networks learn from each other too."""
from __future__ import annotations

from collections.abc import Sequence

from refvr import ops
from refvr.nn.module import Module
from refvr.train.objective import Losses, Objective, distance, mean_square
from refvr.train.perceptual import VGG19
from refvr.train.recipes import Recipe
from refvr.train.samplers import Batch, Noisy, Told


def denoised(networks: Sequence[Module], batch: Batch, recipe: Recipe, vgg: VGG19 | None) -> Losses:
    """Every network's distance, and between two networks their likeness."""
    *given, clean = batch                                                     # noisy windows, maybe their noise maps
    outputs = [network(*given) for network in networks]
    loss = distance(outputs[0], clean, recipe.loss)
    for y in outputs[1:]:
        loss = loss + distance(y, clean, recipe.loss) + ops.similarity_loss(outputs[0], y)
    yield loss, mean_square(outputs[0], clean)


REMONET = Objective(
    "denoise", lambda config, recipe: (config.frames, recipe.patch),
    lambda clips, recipe, config, seed, scenes: (Told if config.noise_map else Noisy)(
        clips, recipe, frames=config.frames, seed=seed, scenes=scenes), denoised)

"""What a network is trained for: how its batches are drawn, and its losses. One row for each network.

    losses(networks, batch, recipe, vgg)  yields (loss, mean square error) once for every update that a batch gives

All but STFAN give one. STFAN restores the frames of a clip one after the other and learns from each; what a frame
leaves to the next is a constant there, as in verify/cases/steps/stfan.py.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from refvr import ops
from refvr.autodiff import array_of
from refvr.degrade import duf, safa
from refvr.errors import InputError
from refvr.nn.module import Module
from refvr.records import NETWORKS, resolved
from refvr.train.clips import Clip
from refvr.train.perceptual import VGG19, percept
from refvr.train.recipes import Recipe
from refvr.train.samplers import BORDER, Batch, Between, Blurred, Noisy, Sampler, Smaller, Told
from refvr.types import Array, Config

Losses = Iterator[tuple[Array, float]]

FLAWLESS = 1e-5  # mean square error, 50 dB, beyond which the loss "psnr" asks for little more


@dataclass(frozen=True)
class Objective:
    """One row.

    task     row of evaluate/tasks.py, by which it is validated
    needs    (config, recipe) -> frames and side that a clip must have at least
    sampler  (clips, recipe, config, seed, scenes) -> Sampler
    losses   see the module
    blurs    clips become pairs of blurred and sharp frames first (train/pool.py)
    refuses  (config) -> what of it none trains, "" if nothing
    """

    task: str
    needs: Callable[[Config, Recipe], tuple[int, int]]
    sampler: Callable[[Sequence[Clip], Recipe, Config, int, Sequence[Clip]], Sampler]
    losses: Callable[[Sequence[Module], Batch, Recipe, VGG19 | None], Losses]
    blurs: bool = False
    refuses: Callable[[Config], str] = lambda config: ""


def distance(y: Array, clean: np.ndarray, loss: str) -> Array:
    """The loss of one network's output, a single value."""
    if loss == "sum_of_squares":
        return ops.mse_loss(y, clean, "sum") * (1 / (2 * len(clean)))
    if loss == "charbonnier_sum":
        return ops.charbonnier_loss(y, clean, "sum", eps=1e-12)
    if loss == "psnr":
        return _negative_psnr(y, clean)
    return {"mse": ops.mse_loss, "l1": ops.l1_loss, "charbonnier": ops.charbonnier_loss,
            "huber": ops.huber_loss}[loss](y, clean)


def _negative_psnr(y: Array, clean: np.ndarray) -> Array:
    """Minus the mean over samples of their PSNR in dB: what a sample hardly lacks counts as much as what another needs.

    d 10 log10(m) = 10 / ln 10 / m dm: the gradient of the samples' mean square errors m, each with a constant weight.
    """
    error = np.square(array_of(y) - clean, dtype=np.float64).mean(axis=tuple(range(1, clean.ndim))) + FLAWLESS
    slope = 10 / np.log(10) / error
    share = np.sqrt(slope).astype(clean.dtype).reshape(-1, *[1] * (clean.ndim - 1))
    weighted = ops.mse_loss(y * share, clean * share)
    return weighted + float(10 * np.log10(error).mean() - array_of(weighted))


def _mse(y: Array, clean: np.ndarray) -> float:
    return float(array_of(ops.mse_loss(array_of(y), clean)))


def denoised(networks: Sequence[Module], batch: Batch, recipe: Recipe, vgg: VGG19 | None) -> Losses:
    """Every network's distance, and between two networks their likeness."""
    *given, clean = batch                                                     # noisy windows, maybe their noise maps
    outputs = [network(*given) for network in networks]
    loss = distance(outputs[0], clean, recipe.loss)
    for y in outputs[1:]:
        loss = loss + distance(y, clean, recipe.loss) + ops.similarity_loss(outputs[0], y)
    yield loss, _mse(outputs[0], clean)


def enlarged(networks: Sequence[Module], batch: Batch, recipe: Recipe, vgg: VGG19 | None) -> Losses:
    """The middle frame of a window."""
    small, large = batch
    y = networks[0](small)
    yield distance(y, large, recipe.loss), _mse(y, large)


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
        yield loss, _mse(y, sharp)
        previous, restored, state = frame, np.clip(array_of(y), 0, 1), array_of(after)


def interpolated(networks: Sequence[Module], batch: Batch, recipe: Recipe, vgg: VGG19 | None) -> Losses:
    """The sum over the times of a batch."""
    first, second, times, answers, seeds, motion = batch
    routing = np.random.default_rng(seeds) if recipe.routing == "sample" else recipe.routing
    y, probabilities, _ = networks[0](first, second, times, routing=routing, motion=motion if motion.size else None)
    loss = distance(y, answers, recipe.loss) * float(answers.shape[1])
    yield loss + effort(probabilities) * recipe.price if recipe.price else loss, _mse(y, answers)


def effort(probabilities: Array) -> Array:
    """The work that a selector chooses, a share of that at the full scale; half costs 1/4 of it, a quarter 1/16.

    probabilities  (t, blocks, n, 2), see ops/route.py
    """
    p0, p1 = probabilities[..., 0:1], probabilities[..., 1:2]
    return ops.mean(p1 * (p0 * 0.75 + 0.1875) + 0.0625, axis=(0, 1, 2, 3))


def _large_side(config: Config, recipe: Recipe) -> int:
    return config.scale * (recipe.patch + 2 * BORDER)


def _smaller(degrade: Callable[..., np.ndarray], clips: Sequence[Clip], recipe: Recipe, config: Config,
             seed: int, scenes: Sequence[Clip]) -> Sampler:
    return Smaller(clips, recipe, frames=config.frames, scale=config.scale, seed=seed, scenes=scenes,
                   shrunk=partial(degrade, scale=config.scale))


def _bicubic(frames: np.ndarray, scale: int) -> np.ndarray:
    return safa.quarter(frames)


REMONET = Objective(
    "denoise", lambda config, recipe: (config.frames, recipe.patch),
    lambda clips, recipe, config, seed, scenes: (Told if config.noise_map else Noisy)(
        clips, recipe, frames=config.frames, seed=seed, scenes=scenes), denoised)
DUF = Objective("sr", lambda config, recipe: (config.frames, _large_side(config, recipe)),
                partial(_smaller, duf.downsample), enlarged)
EDVR = Objective("sr", lambda config, recipe: (config.frames, _large_side(config, recipe)),
                 partial(_smaller, _bicubic), enlarged, refuses=lambda config: "hr_in" if config.hr_in else "")
STFAN = Objective("deblur", lambda config, recipe: (recipe.sequence + 2, recipe.patch),
                  lambda clips, recipe, config, seed, scenes: Blurred(clips, recipe, seed=seed, scenes=scenes),
                  deblurred, blurs=True)
SAFA = Objective("spacetime", lambda config, recipe: (recipe.interval + 1, _large_side(config, recipe)),
                 lambda clips, recipe, config, seed, scenes: Between(clips, recipe, seed=seed, scenes=scenes,
                                                                      motion=config.motion), interpolated)


def objective_of(network: str, config: Config) -> Objective:
    """The objective in the record of a network. Raises InputError for those, or configurations, that none trains."""
    objective = resolved(NETWORKS[network].objective)
    refused = objective.refuses(config) if objective else ""
    if objective is None or refused:
        trained = ", ".join(name for name, record in NETWORKS.items() if record.objective)
        raise InputError(f"no recipe trains {network}{refused and f' with {refused}'}; expected one of {trained}")
    return objective

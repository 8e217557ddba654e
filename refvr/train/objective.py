"""What a network is trained for: how its batches are drawn, and its losses. Its record names its Objective.

    losses(networks, batch, recipe, vgg)  yields (loss, mean square error) once for every update that a batch gives

Those of our networks are in objectives/, a file each; one that lives elsewhere brings its own.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from refvr import ops
from refvr.autodiff import array_of
from refvr.errors import InputError
from refvr.nn.module import Module
from refvr.records import NETWORKS, resolved
from refvr.train.clips import Clip
from refvr.train.perceptual import VGG19
from refvr.train.recipes import Recipe
from refvr.train.samplers import Batch, Sampler
from refvr.types import Array, Config

Losses = Iterator[tuple[Array, float]]

FLAWLESS = 1e-5  # mean square error, 50 dB, beyond which the loss "psnr" asks for little more


@dataclass(frozen=True)
class Objective:
    """How one network is trained.

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


def mean_square(y: Array, clean: np.ndarray) -> float:
    """The mean square error of an output, off the tape."""
    return float(array_of(ops.mse_loss(array_of(y), clean)))


def objective_of(network: str, config: Config) -> Objective:
    """The objective in the record of a network. Raises InputError for those, or configurations, that none trains."""
    objective = resolved(NETWORKS[network].objective)
    refused = objective.refuses(config) if objective else ""
    if objective is None or refused:
        trained = ", ".join(name for name, record in NETWORKS.items() if record.objective)
        raise InputError(f"no recipe trains {network}{refused and f' with {refused}'}; expected one of {trained}")
    return objective

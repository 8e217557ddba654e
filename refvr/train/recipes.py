"""Recipes: everything that decides what a training run computes, apart from data, seed and length, as plain values.

They are in the records of the networks. Those named after a published network follow its authors as far as their
training is known (each module of this room names its sources); `remonet` is two networks that also learn from each
other. Those with -s are ours, for small networks and short runs on a CPU. A recipe is stored with every checkpoint.
"""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from refvr.errors import InputError
from refvr.records import MODELS, NETWORKS
from refvr.train.schedules import cosine_epochs, cosine_periods, warmup_cosine
from refvr.types import Options

LOSSES = ("sum_of_squares", "mse", "l1", "charbonnier", "charbonnier_sum", "huber", "psnr")
SCHEDULES = ("epochs", "cosine", "falls", "restarts")


@dataclass(frozen=True)
class Recipe:
    """How to train.

    networks        1, or 2 that learn from each other as well (the similarity loss couples them); the first is kept
    loss            "sum_of_squares" (summed over everything, / 2N), the sum "charbonnier_sum", the mean of "mse",
                    "l1", "charbonnier", "huber", or "psnr", minus the mean PSNR of the samples in dB
    percept         weight of the perceptual loss, where VGG's weights are given; for STFAN
    batch, patch    windows in a batch; side of their squares in pixels of the frames that come in
    sequence        frames of a training clip, one update for each; for STFAN
    interval, times frames from the first to the last of a window, and times asked for in it, 1 or 3; for SAFA
    routing         its scales: "sample", drawn as its authors do, or "threshold"
    price           what running at the full scale costs, in units of the loss; a half costs a quarter of it
    steps           optimiser steps
    lr, schedule    peak learning rate; "epochs" (ReMoNet's cosine, constant within an epoch), "cosine", "falls"
                    (tenfold, at the shares `falls` of the run), "restarts" (cosines over the shares `periods`)
    floor           lowest rate of cosine and restarts
    epochs, warmup  epochs of "epochs"; first steps of "cosine", in which the rate rises to its peak
    betas           of Adam
    weight_decay    decoupled decay (AdamW); 0: Adam
    clip_norm       largest norm of the gradient of a network; 0: any
    guard           a step whose gradient is longer than so many times the usual (median of 101) is left out; 0: none is
    average         decay of the moving average of weights that is kept and validated; 0: the weights themselves
    sigma           noise levels, uniform from .. to, on the scale 0 .. 255
    low             share of the levels that are drawn with a preference for low ones; for denoisers that are told them
    scenes, pool    share of samples from rendered scenes, or for denoisers that are told the level from clips
                    with real noise; how many are made at the start
    pairs           windows of the clips that are blurred at the start; for STFAN
    footage         share of samples whose small frames are made as real footage has them; for EDVR x4
    clip_weighting  "length": every window of the data is equally likely; "equal": every clip is
    strides         weights of taking every, every second, every third ... frame
    reverse         play half of the windows backwards
    shrink          share of samples that are shrunk by 1 .. shrink_limit, which makes them sharper and faster
    augment         "batch": one of the nine transforms of ReMoNet for all; "sample": one of eight symmetries for each;
                    "stfan": all that STFAN's authors vary; "none"
    jitter          brightness and colour gain, exp(-jitter) .. exp(jitter), clipped at white
    """

    networks: int = 1
    loss: str = "sum_of_squares"
    batch: int = 12
    patch: int = 96
    steps: int = 60 * 256_000 // 12
    lr: float = 8e-4
    schedule: str = "epochs"
    epochs: int = 60
    warmup: int = 0
    floor: float = 0.0
    falls: tuple[float, ...] = (0.5,)
    periods: tuple[float, ...] = (1.0,)
    factors: tuple[float, ...] = (1.0,)
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    guard: float = 0.0
    average: float = 0.0
    sigma: tuple[float, float] = (5.0, 55.0)
    low: float = 0.0
    clip_weighting: str = "length"
    strides: tuple[float, ...] = (1.0,)
    reverse: bool = False
    shrink: float = 0.0
    shrink_limit: float = 2.0
    augment: str = "batch"
    jitter: float = 0.0
    scenes: float = 0.0
    pool: int = 0
    pairs: int = 80
    sequence: int = 1
    percept: float = 0.0
    interval: int = 8
    times: int = 3
    routing: str = "sample"
    footage: float = 0.0
    price: float = 0.0

    def rate(self, step: int, progress: float) -> float:
        """Learning rate of step `step` (from 0), when the share `progress` of the run is done."""
        if self.schedule == "epochs":
            epoch = int(progress * self.epochs + 1e-6)  # progress is a quotient: 3 / 60 * 60 must not be 2
            return cosine_epochs(epoch, peak=self.lr, epochs=self.epochs, steps_per_epoch=1)
        if self.schedule == "falls":
            return self.lr * 0.1 ** sum(progress >= fall for fall in self.falls)
        if self.schedule == "restarts":
            return cosine_periods(progress, peak=self.lr, floor=self.floor, periods=self.periods, factors=self.factors)
        return warmup_cosine(step, progress, peak=self.lr, warmup=self.warmup, floor=self.floor)


def recipes() -> dict[str, Recipe]:
    """Name -> recipe: those of all networks, from their records."""
    return {name: Recipe(**values) for record in NETWORKS.values() for name, values in record.recipes.items()}


def usual(model: str) -> str:
    """The name of the recipe that trains a model where none is named: its own, or that of its network."""
    return model if model in recipes() else MODELS[model].network


def recipe_of(name: str, changes: Options | None = None) -> Recipe:
    """The recipe of that name with single values changed. Raises InputError naming what does not exist or fit."""
    known = recipes()
    if name not in known:
        raise InputError(f"no recipe {name!r}", fix=f"recipes are: {', '.join(known)}")
    return checked(changed(known[name], changes or {}))


def changed(recipe: Recipe, changes: Options) -> Recipe:
    """`recipe` with `changes`, whose values take the type that the recipe has there."""
    types = {field.name: type(getattr(recipe, field.name)) for field in fields(recipe)}
    unknown = [key for key in changes if key not in types]
    if unknown:
        raise InputError(f"a recipe has no {unknown[0]!r}", fix=f"it has {', '.join(types)}")
    return replace(recipe, **{key: _converted(key, value, getattr(recipe, key)) for key, value in changes.items()})


def _converted(key: str, value: Any, default: Any) -> Any:
    """`value` in the type of `default`; nothing is rounded, and no word is taken for true."""
    kind = type(default)
    try:
        result = tuple(map(float, value)) if kind is tuple else kind(value)
        if kind in (bool, int) and result != value:
            raise ValueError
    except (TypeError, ValueError):
        raise InputError(f"{key}: got {value!r}, expected a value such as {json.dumps(default)}") from None
    return result


def checked(recipe: Recipe) -> Recipe:
    """`recipe` itself, if its values make sense together; else InputError."""
    conditions = {
        "networks is 1 or 2": recipe.networks in (1, 2),
        f"loss is one of {', '.join(LOSSES)}": recipe.loss in LOSSES,
        "batch, patch, steps, pairs and epochs are at least 1":
            min(recipe.batch, recipe.patch, recipe.steps, recipe.pairs, recipe.epochs) >= 1,
        "lr is above 0": recipe.lr > 0,
        f"schedule is one of {', '.join(SCHEDULES)}": recipe.schedule in SCHEDULES,
        "periods add up to 1 and have one factor each":
            abs(sum(recipe.periods) - 1) < 1e-6 and len(recipe.periods) == len(recipe.factors),
        "augment is batch, sample, stfan or none": recipe.augment in ("batch", "sample", "stfan", "none"),
        "sequence is at least 1, interval at least 2, times 1 or 3":
            recipe.sequence >= 1 and recipe.interval >= 2 and recipe.times in (1, 3),
        "scenes is a share, 0 .. 1, and pool above 0 where it is": 0 <= recipe.scenes <= 1 and
            recipe.pool >= (recipe.scenes > 0),
        "routing is sample or threshold": recipe.routing in ("sample", "threshold"),
        "betas are two numbers from 0 to below 1": len(recipe.betas) == 2 and all(0 <= b < 1 for b in recipe.betas),
        "clip_weighting is length or equal": recipe.clip_weighting in ("length", "equal"),
        "average is from 0 to below 1": 0 <= recipe.average < 1,
        "sigma is two numbers, 0 <= from <= to": len(recipe.sigma) == 2 and 0 <= recipe.sigma[0] <= recipe.sigma[1],
        "strides begin with a weight above 0": bool(recipe.strides) and recipe.strides[0] > 0 <= min(recipe.strides),
        "warmup, floor, weight_decay, clip_norm, guard, percept, price, shrink and jitter are not negative":
            min(recipe.warmup, recipe.floor, recipe.weight_decay, recipe.clip_norm, recipe.guard, recipe.percept,
                recipe.price, recipe.shrink, recipe.jitter) >= 0,
        "shrink_limit is at least 1": recipe.shrink_limit >= 1,
    }
    broken = [text for text, holds in conditions.items() if not holds]
    if broken:
        named = {key: value for key, value in asdict(recipe).items() if key in broken[0].replace(",", "").split()}
        raise InputError(f"recipe: expected that {broken[0]}; got {json.dumps(named)}")
    return recipe

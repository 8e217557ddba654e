"""Recipes: everything that decides what a training run computes, apart from data, seed and length, as plain values.

`remonet` is the published recipe (xiangly55/ReMoNet, Gaussian_exp): two networks that also learn from each other.
`remonet-s` is ours for small networks and short runs on a CPU. A recipe is stored with every checkpoint.
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from refvr.errors import InputError
from refvr.train.schedules import cosine_epochs, warmup_cosine

LOSSES = ("sum_of_squares", "mse", "l1", "charbonnier")


@dataclass(frozen=True)
class Recipe:
    """How to train.

    networks        1, or 2 that learn from each other as well (the similarity loss couples them); the first is kept
    loss            "sum_of_squares" (summed over everything, / 2N), or the mean of "mse", "l1", "charbonnier"
    batch, patch    windows in a batch; side of their squares in pixels
    steps           optimiser steps
    lr, schedule    peak learning rate; "epochs" (the published cosine, constant within an epoch) or "cosine"
    epochs, warmup  epochs of the former; first steps of the latter, in which the rate rises to its peak
    weight_decay    decoupled decay (AdamW); 0: Adam
    clip_norm       largest norm of the gradient of a network; 0: any
    average         decay of the moving average of weights that is kept and validated; 0: the weights themselves
    sigma           noise levels, uniform from .. to, on the scale 0 .. 255
    clip_weighting  "length": every window of the data is equally likely; "equal": every clip is
    strides         weights of taking every, every second, every third ... frame
    reverse         play half of the windows backwards
    shrink          share of samples that are shrunk by 1 .. shrink_limit, which makes them sharper and faster
    augment         "batch": one of the nine published transforms for all; "sample": one of eight symmetries for each
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
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    average: float = 0.0
    sigma: tuple[float, float] = (5.0, 55.0)
    clip_weighting: str = "length"
    strides: tuple[float, ...] = (1.0,)
    reverse: bool = False
    shrink: float = 0.0
    shrink_limit: float = 2.0
    augment: str = "batch"
    jitter: float = 0.0

    def rate(self, step: int, progress: float) -> float:
        """Learning rate of step `step` (from 0), when the share `progress` of the run lies behind."""
        if self.schedule == "epochs":
            epoch = int(progress * self.epochs + 1e-6)  # progress is a quotient: 3 / 60 * 60 must not be 2
            return cosine_epochs(epoch, peak=self.lr, epochs=self.epochs, steps_per_epoch=1)
        return warmup_cosine(step, progress, peak=self.lr, warmup=self.warmup)


RECIPES = {
    "remonet": Recipe(networks=2),
    "remonet-s": Recipe(batch=8, patch=64, steps=20_000, lr=1e-3, schedule="cosine", warmup=200, clip_norm=0.1,
                        loss="charbonnier", average=0.999, clip_weighting="equal", strides=(6.0, 3.0, 1.0),
                        reverse=True, shrink=0.5, augment="sample", jitter=0.2),
}


def recipe_of(name: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe of that name with single values changed. Raises InputError naming what does not exist or fit."""
    if name not in RECIPES:
        raise InputError(f"no recipe {name!r}", fix=f"recipes are: {', '.join(RECIPES)}")
    return checked(changed(RECIPES[name], changes or {}))


def changed(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
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
        "batch, patch, steps and epochs are at least 1":
            min(recipe.batch, recipe.patch, recipe.steps, recipe.epochs) >= 1,
        "lr is above 0": recipe.lr > 0,
        "schedule is epochs or cosine": recipe.schedule in ("epochs", "cosine"),
        "augment is batch or sample": recipe.augment in ("batch", "sample"),
        "clip_weighting is length or equal": recipe.clip_weighting in ("length", "equal"),
        "average is from 0 to below 1": 0 <= recipe.average < 1,
        "sigma is two numbers, 0 <= from <= to": len(recipe.sigma) == 2 and 0 <= recipe.sigma[0] <= recipe.sigma[1],
        "strides begin with a weight above 0": bool(recipe.strides) and recipe.strides[0] > 0 <= min(recipe.strides),
        "warmup, weight_decay, clip_norm, shrink and jitter are not negative":
            min(recipe.warmup, recipe.weight_decay, recipe.clip_norm, recipe.shrink, recipe.jitter) >= 0,
        "shrink_limit is at least 1": recipe.shrink_limit >= 1,
    }
    broken = [text for text, holds in conditions.items() if not holds]
    if broken:
        named = {key: value for key, value in asdict(recipe).items() if key in broken[0].replace(",", "").split()}
        raise InputError(f"recipe: expected that {broken[0]}; got {json.dumps(named)}")
    return recipe

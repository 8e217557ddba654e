"""The zoo: every network and configuration refvr knows, by name, with the source and licence of its weights.

`build("remonet")` makes the network, `zoo.load("remonet-s")` also fills it with weights. Their
rows are in the records of the networks (refvr/records/).
"""
from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from refvr.errors import InputError, RefvrError, WeightsError, nearest
from refvr.records import MODELS, NETWORKS, Model, resolved
from refvr.types import Config, Options

if TYPE_CHECKING:  # who reads about models needs no kernels
    from refvr.nn.module import Module

FORMER = {"gentle": "identity_init"}   # options by the names that older weight files have


def names_for(task: str) -> list[str]:
    """The models for a task, embedded ones first."""
    return sorted((name for name, row in MODELS.items() if row.task == task), key=lambda name: not MODELS[name].weights)


def purposes() -> dict[str, str]:
    """What a model is taken for where none is named, such as "sr" or "sr x4" -> its name; of several the last."""
    return {purpose: name for name, row in MODELS.items() for purpose in row.recommended}


def recommended(task: str, scale: int | None = None, *, real: bool = False) -> str:
    """The model that is used for a task where none is named, for super-resolution by that scale (None: any).

    real  for footage as cameras and sites leave it: compressed, noisy. InputError with what has a model.
    """
    known = purposes()
    if task not in known:
        tasks = [name for name in known if " " not in name]
        raise InputError(f"no model is recommended for the task {task!r}",
                         fix=nearest(task, tasks, f"tasks are: {', '.join(tasks)}; or name a model"))
    wanted = task + (f" x{scale}" if scale is not None and (task == "sr" or real) else "") + real * " real"
    if wanted in known:
        return known[wanted]
    if real:
        raise InputError(f"no model that is here is made for real footage and {task}{f' by {scale}' if scale else ''}",
                         fix="--task sr, 4 times, has one")
    scales = [name.partition(" x")[2] for name in known if " x" in name and not name.endswith("real")]
    raise InputError(f"no model that is here enlarges {scale} times",
                     fix=f"scales are: {', '.join(scales)}; or give --model and --weights")


def config(name: str, **options: object) -> Config:
    """The configuration of a model of the zoo, with `options` changed."""
    row = row_of(name)
    default = _config_of(row.network)(**dict(row.options))
    unknown = [key for key in options if key not in asdict(default)]
    if unknown:
        raise InputError(f"{name} has no option {unknown[0]!r}",
                         fix=nearest(unknown[0], asdict(default), f"its options are {', '.join(asdict(default))}"))
    return replace(default, **options)


def row_of(name: str) -> Model:
    """The row of a model; InputError with the nearest names."""
    if name not in MODELS:
        raise InputError(f"no model {name!r}", fix=nearest(name, MODELS, "`refvr models` lists them"))
    return MODELS[name]


def build(name: str, **options: object) -> Module:
    """The network of a model, parameters zero; `options` change single fields of its configuration.

    Raises InputError for a name or an option that is not known, and for values that make no network.
    """
    made = _class_of(row_of(name).network)
    if not options:
        return made(config(name))
    try:
        return made(config(name, **options))
    except (TypeError, ValueError, ArithmeticError, LookupError, MemoryError) as error:
        if isinstance(error, RefvrError):
            raise
        raise InputError(f"no {name} has the options {str(options)[:200]}: {error}",
                         fix=f"the usual ones are {config(name)}") from error


def build_network(network: str, options: Options) -> Module:
    """The network class `network` with the Config fields `options` (as a weight file's attribute "config" has them)."""
    if network not in NETWORKS:
        raise WeightsError(f"unknown network {network!r}",
                           fix=nearest(network, NETWORKS, f"networks are: {', '.join(NETWORKS)}"))
    options = {FORMER.get(key, key): tuple(value) if isinstance(value, list) else value
               for key, value in options.items()}
    try:
        return _class_of(network)(_config_of(network)(**options))
    except RefvrError:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError, MemoryError) as error:
        raise WeightsError(f"no {NETWORKS[network].title} has the options {str(options)[:200]}: {error}",
                           fix="the attribute config of the weight file is damaged") from error


def _class_of(network: str) -> Callable[[Config], Module]:
    return resolved(NETWORKS[network].page)


def _config_of(network: str) -> Callable[..., Config]:
    """The class Config beside the network's."""
    return sys.modules[_class_of(network).__module__].Config

"""`train`: puts a run together from a model's name, folders and a few numbers, and lets it go."""
from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from refvr.checkpoints import h5
from refvr.errors import InputError, WeightsError
from refvr.networks import zoo
from refvr.train import checkpoint
from refvr.train.clips import load_clips
from refvr.train.data import Sampler
from refvr.train.fit import Habits, Report, Run
from refvr.train.loop import State, Trainer
from refvr.train.memory import keep_memory
from refvr.train.plan import Plan
from refvr.train.recipes import RECIPES, Recipe, recipe_of


def train(model: str, data: str | Path, out: str | Path, *, val: str | Path | None = None, recipe: str | None = None,
          changes: Mapping[str, Any] | None = None, steps: str | int | None = None, seed: int = 0,
          resume: bool = False, start: str | Path | None = None, habits: Habits | None = None,
          report: Report | None = None) -> Path:
    """Train `model` on the clips in `data`; returns the weight file, `out`/weights.h5.

    model    row of the zoo, "remonet" or "remonet-s"
    recipe   name in recipes.RECIPES; default: that of the model's name, else of its network
    changes  single values of the recipe, or of the network's configuration
    steps    length as in plan.py; default: a budget in `habits.hours`, else what the recipe says
    resume   go on with `out`/checkpoint.h5: same options and data required; the length is the one recorded there
    start    weight file to start from instead of random weights
    Raises InputError, WeightsError, OutputError; KeyboardInterrupt, after saving, when the user stops it.
    """
    habits, report, out = habits or Habits(), report or Report(), Path(out)
    network, changes = zoo.row_of(model).network, dict(changes or {})
    steps = changes.pop("steps", None) if steps is None else steps
    plan_given = None if steps is None else Plan.parse(str(steps))
    if network != "remonet":
        raise InputError(f"no recipe trains {model}; expected remonet or remonet-s")
    values, options = _sorted(changes)
    _check_options(options, zoo.config(model))
    chosen = recipe_of(recipe or (model if model in RECIPES else network), values)
    saved = checkpoint.load(out / "checkpoint.h5") if resume else None
    _make_folder(out, resume)
    trainer = Trainer(model, chosen, seed=seed, options=options, start=_weights(start, network))
    frames, multiple = trainer.networks[0]._config.frames, trainer.networks[0]._config.multiple
    if chosen.patch % multiple:
        raise InputError(f"patch: got {chosen.patch}, expected a multiple of {multiple} for {model}")
    clips = load_clips(data, frames=frames, side=chosen.patch, warn=report.note)
    facts = {"model": model, "config": trainer.config, "recipe": asdict(replace(chosen, steps=0)), "seed": seed,
             "start": str(start or ""), "data": [clip.facts() for clip in clips]}
    sampler = Sampler(clips, chosen, frames=frames, seed=seed)
    run = Run(trainer, sampler, plan_given or Plan([(0, chosen.steps)]), out, facts=facts,
              val=load_clips(val, warn=report.note) if val else [], habits=habits, report=report)
    if saved:
        checkpoint.check_same(saved.facts, facts, out / "checkpoint.h5")
        run.resume(saved)
        if plan_given and plan_given.notes != run.plan.notes:
            raise InputError(f"steps: {out / 'checkpoint.h5'} was planned for {run.plan}, got {plan_given}",
                             fix="leave out --steps, or start another run from its weights.h5 with --start")
    elif habits.hours is not None and not plan_given:
        report.note("measuring the time of a step")
        run.plan = Plan([(0, _affordable(trainer, sampler, habits.hours * 3600))])
    size = trainer.networks[0].parameter_count()
    keep_memory()
    report.note(f"training {model}: {size} parameters, {len(clips)} clips, "
                f"{chosen.batch} windows of {frames}x{chosen.patch}x{chosen.patch} a step, {run.plan.total} steps"
                + (f", from step {run.step} on" if saved else ""))
    run.go()
    return out / "weights.h5"


def _sorted(changes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of `changes` belongs to the recipe and what to the network."""
    names = {field.name for field in fields(Recipe)}
    values = {key: value for key, value in changes.items() if key in names}
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in changes.items()
               if key not in names}
    return values, options


def _check_options(options: Mapping[str, Any], defaults: Any) -> None:
    """Values of the kind that the network's configuration has; its own checks take over from there."""
    for key, value in options.items():
        default = getattr(defaults, key, value)  # zoo.config names the options when there is no such one
        default = defaults.widths if default is None else default  # fusion_widths
        if not _alike(value, default):
            raise InputError(f"{key}: got {value!r}, expected a value such as {default!r}")


def _alike(value: Any, default: Any) -> bool:
    if isinstance(default, tuple):
        return isinstance(value, tuple) and len(value) == len(default) and all(map(_alike, value, default))
    return type(value) is type(default) and (type(value) is not int or value > 0)


def _make_folder(out: Path, resume: bool) -> None:
    if not resume and (out / "checkpoint.h5").exists():
        raise InputError(f"{out} holds a run already", fix="continue it with --resume, or give another folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        from refvr.media.atomic import unwritable

        raise unwritable(out, error) from error


def _weights(path: str | Path | None, network: str) -> State | None:
    if path is None:
        return None
    state, attributes = h5.load(path)
    if attributes["network"] != network:
        raise WeightsError(f"{path} holds weights of {attributes['network']}, expected {network}")
    return state


def _affordable(trainer: Trainer, sampler: Sampler, seconds: float) -> int:
    """Steps that fit into `seconds`: gradients without an update, the first (which may compile) not counted."""
    trainer.gradients(*sampler.batch(0))
    began, count = time.monotonic(), 0
    while count < 3 or (time.monotonic() - began < 10 and count < 20):
        trainer.gradients(*sampler.batch(count))
        count += 1
    return max(1, round(seconds * count / (time.monotonic() - began)))

"""`train`: puts a run together from a model's name, folders and a few options, and starts it."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from refvr import zoo
from refvr.checkpoints import h5
from refvr.checkpoints.read import read
from refvr.errors import InputError, WeightsError
from refvr.nn.module import Module
from refvr.train import checkpoint
from refvr.train.clips import load_clips
from refvr.train.fit import Habits, Listener, Report, Run
from refvr.train.loop import Trainer
from refvr.train.memory import keep_memory
from refvr.train.objective import objective_of
from refvr.train.perceptual import VGG19, vgg19
from refvr.train.plan import Plan
from refvr.train.pool import make_pool
from refvr.train.recipes import Recipe, recipe_of, usual
from refvr.train.samplers import Sampler
from refvr.train.validate import Validation
from refvr.types import Config, Options


def train(model: str | None, data: str | Path | None, out: str | Path, *, val: str | Path | None = None,
          recipe: str | None = None, changes: Options | None = None, steps: str | int | None = None,
          seed: int | None = None, resume: bool = False, start: str | Path | None = None,
          vgg: str | Path | None = None, habits: Habits | None = None, report: Listener | None = None) -> Path:
    """Train `model` on the clips in `data`; returns the weight file, `out`/weights.h5.

    model    row of the zoo whose network has an objective in its record
    recipe   name in the records of networks; default: that of the model's name, otherwise of its network's
    changes  single values of the recipe, or of the network's configuration
    steps    length as in plan.py; default: a budget in `habits.hours`, else what the recipe says
    seed     default 0
    resume   go on with `out`/checkpoint.h5: what is not given is taken from it, what is given must be the same
    start    weight file to start from instead of random weights; of another configuration: what fits is taken
    vgg      torchvision's VGG19 weights, for recipes with a perceptual loss
    Raises InputError, WeightsError, OutputError; KeyboardInterrupt, after saving, when the user stops it.
    """
    habits, report, out = habits or Habits(), report or Report(), Path(out)
    saved = checkpoint.load(out / "checkpoint.h5") if resume else None
    asked = Asked.of(saved, model=model, data=data, val=val, recipe=recipe, changes=dict(changes or {}), seed=seed,
                     start=start, vgg=vgg, hours=habits.hours if steps is None else None, habits=habits.chosen())
    changes, habits = dict(asked.changes), _habits(asked)
    steps = changes.pop("steps", None) if steps is None else steps
    plan_given = None if steps is None else Plan.parse(str(steps))
    network = zoo.row_of(asked.model).network
    objective_of(network, zoo.config(asked.model))
    values, options = _sorted(changes)
    _check_options(options, zoo.config(asked.model))
    chosen = recipe_of(asked.recipe or usual(asked.model), values)
    _make_folder(out, resume)
    with _stops_are_told(out):
        trainer = Trainer(asked.model, chosen, seed=asked.seed, options=options, vgg=vgg_of(asked.vgg),
                          start=None if asked.start is None else starting_weights(asked.start, network, report.note))
        sampler, facts = _samples(trainer, asked, out, report)
        validation = _validation(trainer, asked, habits, report, facts["data"])
        run = Run(trainer, sampler, plan_given or Plan([(0, chosen.steps)]), out, facts=facts, asked=asdict(asked),
                  validation=validation, habits=habits, report=report)
        if saved:
            checkpoint.check_same(saved.facts, facts, out / "checkpoint.h5")
            run.resume(saved)
            if plan_given and plan_given.notes != run.plan.notes:
                raise InputError(f"steps: {out / 'checkpoint.h5'} was planned for {run.plan}, got {plan_given}",
                                 fix="leave out --steps, or start another run from its weights.h5 with --start")
        elif habits.hours is not None and not plan_given:
            report.note("measuring the time of a step")
            run.plan = Plan([(0, _affordable(trainer, sampler, habits.hours * 3600))])
        keep_memory()
        report.note(f"training {asked.model}: {trainer.networks[0].parameter_count()} parameters, {len(facts['data'])} "
                    f"clips, batches of {chosen.batch}, {run.plan.total} steps"
                    + (f", from step {run.step} on" if saved else ""))
        run.go()
    return out / "weights.h5"


@contextmanager
def _stops_are_told(out: Path) -> Iterator[None]:
    """Who stops it while clips are read, or in the middle of a step, hears what is kept."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if str(stop):
            raise
        kept = out / "checkpoint.h5"
        if kept.exists():
            raise KeyboardInterrupt(f"what {kept} had is kept, continue with --resume") from stop
        raise KeyboardInterrupt("no step is kept, as none was complete; the same command begins anew") from stop


@dataclass(frozen=True)
class Asked:
    """The options of a run, which a checkpoint keeps so that --resume needs none of them.

    habits  those that are not the default; one that is given anew counts
    """

    model: str
    data: str
    val: str | None
    recipe: str | None
    changes: dict[str, Any]
    seed: int
    start: str | None
    vgg: str | None
    hours: float | None
    habits: dict[str, Any]

    @classmethod
    def of(cls, saved: checkpoint.Checkpoint | None, **given: Any) -> Asked:
        """What is given, and where something is not, what `saved` has, or else the default."""
        known = saved.progress["asked"] if saved else {}
        paths = {key: str(Path(given[key]).absolute()) for key in ("data", "val", "start", "vgg")
                 if given[key] is not None}
        given = {key: value for key, value in {**given, **paths}.items() if value not in (None, {})}
        given["habits"] = {**known.get("habits", {}), **given.get("habits", {})}
        merged = {**dict.fromkeys(cls.__dataclass_fields__), "changes": {}, "seed": 0, **known, **given}
        for key in ("model", "data"):
            if merged[key] is None:
                raise InputError(f"train: no {key} given", fix="only --resume, with --out, does without")
        return cls(**merged)


def _habits(asked: Asked) -> Habits:
    """Those that were asked for; a tuple is a list in a checkpoint."""
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value
                             for key, value in asked.habits.items()}
    return Habits(hours=asked.hours, **given)


def _samples(trainer: Trainer, asked: Asked, out: Path, report: Listener) -> tuple[Sampler, dict[str, Any]]:
    """The sampler of a run, and the facts about it."""
    recipe, objective, config = trainer.recipe, trainer.objective, trainer.networks[0].config
    multiple = config.multiple
    if recipe.patch % multiple:
        raise InputError(f"patch: got {recipe.patch}, expected a multiple of {multiple} for {asked.model}")
    frames, side = objective.needs(config, recipe)
    clips = load_clips(asked.data, frames=frames, side=side, warn=report.note)
    facts = {"model": asked.model, "config": trainer.config, "recipe": asdict(replace(recipe, steps=0)),
             "seed": asked.seed, "start": asked.start or "", "data": [clip.facts() for clip in clips]}
    pool = make_pool(clips, recipe, (frames, side), seed=asked.seed, blurs=objective.blurs, kept=out / "pool.h5",
                     tell=report.note, real=getattr(config, "noise_map", False))
    return objective.sampler(pool.pairs or clips, recipe, config, asked.seed, pool.scenes), facts


def _validation(trainer: Trainer, asked: Asked, habits: Habits, report: Listener, trained: list[Any]
                ) -> Validation | None:
    if asked.val is None:
        return None
    clips = load_clips(asked.val, warn=report.note)
    for clip in clips:
        if any(clip.facts()[1:] == facts[1:] for facts in trained):
            report.note(f"{clip.name} is trained on too: its validation says nothing about other clips")
    report.note("degrading the validation clips")
    return Validation(clips, trainer.objective.task, trainer.networks[0], frames=habits.val_frames,
                      sigmas=habits.val_sigmas)


def _sorted(changes: Options) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of `changes` belongs to the recipe and what to the network."""
    names = {field.name for field in fields(Recipe)}
    values = {key: value for key, value in changes.items() if key in names}
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in changes.items()
               if key not in names}
    return values, options


def _check_options(options: Options, defaults: Config) -> None:
    """Values of the kind that the network's configuration has; its own checks take over from there."""
    for key, value in options.items():
        default = getattr(defaults, key, value)  # zoo.config names the options when there is no such one
        default = defaults.widths if default is None else default  # fusion_widths
        if not _alike(value, default):
            raise InputError(f"{key}: got {value!r}, expected a value such as {default!r}")


def _alike(value: object, default: object) -> bool:
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


def starting_weights(path: str | Path, network: str, tell: Callable[[str], None]) -> Callable[[Module], None]:
    """A function that fills a network of that class from the file, with what fits by name and shape."""
    state, attributes = h5.load(path)
    if attributes["network"] != network:
        raise WeightsError(f"{path} holds weights of {attributes['network']}, expected {network}")

    def fill(net: Module) -> None:
        own = net.state()
        taken = {name: array for name, array in state.items() if name in own and own[name].shape == array.shape}
        if not taken:
            raise WeightsError(f"no weights of {path} fit the shapes of {type(net).__name__} as configured")
        if len(taken) < len(own):
            tell(f"{len(taken)} of {len(own)} arrays are taken from {path}, the others start anew")
        net.load({**own, **taken})

    return fill


def vgg_of(path: str | None) -> VGG19 | None:
    """The VGG19 in a weight file, which may hold more; None for None. Raises WeightsError where there is none."""
    if path is None:
        return None
    for arrays in read(path).groups.values():
        if taken := {name: array.read() for name, array in arrays.items() if "features." in name}:
            return vgg19(taken)
    raise WeightsError(f"{path} holds no VGG19, expected arrays features.0.weight ... as torchvision has them")


def _affordable(trainer: Trainer, sampler: Sampler, seconds: float) -> int:
    """Steps that fit into `seconds`: gradients without an update, the first (which may compile) not counted.

    Batch norms count batches and move their statistics, so the state is put back.
    """
    before = {name: array.copy() for name, array in trainer.state().items()}
    trainer.gradients(sampler.batch(0))
    began, count = time.monotonic(), 0
    while count < 3 or (time.monotonic() - began < 10 and count < 20):
        trainer.gradients(sampler.batch(count))
        count += 1
    taken = time.monotonic() - began
    trainer.load(before)
    return max(1, round(seconds * count / taken))

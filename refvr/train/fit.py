"""A whole training run: data in; checkpoint.h5, weights.h5, log.csv, loss.png out; stopped and resumed at will.

The batch of the next step is drawn in a second thread while the current one computes. What a step computes depends on
the seed, its number and the weights alone, so neither that, nor pauses, nor the number of threads change a bit.
"""
from __future__ import annotations

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from refvr import __version__, zoo
from refvr.checkpoints import h5
from refvr.errors import InputError, OutputError
from refvr.media.atomic import write_bytes
from refvr.train import checkpoint
from refvr.train.clocks import Every, Speed
from refvr.train.log import Log
from refvr.train.loop import DivergedError, Trainer
from refvr.train.plan import Plan
from refvr.train.plot import draw_log, save_picture
from refvr.train.samplers import Batch, Sampler
from refvr.train.stop_requests import stop_requests
from refvr.train.validate import Scores, Validation

ROLLS = 3  # so many times a run goes back to its last checkpoint, until it gives up
TOLD = 0.05  # a plan that changes by more than this share is told


class Listener(Protocol):
    """Who hears what a run tells while it goes."""

    def note(self, line: str) -> None:
        """Something worth a line."""

    def step(self, done: int, total: int, text: str) -> None:
        """`done` of `total` steps of this session are made."""


class Report:
    """The listener that keeps silent."""

    def note(self, line: str) -> None:
        """Something worth a line."""

    def step(self, done: int, total: int, text: str) -> None:
        """`done` of `total` steps of this session are made."""


@dataclass(frozen=True)
class Habits:
    """How a run behaves beside its steps; none of it changes what they compute.

    hours              time budget; None: as long as the plan says
    save_every_s       pause between checkpoints
    validate_every_s   pause between validations, on `val_frames` answers for each clip, for denoisers at `val_sigmas`
    licence            attribute of the weight file
    Raises InputError for numbers that cannot be meant.
    """

    hours: float | None = None
    save_every_s: float = 300.0
    validate_every_s: float = 600.0
    val_frames: int = 5
    val_sigmas: tuple[float, ...] = (3.0, 10.0, 25.0, 50.0)
    licence: str = "not stated"

    def __post_init__(self) -> None:
        pauses = self.save_every_s >= 0 and self.validate_every_s >= 0   # also not NaN
        for fits, what, value in ((self.hours is None or 0 < self.hours < math.inf, "hours above 0", self.hours),
                                  (pauses, "pauses of 0 s or more", (self.save_every_s, self.validate_every_s)),
                                  (self.val_frames >= 1, "at least 1 frame of validation", self.val_frames)):
            if not fits:
                raise InputError(f"train: got {value}, expected {what}")

    def chosen(self) -> dict[str, Any]:
        """Those that are not the default, but for the budget: what a checkpoint keeps of them."""
        return {key: value for key, value in asdict(self).items()
                if key != "hours" and value != getattr(type(self), key)}


class Run:
    """A run on its way.

    facts    what must not change when it is resumed (see checkpoint.py); asked: options to resume it with
    step     steps made; seconds: time spent so far, in earlier sessions too
    """

    def __init__(self, trainer: Trainer, sampler: Sampler, plan: Plan, out: Path, *, facts: dict[str, Any],
                 asked: dict[str, Any], validation: Validation | None, habits: Habits, report: Listener) -> None:
        self.trainer, self.sampler, self.plan, self.out = trainer, sampler, plan, out
        self.facts, self.asked, self.validation, self.habits, self.report = facts, asked, validation, habits, report
        self.step, self._before, self._began = 0, 0.0, time.monotonic()
        self._saved_step: int | None = None
        self._rolled_back = 0
        self._told = plan.total
        self._scores: Scores | None = None

    @property
    def seconds(self) -> float:
        """Time spent, without the pauses between sessions."""
        return self._before + time.monotonic() - self._began

    def resume(self, saved: checkpoint.Checkpoint) -> None:
        """Go on from a checkpoint of the same run."""
        self.trainer.load(saved.state)
        self.step, self._saved_step = saved.progress["step"], saved.progress["step"]
        self._before = saved.progress["seconds"]
        self.plan = Plan(saved.progress["plan"])
        self._told = self.plan.total

    def go(self) -> None:
        """Train to the end of the plan. Ctrl-C ends after the current step, with a checkpoint."""
        log = Log(self.out / "log.csv", step=self.step)
        with stop_requests() as stop, ThreadPoolExecutor(1, "refvr-data") as feeder:
            self._steps(log, stop, feeder)
        if stop.is_set() and self._saved_step != self.step:   # before the first step
            raise KeyboardInterrupt
        if stop.is_set() and self.step < self.plan.total:
            raise KeyboardInterrupt(f"step {self.step} of {self.plan.total} is kept in {self.out / 'checkpoint.h5'}, "
                                    "continue with --resume")

    def _steps(self, log: Log, stop: threading.Event, feeder: ThreadPoolExecutor) -> None:
        first, speed = self.step, Speed()
        clock = {"save": Every(self.habits.save_every_s), "validate": Every(self.habits.validate_every_s)}
        coming = feeder.submit(self.sampler.batch, self.step)
        while self.step < self.plan.total and not stop.is_set():
            batch = coming.result()
            coming = feeder.submit(self.sampler.batch, self.step + 1)
            row = self._one(batch)
            speed.tick()
            self.report.step(self.step - first, self.plan.total - first, f"loss {row['loss']:.4g}, lr {row['lr']:.2g}")
            self._keep_to_budget(speed)
            complete = self.step >= self.plan.total
            if self.validation and (complete or clock["validate"].due()):
                row |= self._validate(self.validation)
            log.add(**row)
            if complete or stop.is_set() or clock["save"].due():
                self._save(log, last=complete or stop.is_set())

    def _one(self, batch: Batch) -> dict[str, float]:
        """Make one step; returns its line for the log."""
        lr = self.trainer.recipe.rate(self.step, self.plan.progress(self.step))
        began = time.monotonic()
        try:
            row = self.trainer.step(batch, lr)
        except DivergedError as error:
            if self._saved_step is not None and self._rolled_back < ROLLS:
                return self._roll_back(error)
            kept = f"step {self._saved_step} is kept in {self.out / 'checkpoint.h5'}" if self._saved_step is not None \
                else "no checkpoint had been written yet"
            raise DivergedError(f"step {self.step + 1}: {error.message}; {kept}", fix=error.fix) from error
        self.step += 1
        if row.skipped:
            self.report.note(f"step {self.step}: left out, its gradient of length {row.norm:.3g} is unusual")
        return {"step": self.step, **row._asdict(), "lr": lr, "seconds": self.seconds,
                "windows_per_s": len(batch[0]) / max(time.monotonic() - began, 1e-9)}

    def _roll_back(self, error: DivergedError) -> dict[str, float]:
        """Weights and optimiser of the last checkpoint again, and on with the batches after the one that broke them."""
        self._rolled_back += 1
        self.trainer.load(checkpoint.load(self.out / "checkpoint.h5").state)
        self.step += 1
        self.report.note(f"step {self.step}: {error.message}; back to the weights of step {self._saved_step}")
        return {"step": self.step, "loss": math.nan, "lr": 0.0, "seconds": self.seconds, "skipped": 1}

    def _keep_to_budget(self, speed: Speed) -> None:
        """Estimate the number of steps again, ever more often towards the end; nothing where there is no budget."""
        if self.habits.hours is None:
            return
        left = self.habits.hours * 3600 - self.seconds
        if speed.measured_for() < max(5.0, min(300.0, left / 5)):
            return
        each = speed.seconds_per_step()
        total = self.step + max(1, round(left / each))
        if abs(total - self.plan.total) > 0.01 * (self.plan.total - self.step):
            self.plan.revise(self.step, total)
        if abs(total - self._told) > TOLD * self._told:
            self.report.note(f"step {self.step}: {total} steps in all, not {self._told}: a step takes "
                             f"{each:.3g} s, and {left:.0f} s of the budget are left")
            self._told = total

    def _validate(self, validation: Validation) -> dict[str, float]:
        """Mean validation PSNR of the weights as they would be saved, and of the baseline; keeps both of every clip."""
        network = zoo.build_network(zoo.row_of(self.trainer.model).network, self.trainer.config)
        self._scores, picture = validation.scores(network.load(self.trainer.weights()))
        self.report.note(f"step {self.step}: validation {self._scores.text()}")
        try:
            (self.out / "validation").mkdir(exist_ok=True)
            write_bytes(self.out / "validation" / f"{self.step:07d}.csv", self._scores.table().encode())
            save_picture(picture, self.out / "validation" / f"{self.step:07d}.png")
        except (OSError, OutputError) as error:
            self.report.note(f"figures and picture of this validation are not kept: {error}")
        return self._scores.figures()

    def _save(self, log: Log, *, last: bool) -> None:
        """Write everything. On a full disk the files that are there stay; only at the end that is an error."""
        try:
            self._write(log)
        except OutputError as error:
            if last:
                raise
            self.report.note(f"step {self.step} could not be saved, training goes on: {error}")

    def _write(self, log: Log) -> None:
        progress = {"step": self.step, "plan": self.plan.notes, "seconds": self.seconds, "asked": self.asked}
        checkpoint.save(self.out / "checkpoint.h5", checkpoint.Checkpoint(self.trainer.state(), self.facts, progress))
        self._saved_step = self.step
        h5.save(self.out / "weights.h5", self.trainer.weights(), self.attributes())
        log.save()
        draw_log([row for row in log.rows if not math.isnan(row["loss"])], self.out / "loss.png",
                 title=f"{self.trainer.model}, seed {self.facts['seed']}")

    def attributes(self) -> dict[str, Any]:
        """What the weight file says about itself."""
        scores = self._scores or Scores({}, {})
        names = [f"{name} ({frames} frames of {h}x{w})" for name, frames, h, w, _ in self.facts["data"]]
        return {"network": zoo.row_of(self.trainer.model).network, "config": self.trainer.config,
                "model": self.trainer.model, "recipe": asdict(self.trainer.recipe), "seed": self.facts["seed"],
                "steps": self.step, "plan": str(self.plan), "hours": round(self.seconds / 3600, 3), "data": names,
                "start": self.facts["start"], "psnr": {kind: round(value, 3) for kind, value in scores.network.items()},
                "baseline": {kind: round(value, 3) for kind, value in scores.baseline.items()},
                "licence": self.habits.licence, "date": date.today().isoformat(), "refvr": __version__}

"""The course of a run: budgets, plans that change, steps that diverge."""
from types import SimpleNamespace

import numpy as np
import pytest
from subjects import TRAINED

from refvr.train import checkpoint
from refvr.train.fit import Habits, Run
from refvr.train.loop import DivergedError, Trainer
from refvr.train.plan import Plan
from refvr.train.start import train

TINY = TRAINED["remonet"]
CHANGES = {**TINY, "batch": 2, "patch": 16, "warmup": 2}


def test_a_budget_in_hours_ends_with_the_schedule(data, tmp_path):
    train("remonet", data, tmp_path / "run", recipe="remonet-s", changes={**CHANGES, "warmup": 1},
          habits=Habits(hours=2 / 3600))
    saved = checkpoint.load(tmp_path / "run" / "checkpoint.h5")
    assert saved.progress["plan"][-1][1] == saved.progress["step"]
    rates = [float(line.split(",")[3]) for line in (tmp_path / "run" / "log.csv").read_text().splitlines()[1:]]
    assert len(rates) < 3 or rates[-1] < 0.5 * max(rates)


def test_a_plan_that_changes_says_why():
    lines, speed = [], SimpleNamespace(measured_for=lambda: 9.0, seconds_per_step=lambda: 0.5)
    report = SimpleNamespace(note=lines.append)
    run = Run(None, None, Plan([(0, 27)]), None, facts={}, asked={}, validation=None, habits=Habits(hours=10 / 3600),
              report=report)
    run._keep_to_budget(speed)
    run._keep_to_budget(speed)   # nothing new
    assert lines == ["step 0: 20 steps in all, not 27: a step takes 0.5 s, and 10 s of the budget are left"]
    assert run.plan.total == 20


def test_a_run_that_diverges_keeps_its_last_checkpoint(data, tmp_path):
    with pytest.raises(DivergedError, match=r"step \d+: the loss became .*step \d+ is kept in .*checkpoint.h5"):
        train("remonet", data, tmp_path / "run", recipe="remonet-s", changes={**CHANGES, "lr": 1e30, "warmup": 0},
              steps=9, habits=Habits(save_every_s=0))
    state = checkpoint.load(tmp_path / "run" / "checkpoint.h5").state
    assert all(np.isfinite(array).all() for name, array in state.items() if name.startswith("network1/"))


def test_a_step_that_diverges_is_rolled_back(data, tmp_path, monkeypatch):
    real, calls = Trainer.step, []

    def step(self, batch, lr):
        calls.append(lr)
        if len(calls) == 3:
            for array in self.parameters[0].values():
                array.fill(np.nan)
            raise DivergedError("the loss became nan")
        return real(self, batch, lr)

    monkeypatch.setattr(Trainer, "step", step)
    train("remonet", data, tmp_path / "run", recipe="remonet-s", changes=CHANGES, steps=5,
          habits=Habits(save_every_s=0))
    saved = checkpoint.load(tmp_path / "run" / "checkpoint.h5")
    assert saved.progress["step"] == 5 and len(calls) == 5
    assert all(np.isfinite(array).all() for array in saved.state.values())
    header, *rows = (line.split(",") for line in (tmp_path / "run" / "log.csv").read_text().splitlines())
    third = dict(zip(header, rows[2]))
    assert (third["step"], third["loss"], third["skipped"]) == ("3", "", "1")

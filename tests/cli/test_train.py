"""`refvr train`: what it is told reaches the training, and what it says while it trains."""
import io
import sys
from types import SimpleNamespace

import pytest
from command_lines import one_line, recorded

from refvr.cli import train as verb
from refvr.cli.main import main
from refvr.train.fit import Habits


@pytest.fixture
def trained(monkeypatch):
    return recorded(monkeypatch, "refvr.train.start.train", "RUN/weights.h5")


def test_without_options_the_recipe_decides(trained, capsys):
    assert main(["train", "duf-s-x4", "--data", "clips", "--out", "RUN"]) == 0
    (args, options), = trained
    assert args == ("duf-s-x4", "clips", "RUN") and isinstance(options.pop("report"), verb._Console)
    assert options == {"val": None, "recipe": None, "changes": {}, "steps": None, "seed": None, "resume": False,
                       "start": None, "vgg": None, "habits": Habits(save_every_s=300, validate_every_s=600)}
    assert capsys.readouterr().out == "RUN/weights.h5\n", "the weights are its result"


@pytest.mark.parametrize("words, told", [
    ("--val v", {"val": "v"}), ("--steps 7", {"steps": "7"}), ("--seed 3", {"seed": 3}), ("--start w", {"start": "w"}),
    ("--vgg v", {"vgg": "v"}), ("--recipe r", {"recipe": "r"}), ("--resume", {"resume": True}),
    ("--batch 2 --patch 16 --lr 1e-4", {"changes": {"batch": 2, "patch": 16, "lr": 1e-4}}),
    ("--set loss=l1 --set widths=[1,2] --set reverse=true",
     {"changes": {"loss": "l1", "widths": [1, 2], "reverse": True}}),
    ("--set batch=4 --batch 2", {"changes": {"batch": 2}}), ("--set name=a=b", {"changes": {"name": "a=b"}}),
    ("--hours 2 --save-every 1 --val-every 3 --val-frames 4 --licence CC0", {"habits": Habits(
        hours=2, save_every_s=60, validate_every_s=180, val_frames=4, licence="CC0")})])
def test_each_option_reaches_the_training(trained, words, told):
    assert main(["train", "duf-s-x4", "--data", "clips", "--out", "RUN", *words.split()]) == 0
    (_, options), = trained
    assert {name: options[name] for name in told} == told


def test_threads_are_set_before(trained, monkeypatch):
    counts = recorded(monkeypatch, "refvr.ops.set_threads")
    assert main(["train", "m", "--out", "RUN"]) == 0 and not counts
    assert main(["train", "m", "--out", "RUN", "--threads", "2"]) == 0 and counts == [((2,), {})]


@pytest.mark.parametrize("words, part", [("--set nothing", "KEY=VALUE"), ("--steps 2 --hours 1", "not allowed with"),
                                         ("--batch two", "invalid int value"),
                                         ("--hours nan", "got nan, expected hours above 0"),
                                         ("--hours inf", "expected hours above 0"), ("--hours 0", "hours above 0"),
                                         ("--save-every nan", "pauses of 0 s or more"),
                                         ("--val-every=-1", "pauses of 0 s or more"),
                                         ("--val-frames 0", "got 0, expected at least 1 frame of validation")])
def test_what_cannot_be_meant_is_one_line(trained, capsys, words, part):
    one_line(capsys, main(["train", "m", "--out", "RUN", *words.split()]), part)
    assert not trained


def test_where_nobody_watches_a_line_comes_every_half_minute(monkeypatch, capsys):
    """The first step may compile kernels: what is left is estimated by those after it."""
    now = [100.0]
    monkeypatch.setattr(verb, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with verb._Console() as console:
        console.note("2 clips")
        for done, now[0] in ((1, 190.0), (2, 191.0), (15, 219.0), (16, 220.0), (17, 249.0), (31, 250.0)):
            console.step(done, 3800, "loss 0.5")
    assert capsys.readouterr().err.splitlines() == [
        "2 clips",
        "step 16 of 3800, loss 0.5, 2.000 s a step, 2:06:08 left",     # 30 s for 15 steps; 3784 are left
        "step 31 of 3800, loss 0.5, 2.000 s a step, 2:05:38 left"]


def test_on_a_terminal_a_bar_is_below_the_notes(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", shown := Terminal())
    with verb._Console() as console:
        console.note("[2] clips")
        console.step(1, 40, "loss 0.5")
        console.step(20, 40, "loss 0.25")
        task, = console._bar.tasks
        assert (task.completed, task.total, task.description) == (20, 40, "loss 0.25")
        assert not console._bar.finished
    assert "[2] clips" in shown.getvalue() and not console._bar.live.is_started

"""Whole training runs of tiny networks: the same bits every time, stopped and resumed too; errors in one line."""
import signal
from types import SimpleNamespace

import numpy as np
import pytest
from subjects import TRAINED

from refvr import ops, zoo
from refvr.checkpoints import h5
from refvr.cli.main import main
from refvr.errors import InputError, OutputError, WeightsError
from refvr.train import checkpoint
from refvr.train.clips import Clip
from refvr.train.fit import Habits, Report, Run
from refvr.train.loop import DivergedError, Trainer
from refvr.train.plan import Plan
from refvr.train.recipes import recipe_of
from refvr.train.samplers import Noisy
from refvr.train.start import train

TINY = TRAINED["remonet"]
CHANGES = {**TINY, "batch": 2, "patch": 16, "warmup": 2}


def moving_pattern(t=7, h=24, w=29):
    """Stripes that move: something that a network can learn within seconds."""
    k, y, x = np.ogrid[:t, :h, :w]
    wave = 0.5 + 0.4 * np.sin((x + 2 * k) / 3) * np.cos(y / 4)
    return np.rint(255 * np.stack([wave, wave ** 2, 1 - wave], -1)).astype(np.uint8)


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    np.save(folder / "stripes.npy", moving_pattern())
    np.save(folder / "turned.npy", moving_pattern().swapaxes(1, 2))
    return folder


def trainer_and_batches(recipe_name, steps, **changes):
    recipe = recipe_of(recipe_name, {"batch": 2, "patch": 16, **changes})
    trainer = Trainer("remonet", recipe, seed=5, options=TINY)
    sampler = Noisy([Clip("stripes", moving_pattern())], recipe, frames=3, seed=5)
    return trainer, [sampler.batch(k) for k in range(steps)]


def digest(trainer):
    return {name: array.tobytes() for name, array in trainer.state().items()}


@pytest.mark.parametrize("recipe", ["remonet", "remonet-s"])
def test_the_same_bits_in_every_run_and_with_any_number_of_threads(recipe):
    digests = []
    for count in (1, 2):
        with ops.threads(count):
            trainer, batches = trainer_and_batches(recipe, 3)
            for batch in batches:
                trainer.step(batch, 1e-3)
            digests.append(digest(trainer))
    assert digests[0] == digests[1]
    fresh = trainer_and_batches(recipe, 1)[0]
    assert digest(fresh)["network1/conv1.weight"] != digests[0]["network1/conv1.weight"]


@pytest.mark.parametrize("recipe", ["remonet", "remonet-s"])
def test_learning_reduces_the_loss_of_a_fixed_batch(recipe):
    trainer, [batch] = trainer_and_batches(recipe, 1)
    losses = [trainer.step(batch, 2e-3).loss for _ in range(25)]
    assert losses[-1] < 0.5 * losses[0]


def test_the_official_loss():
    """Sum of squares / 2N of each network, and the similarity loss between them, once."""
    trainer, [(noisy, clean)] = trainer_and_batches("remonet", 1)
    row, _ = trainer.gradients((noisy, clean))
    plain = [zoo.build("remonet", **TINY).load(net.state()) for net in trainer.networks]
    y1, y2 = (net(noisy) for net in plain)
    squares = sum(np.sum((y.astype(np.float64) - clean) ** 2) / (2 * len(clean)) for y in (y1, y2))
    want = squares + float(ops.similarity_loss(y1.astype(np.float64), y2.astype(np.float64)))
    assert row.loss == pytest.approx(want, rel=1e-5)   # float32 network and sums
    assert row.mse == pytest.approx(np.mean((y1.astype(np.float64) - clean) ** 2), rel=1e-5)
    assert not np.array_equal(y1, y2)                  # two networks, two draws


def test_both_networks_feel_the_similarity():
    """Without the mutual term network 2 would not change the gradient of network 1."""
    trainer, [(noisy, clean)] = trainer_and_batches("remonet", 1)
    before = trainer.gradients((noisy, clean))[1][0]["fusion.out_layer.weight"]
    trainer.parameters[1]["fusion.out_layer.weight"] *= 3
    after = trainer.gradients((noisy, clean))[1][0]["fusion.out_layer.weight"]
    assert not np.array_equal(before, after)


class StopAt(Report):
    """Presses Ctrl-C after so many steps."""

    def __init__(self, steps):
        self.steps = steps

    def step(self, done, total, text):
        if done == self.steps:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("recipe", ["remonet", "remonet-s"])
def test_six_steps_equal_three_and_a_resume(data, tmp_path, recipe):
    options = {"recipe": recipe, "changes": CHANGES, "seed": 7}
    train("remonet", data, tmp_path / "straight", steps=6, **options)
    with pytest.raises(KeyboardInterrupt, match="step 3 of 6 is kept"):
        train("remonet", data, tmp_path / "stopped", steps=6, report=StopAt(3), **options)
    train("remonet", data, tmp_path / "stopped", resume=True, **options)
    one, two = (checkpoint.load(tmp_path / name / "checkpoint.h5") for name in ("straight", "stopped"))
    assert one.progress["step"] == two.progress["step"] == 6
    assert one.state.keys() == two.state.keys() and len(one.state) > 20
    assert all(one.state[name].tobytes() == two.state[name].tobytes() for name in one.state)
    logs = [(tmp_path / name / "log.csv").read_text().splitlines() for name in ("straight", "stopped")]
    assert len(logs[0]) == len(logs[1]) == 7
    for a, b in zip(*logs):
        assert a.split(",")[:5] == b.split(",")[:5]   # step, loss, mse, lr, norm; the others are times


def test_a_resumed_run_remembers_its_habits(data, tmp_path):
    """Licence, validation and pauses need not be given again; what is given anew counts."""
    habits = Habits(licence="CC0", val_sigmas=(25.0,), val_frames=3, save_every_s=7.0)
    options = {"recipe": "remonet-s", "changes": CHANGES}
    with pytest.raises(KeyboardInterrupt):
        train("remonet", data, tmp_path, steps=3, val=data / "stripes.npy", habits=habits, report=StopAt(1), **options)
    with pytest.raises(KeyboardInterrupt):
        train(None, None, tmp_path, resume=True, habits=Habits(save_every_s=8.0), report=StopAt(1))
    kept = checkpoint.load(tmp_path / "checkpoint.h5").progress["asked"]["habits"]
    assert kept == {"licence": "CC0", "val_sigmas": [25.0], "val_frames": 3, "save_every_s": 8.0}
    _, attributes = h5.load(train(None, None, tmp_path, resume=True))
    assert attributes["licence"] == "CC0" and attributes["psnr"].keys() == {"noise-25"}


def test_what_a_run_leaves(data, tmp_path):
    out = tmp_path / "run"
    path = train("remonet", data, out, val=data / "stripes.npy", recipe="remonet-s", changes=CHANGES, steps=3, seed=7,
                 habits=Habits(licence="CC0", val_sigmas=(25.0,)))
    assert path == out / "weights.h5" and (out / "loss.png").stat().st_size > 1000
    state, attributes = h5.load(path)
    kept = checkpoint.load(out / "checkpoint.h5").state
    for name, array in state.items():
        np.testing.assert_array_equal(array, kept[f"average/a/{name}"])
    assert attributes["licence"] == "CC0" and attributes["steps"] == 3 and attributes["seed"] == 7
    assert attributes["recipe"]["loss"] and len(attributes["data"]) == 2
    assert attributes["psnr"].keys() == attributes["baseline"].keys() == {"noise-25"}
    network = zoo.load("remonet", path)
    assert network.config.widths == (4, 8, 16)
    assert network(np.zeros((1, 3, 8, 12, 3), np.float32)).shape == (1, 3, 8, 12, 3)
    again = train("remonet", data, tmp_path / "next", start=path, recipe="remonet-s", changes=CHANGES, steps=1)
    first = checkpoint.load(again.with_name("checkpoint.h5")).state["network1/conv1.weight"]
    assert np.abs(first - state["conv1.weight"]).max() <= 1.01 * 1e-3 / 2   # one step of Adam moves by lr at most


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


def test_refusals(data, tmp_path):
    def start(out="run", **changes):
        options = {"recipe": "remonet-s", "changes": CHANGES, "steps": 1, **changes}
        train("remonet", data, tmp_path / out, **options)

    with pytest.raises(InputError, match="nothing to resume"):
        start(resume=True)
    start()
    with pytest.raises(InputError, match="holds a run already"):
        start()
    with pytest.raises(InputError, match="another run: its seed is 0, now 1"):
        start(resume=True, seed=1)
    with pytest.raises(InputError, match="recipe lr is 0.001, now 0.5"):
        start(resume=True, changes={**CHANGES, "lr": 0.5})
    with pytest.raises(InputError, match="planned for 1, got 2"):
        start(resume=True, steps=2)
    np.save(data / "third.npy", moving_pattern())
    with pytest.raises(InputError, match="its data is"):
        start(resume=True)
    with pytest.raises(InputError, match="multiple of 4"):
        start("other", changes={**CHANGES, "patch": 18})
    with pytest.raises(InputError, match="depth"):
        start("other", changes={**CHANGES, "depth": 3})
    for key, value in {"widths": "abc", "state": 0, "plain": 1, "reverse": "no", "batch": 1.5, "sigma": "ab"}.items():
        with pytest.raises(InputError, match=f"{key}: got {value!r}, expected a value such as"):
            start("other", changes={**CHANGES, key: value})
    with pytest.raises(InputError, match='lr is above 0; got {"lr": -1.0}'):
        start("other", changes={**CHANGES, "lr": -1})
    (tmp_path / "run" / "checkpoint.h5").write_text("not HDF5")
    with pytest.raises(InputError, match="cannot be read as a training checkpoint"):
        start(resume=True)
    with pytest.raises(InputError, match="no recipe trains fastdvdnet"):
        train("fastdvdnet", data, tmp_path / "other")
    with pytest.raises(WeightsError, match="cannot be read"):
        train("remonet", data, tmp_path / "other", start=data / "stripes.npy")


def test_places_that_cannot_be_written(data, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        train("remonet", data, tmp_path / "file", recipe="remonet-s", changes=CHANGES, steps=1)


@pytest.mark.parametrize("until", [3, 9])
def test_a_full_disk_loses_nothing(data, tmp_path, monkeypatch, until):
    """Training goes on while nothing can be written, and what was written before stays; only the end is an error."""
    real, told, saved = checkpoint.save, [], []

    def full_for_a_while(path, found):
        if 2 <= found.progress["step"] < until:
            raise OutputError("cannot write: no space left")
        real(path, found)
        saved.append(found.progress["step"])

    monkeypatch.setattr(checkpoint, "save", full_for_a_while)
    report = Report()
    report.note = told.append
    options = {"recipe": "remonet-s", "changes": CHANGES, "steps": 4, "habits": Habits(save_every_s=0)}
    if until == 3:
        train("remonet", data, tmp_path / "run", report=report, **options)
    else:
        with pytest.raises(OutputError, match="no space left"):
            train("remonet", data, tmp_path / "run", report=report, **options)
    assert saved == ([1, 3, 4] if until == 3 else [1])
    assert any("step 2 could not be saved, training goes on: cannot write" in line for line in told)
    assert checkpoint.load(tmp_path / "run" / "checkpoint.h5").progress["step"] == saved[-1]


def test_command_line(data, tmp_path, capsys):
    out = tmp_path / "run"
    arguments = ["train", "remonet", "--recipe", "remonet-s", "--data", str(data), "--out", str(out), "--batch", "2",
                 "--patch", "16", "--set", "widths=[4,8,16]", "--set", "frames=3", "--set", "loss=l1"]
    assert main([*arguments, "--steps", "2", "--lr", "1e-4"]) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(out / "weights.h5") and "2 clips" in said.err
    facts = checkpoint.load(out / "checkpoint.h5").facts
    assert facts["recipe"]["loss"] == "l1" and facts["recipe"]["lr"] == 1e-4 and facts["config"]["frames"] == 3
    assert main(["train", "--resume", "--out", str(out)]) == 0           # all options are remembered
    assert main(["train", "--out", str(tmp_path / "new")]) == 2
    assert "no model given" in capsys.readouterr().err
    assert main([*arguments, "--resume"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and "recipe lr is 0.0001, now 0.001" in said[0]
    assert main([*arguments, "--set", "nothing"]) == 2
    assert "KEY=VALUE" in capsys.readouterr().err

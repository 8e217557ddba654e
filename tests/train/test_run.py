"""Whole training runs of tiny networks: the same bits every time, stopped and resumed too; errors in one line."""
from types import SimpleNamespace

import numpy as np
import pytest
from short_runs import StopAt, moving_pattern
from subjects import TRAINED

from refvr import ops, zoo
from refvr.checkpoints import h5
from refvr.errors import OutputError
from refvr.train import checkpoint
from refvr.train.clips import Clip
from refvr.train.fit import Habits, Report
from refvr.train.loop import Trainer
from refvr.train.recipes import recipe_of
from refvr.train.samplers import Noisy
from refvr.train.start import train

TINY = TRAINED["remonet"]
CHANGES = {**TINY, "batch": 2, "patch": 16, "warmup": 2}


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


def test_an_objective_without_a_loss_is_told():
    trainer, [batch] = trainer_and_batches("remonet", 1)
    trainer.objective = SimpleNamespace(losses=lambda *given: iter(()))
    with pytest.raises(ValueError, match="the objective gave no loss"):
        trainer.gradients(batch)


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

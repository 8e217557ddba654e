"""Runs are put together, or refused."""
import re

import numpy as np
import pytest
from short_runs import StopAt, moving_pattern
from subjects import TRAINED

from refvr.checkpoints import h5
from refvr.cli.main import main
from refvr.errors import InputError, OutputError, WeightsError
from refvr.train import checkpoint
from refvr.train.fit import Habits
from refvr.train.start import train

TINY = TRAINED["remonet"]
CHANGES = {**TINY, "batch": 2, "patch": 16, "warmup": 2}


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


@pytest.mark.parametrize("where", ["refvr.train.start.load_clips", "refvr.train.fit.Run._one"])
def test_who_stops_it_before_the_first_checkpoint_hears_that_nothing_is_kept(data, tmp_path, monkeypatch, where):
    def stopped(*given, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as changed, pytest.raises(KeyboardInterrupt, match="no step is kept.*begins anew"):
        changed.setattr(where, stopped)
        train("remonet", data, tmp_path, recipe="remonet-s", changes=CHANGES, steps=3)
    assert not (tmp_path / "checkpoint.h5").exists()
    with pytest.raises(KeyboardInterrupt, match="step 1 of 3 is kept"):
        train("remonet", data, tmp_path, recipe="remonet-s", changes=CHANGES, steps=3, report=StopAt(1))
    monkeypatch.setattr(where, stopped)
    with pytest.raises(KeyboardInterrupt, match="what .*checkpoint.h5 had is kept, continue with --resume"):
        train(None, None, tmp_path, resume=True)


def test_a_stop_before_the_first_step_keeps_none(data, tmp_path, monkeypatch):
    monkeypatch.setattr("refvr.train.fit.Run._steps", lambda self, log, stop, feeder: stop.set())
    with pytest.raises(KeyboardInterrupt, match="no step is kept"):
        train("remonet", data, tmp_path, recipe="remonet-s", changes=CHANGES, steps=3)


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
    for key, value in {"widths": "abc", "state": 0, "plain": 1, "reverse": "no", "batch": 1.5, "sigma": "ab",
                       "fusion_widths": (1, 2)}.items():
        with pytest.raises(InputError, match=re.escape(f"{key}: got {value!r}, expected a value such as")):
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

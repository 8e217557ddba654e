"""A model with its weights, converted on the way."""
import shutil

import pytest
from official_files import official
from weight_states import value_of

from refvr import zoo
from refvr.checkpoints.read import sha256


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("REFVR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_conversions_on_the_fly_are_kept(home, tmp_path, monkeypatch):
    path = official(tmp_path / "net.pth", "remonet", 5)
    assert value_of(zoo.load(weights=path)) == 5
    kept = list((home / "converted").rglob("*.h5"))
    assert len(kept) == 1 and sha256(path)[:24] in kept[0].name
    from refvr.zoo import official as module

    monkeypatch.setattr(module, "load_official", None)  # not needed again
    assert value_of(zoo.load(weights=path)) == 5
    shutil.copy(path, tmp_path / "other name.pth")
    assert value_of(zoo.load(weights=tmp_path / "other name.pth")) == 5


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REFVR_HOME", str(tmp_path / "file"))
    assert value_of(zoo.load(weights=official(tmp_path / "net.pth", "remonet", 6))) == 6

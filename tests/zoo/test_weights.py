"""A model with its weights, converted on the way."""
import shutil

import pytest
from official_files import official
from weight_states import value_of

from refvr import zoo
from refvr.checkpoints.read import sha256
from refvr.errors import InputError, WeightsError
from refvr.verify.runs.network_call import make_net, weight_digest
from refvr.verify.runs.weights_out import save_weights


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


@pytest.mark.parametrize("suffix", [".pth", ".npz", ".h5"])
def test_weights_of_sizes_that_are_not_published_are_taken(tmp_path, suffix):
    """What `refvr trace --set features=8 --save-weights` wrote: one number is found, more of them are told."""
    one, more = {"features": 8}, {"features": 8, "reconstruct_blocks": 1}
    net, other = (make_net("edvr-m-x4", init=3, settings=settings) for settings in (one, more))
    save_weights(net, tmp_path / f"one{suffix}")
    save_weights(other, tmp_path / f"more{suffix}")
    for settings in (None, one):
        again = make_net("edvr-m-x4", weights=str(tmp_path / f"one{suffix}"), settings=settings)
        assert weight_digest(again) == weight_digest(net) and again.config == net.config
    again = make_net("edvr-m-x4", weights=str(tmp_path / f"more{suffix}"), settings=more)
    assert weight_digest(again) == weight_digest(other) and again.config == other.config
    with pytest.raises(WeightsError, match="features"):
        make_net("edvr-m-x4", weights=str(tmp_path / f"one{suffix}"), settings={"features": 16})


def test_what_fits_nothing_is_told_how_to_say_its_sizes(tmp_path):
    save_weights(make_net("edvr-m-x4", init=3, settings={"features": 8}), tmp_path / "net.pth")
    with pytest.raises(WeightsError, match="--set KEY=VALUE"):
        make_net(str(tmp_path / "net.pth"))   # of which model is not said
    with pytest.raises(InputError, match="--weights FILE"):
        make_net("edvr-m-x4", settings={"features": 8})

"""Weights for ports."""
import numpy as np
import pytest

from refvr import zoo
from refvr.errors import InputError
from refvr.verify.runs.weights_out import save_weights
from refvr.zoo.weights import load_file


@pytest.mark.parametrize("suffix", [".pth", ".npz", ".h5"])
def test_what_is_written_is_what_the_network_has(tmp_path, suffix, monkeypatch):
    monkeypatch.setenv("REFVR_HOME", str(tmp_path))
    net = zoo.build("stfan").init(np.random.default_rng(0))
    save_weights(net, tmp_path / f"w{suffix}")
    state, _ = load_file(tmp_path / f"w{suffix}", "stfan")
    assert all(np.array_equal(state[name], array) for name, array in net.state().items())


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(InputError, match=".pth, .npz or .h5"):
        save_weights(zoo.build("stfan"), tmp_path / "w.txt")

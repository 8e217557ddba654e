"""What an inspection says of files that refvr wrote."""
import numpy as np

from refvr import zoo
from refvr.apps.convert import inspect
from refvr.checkpoints import h5


def test_of_weights_of_ours_it_is_said_whether_their_network_takes_them(tmp_path):
    net = zoo.build("stfan", widths=(2, 2, 4)).init(np.random.default_rng(0))
    about = {"network": "stfan", "config": {"widths": [2, 2, 4]}, "model": "stfan"}
    h5.save(tmp_path / "right.h5", net.state(), about)
    own = inspect(tmp_path / "right.h5")["own"]
    assert own["problem"] == "" and own["network"] == "stfan" and own["config"] == about["config"]
    first, *rest = net.state()
    h5.save(tmp_path / "wrong.h5", {name: net.state()[name] for name in rest}, about)
    assert first in inspect(tmp_path / "wrong.h5")["own"]["problem"]


def test_values_are_read_where_they_are_asked_for(tmp_path):
    h5.save(tmp_path / "a.h5", {"w": np.float32([[1, 2], [np.nan, 6]])}, {"network": "stfan"})
    facts = inspect(tmp_path / "a.h5", values=True)["groups"]
    found = next(iter(facts.values()))["w"]
    assert (found["min"], found["max"], found["mean"]) == (1, 6, 3) and 1 in found.values()
    assert "min" not in next(iter(inspect(tmp_path / "a.h5")["groups"].values()))["w"]

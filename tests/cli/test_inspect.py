"""`inspect` and `models`, and the order in which weights are found."""
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from official_files import official
from places import WEIGHT_FILES
from weight_states import filled, value_of

from refvr import zoo
from refvr.checkpoints import h5, pth_write
from refvr.checkpoints.read import read, sha256
from refvr.cli.main import main
from refvr.errors import WeightsError
from refvr.zoo import folder


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("REFVR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_inspect(capsys):
    assert main(["inspect", str(WEIGHT_FILES / "remonet_legacy.pth"), "--values"]) == 0
    shown = capsys.readouterr().out
    for part in ("PyTorch, legacy", "sha256", "state_dict: 66 arrays", "argparse.Namespace", "not finite",
                 "fits remonet (state_dict, prefix module.; names of remonet)"):
        assert part in shown
    assert main(["inspect", str(WEIGHT_FILES / "edvr_m_zip.pth"), "--values", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    row = found["groups"]["params_ema"]["conv_first.weight"]
    assert row["shape"] == [64, 3, 3, 3] and row["dtype"] == "float16" and row["not_finite"] == 0
    numbers = ((np.arange(1728) % 251) - 125) / 256
    assert (row["min"], row["max"]) == (numbers.min(), numbers.max()) and row["mean"] == pytest.approx(numbers.mean())
    assert found["sha256"] == sha256(WEIGHT_FILES / "edvr_m_zip.pth") and found["fits"][0]["model"] == "edvr-m-x4"


def test_inspect_names_the_nearest_and_the_differences(capsys):
    assert main(["inspect", str(WEIGHT_FILES / "edvr_tiny_legacy.pth"), "--json"]) == 0
    nearest = json.loads(capsys.readouterr().out)["fits"][0]
    assert nearest["model"].startswith("edvr") and any("instead of 64" in problem or "missing" in problem
                                                       for problem in nearest["problems"])


def test_missing_spare_and_misshapen_arrays_are_named(tmp_path):
    good = {name: array.read() for name, array in read(official(tmp_path / "a.pth", "remonet", 1)).groups[""].items()}
    first = next(iter(good))
    for spoilt, part in (({k: v for k, v in good.items() if k != first}, f"{first} is missing"),
                         ({**good, "spare.weight": np.zeros(3, np.float32)}, "spare.weight is unknown"),
                         ({**good, first: good[first][:-1]}, f"{first} is ")):
        pth_write.save(tmp_path / "b.pth", spoilt)
        with pytest.raises(WeightsError, match=part):
            zoo.load(weights=tmp_path / "b.pth")


def test_weights_are_found_in_order(home, tmp_path, monkeypatch):
    """--weights, the user's folder (converted, then the authors' file), what is embedded."""
    embedded = tmp_path / "embedded"
    embedded.mkdir()
    monkeypatch.setattr(folder, "WEIGHTS", embedded)
    monkeypatch.setitem(zoo.MODELS, "fastdvdnet", replace(zoo.row_of("fastdvdnet"), weights="f.h5"))
    with pytest.raises(WeightsError, match=r"no weights of fastdvdnet .*model.pth of its .*the repository\) into"):
        zoo.load("fastdvdnet")
    h5.save(embedded / "f.h5", filled("fastdvdnet", 1), {"network": "fastdvdnet", "config": {}})
    assert value_of(zoo.load("fastdvdnet")) == 1
    (home / "weights").mkdir(parents=True)
    official(home / "weights" / "model.pth", "fastdvdnet", 2, "module.")
    assert value_of(zoo.load("fastdvdnet")) == 2
    h5.save(home / "weights" / "fastdvdnet.h5", filled("fastdvdnet", 3), {"network": "fastdvdnet", "config": {}})
    assert value_of(zoo.load("fastdvdnet")) == 3
    assert value_of(zoo.load("fastdvdnet", official(tmp_path / "own.pth", "fastdvdnet", 4))) == 4
    assert folder.find("fastdvdnet") == home / "weights" / "fastdvdnet.h5"


def test_a_known_name_with_other_contents_is_reported(capsys, tmp_path):
    path = tmp_path / zoo.row_of("edvr-m-x4").file
    shutil.copy(WEIGHT_FILES / "edvr_m_zip.pth", path)
    with pytest.raises(WeightsError, match="not the file that was published"):
        zoo.load("edvr-m-x4", path)
    assert main(["convert", str(path), "-o", str(tmp_path / "x.h5")]) == 0
    assert "the published file's with 32075921" in capsys.readouterr().err


def test_models_has_a_row_for_every_published_file(capsys, home):
    (home / "weights").mkdir(parents=True)
    h5.save(home / "weights" / "stfan.h5", {"w": np.zeros(1)}, {"network": "stfan"})
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["stfan"]["here"].endswith("stfan.h5") and rows["edvr-l-deblur"]["here"] == ""
    published = [row for row in rows.values() if row["file"]]
    assert len(published) >= 19 and all(row["where"] and row["licence"] and row["parameters"] for row in published)
    assert (rows["edvr-m-x4"]["scale"], rows["edvr-l-deblur"]["scale"], rows["duf-16-x3"]["scale"]) == (4, 1, 3)

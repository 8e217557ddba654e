"""`refvr convert`: official weights to ours and back, and what is said of it."""
import json

import numpy as np
import pytest
from command_lines import one_line, recorded
from places import WEIGHT_FILES
from weight_states import filled

from refvr.apps.convert import ConvertReport
from refvr.checkpoints import h5, pth_write
from refvr.checkpoints.read import read, sha256
from refvr.checkpoints.releases import of_network
from refvr.cli.main import main

REPORT = ConvertReport("a.pth", "b.h5", "safa", (), "safa-2023", "params", "module.", 2, 1234, "ab", ())


def test_both_ways_are_told_what_they_need(monkeypatch, capsys):
    there = recorded(monkeypatch, "refvr.apps.convert.convert", REPORT)
    back = recorded(monkeypatch, "refvr.apps.convert.reverse", REPORT)
    assert main(["convert", "a.pth", "-o", "b.h5"]) == main(["convert", "a.pth", "-o", "b.h5", "--model", "safa"]) == 0
    assert there == [(("a.pth", "b.h5"), {"model": None}), (("a.pth", "b.h5"), {"model": "safa"})] and not back
    assert main(["convert", "b.h5", "-o", "a.pth", "--reverse", "--release", "edvr-2019"]) == 0
    assert back == [(("b.h5", "a.pth"), {"release": "edvr-2019"})] and len(there) == 2
    assert main(["convert", "b.h5", "-o", "a.pth", "--reverse"]) == 0 and back[1][1] == {"release": None}


@pytest.mark.parametrize("changes, words, line", [
    ({}, [], "b.h5: safa, 2 arrays of 1,234 values from params, without the prefix module.; names of safa-2023\n"),
    ({"group": "", "prefix": ""}, [], "b.h5: safa, 2 arrays of 1,234 values from the outermost level; names of "
                                      "safa-2023\n"),
    ({}, ["--reverse"], "b.h5: safa, 2 arrays of 1,234 values; names of safa-2023\n")])
def test_the_line_says_what_was_taken_from_where(monkeypatch, capsys, changes, words, line):
    from dataclasses import replace

    for name in ("convert", "reverse"):
        recorded(monkeypatch, f"refvr.apps.convert.{name}", replace(REPORT, notes=("odd",), others=("x", "y"),
                                                                    **changes))
    assert main(["convert", "a.pth", "-o", "b.h5", *words]) == 0
    assert capsys.readouterr() == (line, "refvr: odd\nrefvr: names and shapes fit x, y as well; --model chooses\n")
    assert main(["convert", "a.pth", "-o", "b.h5", *words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["values"] == 1234 and err == "", "with --json all is in it"


@pytest.mark.parametrize("words", [["--reverse", "--model", "safa"], ["--release", "edvr-2019"]])
def test_options_of_the_other_way_are_refused(capsys, words):
    one_line(capsys, main(["convert", "a", "-o", "b", *words]), "--model is for converting to ours")


def test_convert_and_reverse(capsys, tmp_path):
    source = WEIGHT_FILES / "remonet_legacy.pth"
    assert main(["convert", str(source), "-o", str(tmp_path / "r.h5")]) == 0
    out, err = capsys.readouterr()
    assert "remonet, 66 arrays of 809,449 values from state_dict, without the prefix module." in out
    assert "left out: optimizer, args, training_params\n" in err and "float16" in err
    state, attributes = h5.load(tmp_path / "r.h5")
    assert attributes["sha256"] == sha256(source) and attributes["source"] == source.name
    assert {"network", "config", "model", "release", "licence", "date", "refvr"} <= attributes.keys()
    assert main(["convert", str(tmp_path / "r.h5"), "-o", str(tmp_path / "r.pth"), "--reverse"]) == 0
    theirs, again = read(source).groups["state_dict"], read(tmp_path / "r.pth").groups[""]
    assert {f"module.{name}" for name in again} == theirs.keys()
    assert all(np.array_equal(array.read(), theirs[f"module.{name}"].read()) for name, array in again.items())


@pytest.mark.parametrize(("arguments", "part"), [
    (["edvr_tiny_legacy.pth", "-o", "x.h5"], "nearest is edvr"), (["odd_zip.pth", "-o", "x.h5"], "no name in common"),
    (["edvr_m_zip.pth", "-o", "x.h5", "--model", "safa"], "safa"), (["nowhere.pth", "-o", "x.h5"], "no such file"),
    (["edvr_m_zip.pth", "-o", "x.h5", "--model", "edvr-l-x4"], "differences"),
    (["edvr_m_zip.pth", "-o", "x.pth"], "ends in .h5"), (["edvr_m_zip.pth", "-o", "x.pth", "--reverse"], "HDF5")])
def test_what_cannot_be_converted(capsys, tmp_path, monkeypatch, arguments, part):
    monkeypatch.chdir(tmp_path)
    assert main(["convert", str(WEIGHT_FILES / arguments[0]), *arguments[1:]]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and part in err and not list(tmp_path.glob("x.*"))


def test_the_published_name_decides_between_equal_configurations(capsys, tmp_path):
    release = of_network("fastdvdnet")[0]
    pth_write.save(tmp_path / "model_clipped_noise.pth", release.back(filled("fastdvdnet", 1)))
    assert main(["convert", str(tmp_path / "model_clipped_noise.pth"), "-o", str(tmp_path / "x.h5")]) == 0
    out, err = capsys.readouterr()
    assert "fastdvdnet-clipped" in out and "fit fastdvdnet as well" in err

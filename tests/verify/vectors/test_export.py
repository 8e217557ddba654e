"""Conformance vectors: what is written, that it is the same on any number of threads, and running against it."""
import json

import numpy as np
import pytest
from places import ROOT

from refvr import ops
from refvr.cli.main import main
from refvr.errors import InputError, OutputError
from refvr.verify.mistakes import MISTAKES
from refvr.verify.vectors.export import SCHEMA, chosen, export, hash_of, write
from refvr.verify.vectors.recipe import Recipe, draw
from refvr.verify.vectors.run import cards

PAGE = ROOT / "docs" / "vectors.md"
FEW = ("warp", "fac", "deform_conv2d", "pixel_shuffle", "mse_loss", "concat")


def test_an_export_is_complete_and_obeys_its_schema(exported):
    folder, total = exported
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["hash"] == total == hash_of({row["name"]: row["sha256"] for row in manifest["vectors"]})
    assert json.loads((folder / "schema.json").read_text()) == SCHEMA
    for card in cards(folder):
        data = card.data
        assert set(SCHEMA["required"]) <= data.keys() and data["mistakes"]
        for entry in (*data["inputs"].values(), *data["outputs"].values(), *data.get("gradients", {}).values()):
            assert np.isfinite(card.array(entry)).all()
        for name, entry in data["inputs"].items():
            recipe = {k: v for k, v in entry["recipe"].items() if k != "seed"}
            again = draw(entry["recipe"]["seed"], Recipe(**recipe | {"shape": tuple(recipe["shape"])}))
            np.testing.assert_array_equal(again, card.inputs()[name])
        assert {m["name"] for m in data["mistakes"]} <= {name for name, made in MISTAKES.items() if made.flagged}


def test_the_same_bytes_on_any_number_of_threads(exported, tmp_path):
    folder, _ = exported
    sums = {row["name"]: row["sha256"] for row in json.loads((folder / "manifest.json").read_text())["vectors"]}
    for threads in (1, 2):
        with ops.threads(threads):
            for name in ("warp", "deform_conv2d"):
                vector = next(v for v in chosen(()) if v.name == name)
                assert write(tmp_path / f"{threads}" / name, vector) == sums[name]


def test_the_hashes_of_the_examples_are_those_of_the_page(tmp_path):
    for ops_ in ("deform_conv2d", "conv2d*"):
        total = export(tmp_path / ops_.strip("*"), [ops_])
        assert f"hash {total}" in PAGE.read_text(), (ops_, total)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["ops", "networks"])
def test_the_hash_is_that_of_the_page(tmp_path, kind):
    assert export(tmp_path / "out", [kind]) in PAGE.read_text()


@pytest.mark.parametrize("line", ["1 / 0", "raise SystemExit(3)", "import refvr.no_such_room", "x = ="])
def test_a_module_that_cannot_be_imported_is_one_line(exported, tmp_path, monkeypatch, capsys, line):
    name = f"port_{abs(hash(line))}"
    (tmp_path / f"{name}.py").write_text(f"{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["vectors", "run", str(exported[0]), "--module", name]) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and f"the module {name} cannot be imported" in said


def test_the_command_line(exported, tmp_path, capsys):
    folder = str(exported[0])
    silent = "sh -c 'exit 3'"
    assert main(["vectors", "run", folder, "--program", silent]) == 0
    assert "not implemented" in capsys.readouterr().out
    assert main(["vectors", "run", folder, "--program", "true", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["failed"] == len(cards(folder))
    assert main(["vectors", "run", folder]) == 2 and main(["vectors", "export"]) == 2
    assert main(["vectors", "run", str(tmp_path), "--program", "x"]) == 2
    capsys.readouterr()
    assert main(["vectors", "list", "--ops", "warp,fac*", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["warp", "warp_zero", "fac", "fac_zero"]
    with pytest.raises(InputError, match="wrap"):
        chosen(["wrap"])
    with pytest.raises(OutputError, match="empty"):
        export(folder)

"""Conformance vectors: what is written, that it is the same on any number of threads, and running against it."""
import json
import shutil
import subprocess

import numpy as np
import pytest
from places import ROOT

from refvr import ops
from refvr.cli.main import main
from refvr.errors import InputError, OutputError
from refvr.verify.mistakes import MISTAKES
from refvr.verify.vectors.export import SCHEMA, chosen, export, hash_of, write
from refvr.verify.vectors.recipe import Recipe, draw
from refvr.verify.vectors.run import cards, judge, module, program, run_vectors

PAGE = ROOT / "docs" / "vectors.md"
FEW = ("warp", "fac", "deform_conv2d", "pixel_shuffle", "mse_loss", "concat")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors") / "out"
    return folder, export(folder, FEW)


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
        assert {m["name"] for m in data["mistakes"]} <= MISTAKES.keys()


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


PORT = """
import numpy as np
from refvr import ops
from refvr.autodiff import Tensor, backward

def warp(x, flow_px, border="replicate"):
    return ops.warp(x, flow_px, border=border)

def warp_adjoint(dy, x, flow_px, border="replicate"):
    x, flow_px = Tensor(x), Tensor(flow_px)
    backward(ops.warp(x, flow_px, border=border), dy)
    return {"x": x.grad, "flow_px": 2 * flow_px.grad if WRONG else flow_px.grad}

def deform_conv2d(x, offset_px, mask, weight, bias, **options):
    turned = offset_px.reshape(*offset_px.shape[:3], -1, 2)[..., ::-1].reshape(offset_px.shape)
    return ops.deform_conv2d(x, np.ascontiguousarray(turned), mask, weight, bias, **options)

def mse_loss(y, target):
    raise RuntimeError("broken")
"""


def test_a_module_is_judged_and_its_mistake_named(exported, tmp_path, monkeypatch):
    (tmp_path / "port_a.py").write_text(PORT.replace("WRONG", "False"))
    (tmp_path / "port_b.py").write_text(PORT.replace("WRONG", "True"))
    monkeypatch.syspath_prepend(tmp_path)
    results = {r.name: r for r in run_vectors(exported[0], module("port_a"))}
    assert results["warp"].status == "pass" and set(results["warp"].used) == {"y", "grad_x", "grad_flow_px"}
    assert results["deform_conv2d"].status == "fail"
    assert ["deform_conv2d.offsets_x_y"] in results["deform_conv2d"].mistakes
    assert results["mse_loss"].status == "fail" and "broken" in results["mse_loss"].problem
    assert results["fac"].status == "skip"
    results = {r.name: r for r in run_vectors(exported[0], module("port_b"))}
    assert results["warp"].status == "fail" and results["warp"].used["y"] <= 1 < results["warp"].used["grad_flow_px"]
    with pytest.raises(InputError, match="no_such"):
        module("no_such_port")


def test_what_a_module_says_it_lacks_is_no_failure(exported, tmp_path, monkeypatch):
    (tmp_path / "port_lacks.py").write_text(PORT.replace("return {", "raise NotImplementedError\n    return {").replace(
        'RuntimeError("broken")', 'NotImplementedError("not here")'))
    monkeypatch.syspath_prepend(tmp_path)
    results = {r.name: r for r in run_vectors(exported[0], module("port_lacks"))}
    assert results["mse_loss"].status == "skip"
    assert results["warp"].status == "pass" and set(results["warp"].used) == {"y"}


@pytest.mark.parametrize("taken", ["*xs", "xs0, xs1, xs2", "**xs"])
def test_a_list_of_arrays_comes_as_the_module_takes_it(exported, tmp_path, monkeypatch, taken):
    given = {"*xs": "xs", "xs0, xs1, xs2": "[xs0, xs1, xs2]", "**xs": "list(xs.values())"}[taken]
    head = f"def concat({taken}):"
    name = f"listed_{len(taken)}"
    (tmp_path / f"{name}.py").write_text(f"import numpy\n{head}\n    return numpy.concatenate({given}, -1)\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = {result.name: result.status for result in run_vectors(exported[0], module(name))}
    assert found["concat"] == "pass"


@pytest.mark.parametrize("line", ["1 / 0", "raise SystemExit(3)", "import refvr.no_such_room", "x = ="])
def test_a_module_that_cannot_be_imported_is_one_line(exported, tmp_path, monkeypatch, capsys, line):
    name = f"port_{abs(hash(line))}"
    (tmp_path / f"{name}.py").write_text(f"{line}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["vectors", "run", str(exported[0]), "--module", name]) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said and f"the module {name} cannot be imported" in said


def test_a_module_with_channels_first(exported, tmp_path, monkeypatch):
    (tmp_path / "port_c.py").write_text("import numpy as np\nfrom refvr import ops\n"
        "def warp(x, flow_px, border='replicate'):\n"
        "    y = ops.warp(*(np.ascontiguousarray(a.transpose(0, 2, 3, 1)) for a in (x, flow_px)), border=border)\n"
        "    return y.transpose(0, 3, 1, 2)\n")
    monkeypatch.syspath_prepend(tmp_path)
    results = {r.name: r for r in run_vectors(exported[0], module("port_c", "nchw"))}
    assert results["warp"].status == results["warp_zero"].status == "pass"


def test_the_example_in_cpp_passes_and_a_wrong_one_does_not(exported, tmp_path):
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler on this machine")
    source = (ROOT / "docs" / "examples" / "deform_conv2d.cpp").read_text()
    for name, text in (("right", source), ("wrong", source.replace("shift[0]", "shift[1]", 1).replace(
            "* d + shift[1];\n                            sum", "* d + shift[0];\n                            sum"))):
        (tmp_path / f"{name}.cpp").write_text(text)
        subprocess.run([compiler, "-O0", "-std=c++17", "-o", tmp_path / name, tmp_path / f"{name}.cpp"], check=True)
        results = {r.name: r for r in run_vectors(exported[0], program(str(tmp_path / name)))}
        assert results["warp"].status == "skip"
        for vector in ("deform_conv2d", "deform_conv2d_square", "deform_conv2d_stride"):
            assert (results[vector].status == "pass") == (name == "right"), results[vector]
            assert name == "right" or ["deform_conv2d.offsets_x_y"] in results[vector].mistakes


def test_the_example_for_onnx_runtime_passes_and_a_wrong_one_does_not(exported, tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    pytest.importorskip("onnx", reason="onnx is not installed")
    source = (ROOT / "docs" / "examples" / "onnxruntime_port.py").read_text()
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in (("onnx_right", source), ("onnx_wrong", source.replace(": offset_px", ": -offset_px"))):
        (tmp_path / f"{name}.py").write_text(text)
        answer = module(name, "nchw")
        results = {card.data["name"]: judge(card, answer) for card in cards(exported[0])
                   if card.data["operation"] in ("conv2d", "deform_conv2d", "fac")}
        assert results["fac"].status == "skip"
        failed = {vector for vector, result in results.items() if result.status == "fail"}
        wrong = {vector for vector in results if vector.startswith("deform")} if name == "onnx_wrong" else set()
        assert failed == wrong


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

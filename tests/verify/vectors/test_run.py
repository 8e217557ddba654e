"""An implementation against vectors."""
import shutil
import subprocess

import pytest
from places import ROOT

from refvr.errors import InputError
from refvr.verify.vectors.run import cards, judge, module, program, run_vectors

FEW = ("warp", "fac", "deform_conv2d", "pixel_shuffle", "mse_loss", "concat")
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

"""The recipes of docs/recipes.md, where the package is installed: healthy ports, and ones with a mistake."""
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

import refvr
from refvr import ops
from refvr.checkpoints.releases import of_network
from refvr.errors import InputError

PAGE = ROOT / "docs" / "recipes.md"


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.fixture
def compare_ports():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    torch.set_num_threads(1)
    import compare_ports

    return compare_ports


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S)


def of_page(name):
    """The recipe that defines `name`, run."""
    scope = {}
    exec(next(text for text in blocks("python") if f"def {name}(" in text), scope)
    return scope[name]


@pytest.mark.parametrize("framework, package", [("jax", "jax"), ("mlx", "mlx.core")])
def test_functions(framework, package, compare_ports):
    pytest.importorskip(package, reason=f"{framework} is not installed")
    import functional_port

    given = compare_ports.subject("fastdvdnet")
    state = of_network("fastdvdnet")[0].back(given.net.state())
    report = refvr.compare(given, functional_port.fastdvdnet(framework, state))
    report.assert_healthy()
    assert len(report.rows) > 100
    report = refvr.compare(given, functional_port.fastdvdnet(framework, state, wrong=True))
    assert report.guilty.name == "temp2.downc1.stride.norm"


def test_a_function_that_jax_compiles_is_run_uncompiled(compare_ports):
    jax = pytest.importorskip("jax", reason="jax is not installed")
    import functional_port

    given = compare_ports.subject("fastdvdnet")
    port = functional_port.fastdvdnet("jax", of_network("fastdvdnet")[0].back(given.net.state()))
    report = refvr.compare(given, jax.jit(port))
    report.assert_healthy()
    assert any("disable_jit" in note for note in report.notes)


def test_a_function_that_mlx_compiles_is_refused(compare_ports):
    mx = pytest.importorskip("mlx.core", reason="mlx is not installed")
    import functional_port

    given = compare_ports.subject("fastdvdnet")
    port = functional_port.fastdvdnet("mlx", of_network("fastdvdnet")[0].back(given.net.state()))
    with pytest.raises(InputError, match="not compiled"):
        refvr.compare(given, lambda x, noise_map: mx.compile(port)(mx.array(x), mx.array(noise_map)))


def test_a_model_of_keras(compare_ports, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    pytest.importorskip("jax", reason="jax is not installed")
    keras = pytest.importorskip("keras", reason="keras is not installed")
    given = compare_ports.subject("stfan")
    state = of_network("stfan")[0].back(given.net.state())
    x = np.asarray(next(iter(given.operands.values())))
    image = keras.Input(x.shape[1:])
    conv = keras.layers.Conv2D(8, 3, padding="same", name="conv1_1.0")
    model = keras.Model(image, keras.layers.LeakyReLU(0.1, name="conv1_1")(conv(image)))
    weight, bias = (next(value for name, value in state.items() if name.removeprefix("module.") == f"conv1_1.0.{leaf}")
                    for leaf in ("weight", "bias"))
    conv.set_weights([weight.transpose(2, 3, 1, 0), bias])
    values = of_page("values_of")(model, [x])
    report = refvr.compare(given, values)
    assert report.healthy and {row.name for row in report.rows} == {"encode.full.enter"}
    conv.set_weights([weight.transpose(2, 3, 1, 0), bias + 0.1])
    assert refvr.compare(given, of_page("values_of")(model, [x])).guilty.name == "encode.full.enter"


def test_ncnn(compare_ports, tmp_path):
    pytest.importorskip("ncnn", reason="ncnn is not installed")
    pnnx = Path(sys.executable).with_name("pnnx")
    if not pnnx.is_file():
        pytest.skip("pnnx is not installed")
    import torch
    import torch_peers

    given = compare_ports.subject("fastdvdnet")
    args = tuple(compare_ports.arguments(given))
    with torch.no_grad():
        torch.jit.trace(torch_peers.from_refvr(given.net), args, check_trace=False).save(str(tmp_path / "port.pt"))
    shapes = ",".join(f"[{','.join(map(str, x.shape))}]f32" for x in args)
    subprocess.run([str(pnnx), "port.pt", f"inputshape={shapes}", "fp16=0"], cwd=tmp_path, check=True,
                   capture_output=True)
    feeds = {f"in{k}": x.numpy()[0] for k, x in enumerate(args)}
    report = refvr.compare(given, of_page("blobs_of")(str(tmp_path / "port"), feeds))
    report.assert_healthy()
    assert len(report.rows) > 80


def test_polygraphy(compare_ports, tmp_path):
    pytest.importorskip("polygraphy", reason="polygraphy is not installed")
    import torch
    import torch_peers

    given = compare_ports.subject("fastdvdnet")
    args = tuple(compare_ports.arguments(given))
    torch.onnx.export(torch_peers.from_refvr(given.net), args, str(tmp_path / "port.onnx"), dynamo=False,
                      input_names=["x", "noise_map"], opset_version=17)
    of_page("inputs_to_json")({"x": args[0].numpy(), "noise_map": args[1].numpy()}, str(tmp_path / "inputs.json"))
    command = [line for line in "".join(blocks("sh")).splitlines() if "--onnxrt" in line][0].split()
    subprocess.run([str(Path(sys.executable).with_name("polygraphy")), *command[1:]], cwd=tmp_path, check=True,
                   capture_output=True)
    of_page("results_to_npz")(str(tmp_path / "results.json"), tmp_path / "mine.npz")
    refvr.compare(given, tmp_path / "mine.npz").assert_healthy()

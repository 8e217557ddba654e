"""trace, compare, bounds: names and files, alignment, the guilty layer of wrong ports, none in healthy ones."""
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from places import ROOT

from refvr import ops
from refvr.cli.main import main
from refvr.errors import InputError
from refvr.verify.compare.compare import compare
from refvr.verify.compare.name_table import read_table
from refvr.verify.compare.their_names import plain_name
from refvr.verify.runs.arrays_in import open_arrays
from refvr.verify.runs.emulate import emulate
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.trace_file import open_trace, write_trace

PAGE = ROOT / "docs" / "compare.md"
SMALL = {"features": 8, "frames": 3, "offset_groups": 2, "extract_blocks": 1, "reconstruct_blocks": 1}


@pytest.fixture(autouse=True)
def one_thread():
    with ops.threads(1):
        yield


@pytest.fixture(scope="module")
def subject():
    return subject_of("edvr-m-x4", "scene:20x12", init=3, settings=SMALL)


@pytest.fixture(scope="module")
def traced(subject, tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "ours.h5"
    write_trace(subject, path)
    return path


def values_of(path):
    arrays, _ = open_trace(path)
    return {name: arrays[name].copy() for name in arrays}


def saved(values, path):
    np.savez(path, **values)
    return path


# alignment


def test_without_isolation_nothing_is_judged_but_nan_is_found(traced, tmp_path, capsys):
    values = {name: np.moveaxis(value, -1, 1) for name, value in values_of(traced).items()}
    wrong = values | {"output": values["output"] * 2}
    assert main(["compare", str(traced), str(saved(wrong, tmp_path / "mine.npz")), "--brief"]) == 0
    assert "not judged: the largest difference is 1 of the peak, in output" in capsys.readouterr().out
    wrong["output"] = wrong["output"] * np.float32(np.nan)
    assert main(["compare", str(traced), str(saved(wrong, tmp_path / "mine.npz")), "--brief"]) == 1
    assert "NaN: output is the first of yours (output) that is NaN" in capsys.readouterr().out


def test_unknown_names_are_aligned_by_their_values(traced, tmp_path):
    values = {f"{k:03}": np.moveaxis(value, -1, 1) for k, value in enumerate(values_of(traced).values())}
    report = compare(traced, saved(values, tmp_path / "mine.npz"))
    assert report.aligned["value"] > 0.95 * len(values)
    assert max(row.total.max_abs for row in report.rows) == 0


def test_batches_of_calls_are_cut_and_maps_are_read(traced, tmp_path):
    ours = values_of(traced)
    batch = np.concatenate([ours[f"frame{k}.pcd_align"] for k in range(3)])
    (tmp_path / "map.txt").write_text("last output  # theirs, ours\n")
    report = compare(traced, saved({"pcd_align": batch, "last": ours["output"]}, tmp_path / "mine.npz"),
                     table=tmp_path / "map.txt")
    assert [row.name for row in report.rows] == [*(f"frame{k}.pcd_align" for k in range(3)), "output"]
    assert all(row.total.max_abs == 0 for row in report.rows)
    (tmp_path / "bad.txt").write_text("one two three\n")
    with pytest.raises(InputError, match="line 1: got 3 words"):
        read_table(tmp_path / "bad.txt")


# figures, and what a difference looks like


# who is guilty

def forged(subject, values, name, change):
    """A port whose layer `name` is wrong and whose later layers follow from that."""
    from refvr.verify.runs.tracing import listen

    values = dict(values)

    def heard(named, value):
        answer = change(value).astype(value.dtype) if named.name == name else None
        values[named.name] = np.array(value if answer is None else answer)
        return answer

    with listen(heard):
        subject.run()
    return values


@pytest.mark.parametrize("name", ["conv_l2_1", "frame1.pcd_align.l2.dcn.offset_px", "fusion.up", "conv_hr"])
def test_the_guilty_layer_is_named(subject, traced, tmp_path, name):
    values = forged(subject, values_of(traced), name, lambda x: x * np.float32(1.0001))
    report = compare(subject, saved(values, tmp_path / "mine.npz"), with_isolation=True)
    assert report.guilty.name == name and report.guilty.others == ()
    assert "ours times 1.0001" in report.guilty.where[0].what


def test_an_error_without_names_belongs_to_the_span(subject, traced, tmp_path):
    values = forged(subject, values_of(traced), "conv_l2_1", lambda x: x * np.float32(1.01))
    kept = {name: values[name] for name in ("features", "conv_l3_2", "fusion", "output")}
    report = compare(subject, saved(kept, tmp_path / "mine.npz"), with_isolation=True)
    assert report.guilty.name == "conv_l3_2" and report.guilty.after == "features"
    assert "conv_l2_1" in report.guilty.span


@pytest.mark.parametrize("backend", ["plain", "fast"])
def test_our_own_ways_of_summing_are_healthy(subject, tmp_path, backend):
    with ops.backend(backend), ops.precision("direct"):
        write_trace(subject, tmp_path / "t.h5")
    assert compare(subject, tmp_path / "t.h5", with_isolation=True).healthy


def test_verbs(traced, subject, tmp_path, capsys):
    values = values_of(traced)
    assert main(["compare", str(traced), str(traced), "--isolate", "--brief"]) == 0
    assert "no guilty layer" in capsys.readouterr().out
    values = forged(subject, values, "upconv1", lambda x: np.where(np.arange(x.shape[-1]) < 4, x, 0))
    mine = saved(values, tmp_path / "mine.npz")
    picture = tmp_path / "g.png"
    pytest.importorskip("matplotlib")
    assert main(["compare", str(traced), str(mine), "--isolate", "--json", "--png", str(picture)]) == 1
    assert json.loads(capsys.readouterr().out)["guilty"]["name"] == "upconv1"
    assert picture.stat().st_size > 10_000
    assert main(["compare", str(traced), str(tmp_path / "none.npz")]) == 2
    saved({"something": np.zeros(3)}, tmp_path / "other.npz")
    assert main(["compare", str(traced), str(tmp_path / "other.npz")]) == 2
    assert "none of the 1 names" in capsys.readouterr().err
    for values, said in (({"upconv1": np.zeros((1, 5, 7, 3))}, "shape like ours: upconv1 is 1x5x7x3"),
                         ({"upconv1": np.zeros((1, 5, 7, 3), complex)}, "complex numbers")):
        saved(values, tmp_path / "other.npz")
        assert main(["compare", str(traced), str(tmp_path / "other.npz")]) == 2
        assert said in capsys.readouterr().err
    (tmp_path / "cut.h5").write_bytes(traced.read_bytes()[:5000])
    assert main(["compare", str(tmp_path / "cut.h5"), str(mine)]) == 2
    assert "damaged" in capsys.readouterr().err


def test_a_picture_that_fails_does_not_lose_the_table(traced, subject, tmp_path, capsys, monkeypatch):
    pytest.importorskip("matplotlib")
    mine = saved(forged(subject, values_of(traced), "upconv1", lambda x: 0 * x), tmp_path / "mine.npz")
    monkeypatch.setattr("refvr.verify.compare.plot.save", lambda *_, **__: (_ for _ in ()).throw(OSError(28, "full")))
    assert main(["compare", str(traced), str(mine), "--isolate", "--png", str(tmp_path / "g.png")]) == 2
    shown = capsys.readouterr()
    assert "GUILTY" in shown.out and "full" in shown.err


# bounds


def test_emulation_leaves_the_network_as_it_was_and_keeps_what_it_must(subject):
    before = subject.run()
    report = emulate(subject, "bf16", layers=["conv_*", "upconv*"], sweep=True, quality=40, budget=0.1)
    assert np.array_equal(subject.run(), before)
    assert report.kept_psnr >= report.wanted and report.psnr <= min(psnr for _, psnr in report.each) + 3
    assert [k for k, _ in report.gains] == [k for k in (1, 2, 3, 5, 8) if k < len(report.layers)]
    order = [name for name, _ in report.each]
    one = emulate(subject, "bf16", layers=order[1:]).psnr   # what is kept is the costliest
    assert dict(report.gains)[1] == one > report.psnr
    finer = emulate(subject, "tf32", layers=["conv_*", "upconv*"])
    assert finer.psnr > report.psnr + 6


def test_bounds_hold_for_a_run_of_ours(subject, capsys):
    from refvr.verify.bounds.measured import bounds

    found = {bound.name: bound for bound in bounds(subject)}
    exact, float32 = subject.run(np.float64), subject.run(np.float32)
    assert np.abs(float32 - exact).max() <= found["output"].explained
    for name in ("conv_first", "conv_hr", "frame0.pcd_align.l1.dcn"):
        assert 0 < found[name].own < found[name].worst_case


# ports in other frameworks

FAST_PORTS = ["edvr", "stfan"]
FAST_MISTAKES = ["border repeated", "slope 0.2", "beta left out", "frames reversed"]


def _ports():
    pytest.importorskip("torch", reason="PyTorch is not installed")
    import compare_ports

    return compare_ports


def _names(table, fast):
    return [pytest.param(name, marks=[] if name in fast else [pytest.mark.long]) for name in table]


NETWORKS = ["edvr", "stfan", "safa", "remonet", "fastdvdnet", "duf"]
PLANTED = ["offsets x and y exchanged", "no modulation", "upsampling with align_corners",
           "pixel shuffle in another order", "border repeated", "one layer in float16", "slope 0.2",
           "filters with a border of zeros", "no activation", "flow not scaled", "beta left out", "eps of batch norm",
           "noise map forgotten", "stride at the wrong pixel", "bias left out", "frames reversed"]


@pytest.mark.parametrize("network", _names(NETWORKS, FAST_PORTS))
def test_healthy_ports_are_not_accused(network, tmp_path):
    given = _ports().port(network, tmp_path / "mine.npz")
    report = compare(given, tmp_path / "mine.npz", with_isolation=True)
    assert report.healthy, report.guilty
    assert len(report.rows) > 0.6 * report.names


@pytest.mark.parametrize("mistake", _names(PLANTED, FAST_MISTAKES))
def test_wrong_ports_are_found(mistake, tmp_path):
    ports = _ports()
    assert list(ports.MISTAKES) == PLANTED
    network, plant, name = ports.MISTAKES[mistake]
    given = ports.port(network, tmp_path / "mine.npz", plant)
    report = compare(given, tmp_path / "mine.npz", with_isolation=True)
    assert report.guilty and report.guilty.name.endswith(name), report.guilty


# recipes of the page

def recipe(language, number):
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.S)[number]


def test_the_recipe_in_cpp(tmp_path):
    compiler = shutil.which("g++")
    if not compiler:
        pytest.skip("there is no g++")
    call = 'dump(".", "a.b", std::vector<float>{1, 2, 3, 4, 5, 6}.data(), {2, 3});'
    program = f"{recipe('cpp', 0)}int main() {{ {call} }}\n"
    (tmp_path / "dump.cpp").write_text(program)
    subprocess.run([compiler, "dump.cpp", "-o", "dump"], cwd=tmp_path, check=True)
    subprocess.run(["./dump"], cwd=tmp_path, check=True)
    assert open_arrays(tmp_path)["a.b"].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_the_recipe_in_pytorch(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    scope = {}
    exec(recipe("python", 0), scope)   # the page's own text
    shared = torch.nn.Conv2d(2, 2, 1)
    scope["dump"](torch.nn.Sequential(shared, torch.nn.ReLU(), shared), [torch.zeros(1, 2, 3, 3)], tmp_path / "t.npz")
    assert set(open_arrays(tmp_path / "t.npz")) == {"0", "1", "0#1", "output"}


def test_the_recipe_for_onnx_runtime(tmp_path):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    inner = "/relu/Relu_output_0"
    nodes = [helper.make_node("Relu", ["x"], [inner]), helper.make_node("Neg", [inner], ["y"])]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", kind, [2])],
                              [helper.make_tensor_value_info("y", kind, [2])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "m.onnx")
    scope = {}
    exec(recipe("python", 1), scope)
    scope["dump"](str(tmp_path / "m.onnx"), {"x": np.float32([-1, 2])}, tmp_path / "t.npz")
    values = open_arrays(tmp_path / "t.npz")
    assert {plain_name(name)[0] for name in values} == {"relu", "y"}

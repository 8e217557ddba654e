"""Programs in files: which kind a file is of, told without running anything, and a run with what is said about it."""
import zipfile

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.nearness import Place, sample_of
from refvr.verify.compare.ports.feeding import Given, Wanted
from refvr.verify.compare.ports.programs import is_torchscript, opened, run_program, runtime_of
from refvr.verify.compare.ports.values import RunValues
from refvr.verify.runs.tracing import Named


def archive(path, *names):
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, b"")
    return path


@pytest.mark.parametrize("name, runtime", [
    ("a.onnx", "onnxruntime"), ("a.ONNX", "onnxruntime"), ("a.xml", "openvino"), ("a.pt2", "torch"), ("a.npz", ""),
    ("a.h5", ""), ("a.pt", ""), ("a.ts", ""), ("onnx", "")])
def test_what_runs_a_file_by_its_ending(name, runtime, tmp_path):
    (tmp_path / name).write_bytes(b"whatever it holds")
    assert runtime_of(tmp_path / name) == runtime_of(str(tmp_path / name)) == runtime


def test_a_folder_and_what_is_not_there_are_only_read(tmp_path):
    (tmp_path / "a.onnx").mkdir()
    assert runtime_of(tmp_path / "a.onnx") == runtime_of(tmp_path / "b.onnx") == ""


@pytest.mark.parametrize("ending", ["pt", "ts", "torchscript", "jit"])
def test_of_pytorchs_archives_only_those_with_code_are_programs(ending, tmp_path):
    """A checkpoint has the same ending, and its weights are read."""
    script = archive(tmp_path / f"a.{ending}", "a/data.pkl", "a/code/__torch__.py")
    weights = archive(tmp_path / f"b.{ending}", "b/data.pkl", "b/data/0", "decode/0")
    assert runtime_of(script) == "torch" and runtime_of(weights) == ""
    assert is_torchscript(script) and not is_torchscript(weights) and not is_torchscript(tmp_path / "none.pt")
    script.write_bytes(script.read_bytes()[:30])
    assert runtime_of(script) == ""
    assert runtime_of(archive(tmp_path / "c.npz", "c/code/x.py")) == ""   # arrays whatever is in it


@pytest.mark.parametrize("name, runtime, words", [
    ("a.pt2", "openvino", r"openvino does not run .*a\.pt2, expected a file that ends in \.xml or \.onnx"),
    ("a.xml", "onnxruntime", r"onnxruntime does not run .*a\.xml, expected a file that ends in \.onnx$"),
    ("a.onnx", "torch", r"torch does not run .*expected a file that ends in \.pt2 or \.pt or \.ts"),
    ("none.onnx", "", r"there is no .*none\.onnx")])
def test_a_runtime_is_for_its_kinds_of_files(name, runtime, words, tmp_path):
    if name[0] == "a":
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=words):
        opened(tmp_path / name, runtime)


@pytest.mark.parametrize("name, runtime, package, kind", [
    ("a.onnx", "", "onnx", "no sound ONNX graph"), ("a.xml", "", "openvino", "OpenVINO does not take"),
    ("a.onnx", "openvino", "openvino", "no sound ONNX graph|OpenVINO does not take"),
    ("a.pt2", "", "torch", "no program of torch.export"), ("a.ts", "", "torch", "no TorchScript")])
def test_each_kind_is_opened_by_what_runs_it(name, runtime, package, kind, tmp_path):
    """Told by what it says of a file that holds no program."""
    pytest.importorskip(package, reason=f"{package} is not installed")
    archive(tmp_path / name, "a/code/x.py")
    with pytest.raises(InputError, match=kind):
        opened(tmp_path / name, runtime)


X = np.random.default_rng(0).random((1, 3, 4, 6, 3)).astype(np.float32)   # as many frames as colours


class Mean:
    """Takes a window with frames before colours; keeps no value if it is `mute`."""

    wanted = [Wanted("x", (1, 3, 3, 4, 6))]

    def __init__(self, mute=False):
        self.mute = mute

    def results(self, feeds):
        return [feeds["x"].mean(1)]

    def values(self, feeds, title):
        found = RunValues(title)
        found.add("output", self.results(feeds)[0], "iu" if self.mute else "f")
        return found


def ours():
    y = X.mean(1) ** 3
    return [Place(Named("output", "output", "", 0), y.shape, sample_of(y))]


def test_a_run_says_how_it_was_fed_where_that_is_not_sure():
    found = run_program(Mean(), Given("edvr", {"x": X}), "port.onnx", ours)
    np.testing.assert_allclose(found["output"], np.moveaxis(X.mean(1), -1, 1), rtol=1e-6)
    assert str(found.path) == "port.onnx" and "the usual way; by its shape it may also want" in found.notes[0]


def test_our_own_run_is_asked_for_only_where_there_is_a_choice():
    one = X[:, :2]   # two frames of three colours can be told apart
    made = Mean()
    made.wanted = [Wanted("x", (1, 2, 3, 4, 6))]
    found = run_program(made, Given("edvr", {"x": one}), "port.onnx", lambda: pytest.fail("ran"))
    assert found.notes == [] and np.allclose(found["output"], np.moveaxis(one.mean(1), -1, 1))


def test_a_program_without_real_numbers_is_refused():
    with pytest.raises(InputError, match=r"port\.onnx computes no real numbers, expected a network"):
        run_program(Mean(mute=True), Given("edvr", {"x": X}), "port.onnx", ours)

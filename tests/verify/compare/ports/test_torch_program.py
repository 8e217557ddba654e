"""Programs of torch.export: values under the paths of their modules, of one that stops those before, bad files."""
import sys

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.ports.torch_program import ExportedProgram, need_torch

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")   # of the exporter
X = np.float32([[1, -2, 3]])


class Inner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.act = torch.nn.ReLU()

    def forward(self, x):
        return self.act(x) * 2


class Net(torch.nn.Module):
    """Two calls of one part, two answers, an index that is no value."""

    def __init__(self):
        super().__init__()
        self.part = Inner()

    def forward(self, x):
        y = self.part(-self.part(x))
        return y + 1, x[:, x.argmax(1)]


class Stops(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Inner()

    def forward(self, x):
        y = self.part(x)
        torch._assert_async((y > 1e9).any(), "no such value")
        return y + 1


def program(module, path, *inputs):
    torch.export.save(torch.export.export(module, inputs or (torch.from_numpy(X),)), str(path))
    return ExportedProgram(path)


def test_every_value_has_the_path_of_the_module_whose_last_it_is(tmp_path):
    found = program(Net(), tmp_path / "p.pt2").values({"x": X}, "mine")
    positive = np.maximum(X, 0)
    assert np.array_equal(found["part.act"], positive) and np.array_equal(found["part"], 2 * positive)
    assert np.array_equal(found["neg"], -2 * positive)
    again = [name for name in found if name.startswith("part")]
    assert again == ["part.act", "part", "part.act:1", "part:1"] and not np.any(found["part:1"])
    assert found.results == {"output": "", "output_state": ""} and not found.stopped
    assert np.array_equal(found["output"], np.ones((1, 3))) and found["output_state"].tolist() == [[3]]
    assert all(found[name].dtype == np.float32 for name in found), "indices are no values"


def test_what_it_takes_and_what_it_answers_alone(tmp_path):
    class Two(torch.nn.Module):
        def forward(self, image, level):
            return image.float() + level.float()

    made = program(Two(), tmp_path / "p.pt2", torch.zeros(2, 3, dtype=torch.uint8),
                   torch.zeros(3, dtype=torch.bfloat16))
    assert [(want.name, want.shape, want.dtype) for want in made.wanted] == [("image", (2, 3), "uint8"),
                                                                            ("level", (3,), "float32")]
    (answer,) = program(Inner(), tmp_path / "q.pt2").results({"x": X})
    assert np.array_equal(answer, 2 * np.maximum(X, 0)) and answer.dtype == np.float32


def test_sizes_that_are_free_are_none(tmp_path):
    free = torch.export.export(Inner(), (torch.ones(4, 3),), dynamic_shapes={"x": {0: torch.export.Dim("n")}})
    torch.export.save(free, str(tmp_path / "p.pt2"))
    made = ExportedProgram(tmp_path / "p.pt2")
    assert [want.shape for want in made.wanted] == [(None, 3)]
    assert made.results({"x": np.ones((7, 3), np.float32)})[0].shape == (7, 3)


def test_of_one_that_stops_there_are_the_values_before(tmp_path):
    made = program(Stops(), tmp_path / "p.pt2")
    found = made.values({"x": X}, "mine")
    assert found.stopped.startswith("half way, what comes before is compared: ") and "no such value" in found.stopped
    assert np.array_equal(found["part"], 2 * np.maximum(X, 0)) and "output" not in found
    with pytest.raises(InputError, match=r"p\.pt2 stopped: .*no such value"):
        made.results({"x": X})


def test_of_one_that_stops_at_once_the_reason_is_said(tmp_path):
    made = program(Inner(), tmp_path / "p.pt2")
    with pytest.raises(InputError, match=r"p\.pt2 stopped"):
        made.values({"x": np.ones((5, 7), np.float32)}, "mine")


def test_weights_are_no_values_and_nothing_is_left_on_a_tape(tmp_path):
    found = program(torch.nn.Sequential(torch.nn.Linear(3, 2)), tmp_path / "p.pt2").values({"input_1": X}, "mine")
    assert list(found) == ["0", "output"] and found["0"].shape == (1, 2)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_program_is_one_line(data, tmp_path):
    (tmp_path / "p.pt2").write_bytes(data)
    with pytest.raises(InputError, match=r"p\.pt2 is no program of torch\.export") as caught:
        ExportedProgram(tmp_path / "p.pt2")
    assert "\n" not in caught.value.message and caught.value.fix == "save it again"


def test_without_the_package_the_extra_is_named(monkeypatch):
    assert need_torch("p.pt2") is torch
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"p\.pt2 is a program of PyTorch, which is not installed") as caught:
        need_torch("p.pt2")
    assert "refvr[peers]" in caught.value.fix

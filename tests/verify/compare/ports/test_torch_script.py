"""TorchScript files: values of their graph, names, and of one that stops those before."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.ports.torch_script import TorchScript

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")   # PyTorch's, about TorchScript
X = np.float32([[1, -2, 3]])


class Stops(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x * 2
        if bool((y > -1e9).all()):
            raise ValueError("no such value")
        return y + 1


class Two(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.ReLU()

    def forward(self, x):
        y = self.first(x)
        return y + 1, y * 2


def saved(scripted, tmp_path):
    scripted.save(str(tmp_path / "port.pt"))
    return TorchScript(tmp_path / "port.pt")


def test_every_tensor_and_every_answer_has_a_name(tmp_path):
    found = saved(torch.jit.trace(Two(), torch.from_numpy(X)), tmp_path).values({"x": X}, "two")
    assert not found.stopped and np.array_equal(found["first"], [[1, 0, 3]])
    answers = [found[name] for name in found.results]
    assert np.array_equal(answers[0], [[2, 1, 4]]) and np.array_equal(answers[1], [[2, 0, 6]])


def test_of_one_that_stops_there_are_the_values_before(tmp_path):
    port = saved(torch.jit.script(Stops()), tmp_path)
    found = port.values({"x": X}, "stops")
    assert "half way" in found.stopped and any(np.array_equal(found[name], 2 * X) for name in found)
    with pytest.raises(InputError, match="port.pt stopped"):
        port.results({"x": X})


def test_what_is_no_program_is_said(tmp_path):
    (tmp_path / "port.pt").write_bytes(b"PK no zip")
    with pytest.raises(InputError, match="no TorchScript that runs here"):
        TorchScript(tmp_path / "port.pt")

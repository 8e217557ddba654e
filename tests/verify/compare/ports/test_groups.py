"""Values of a program some at a time: bounded memory, and what comes before a stop, in TorchScript too."""

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.compare.ports import groups
from refvr.verify.compare.ports.torch_script import TorchScript


def asked(count, stops_at=None, nbytes=100):
    """(numbers that were kept, sizes of the runs, why it stopped) of a program of `count` values."""
    kept, sizes = [], []

    def run(start, end):
        sizes.append(end - start)
        if stops_at is not None and end > stops_at:
            raise InputError("no further")
        return [np.zeros(nbytes, np.uint8)] * (end - start)

    why = groups.in_groups(count, run, lambda k, value: kept.append(k))
    return kept, sizes, why


def test_each_value_comes_once_and_in_order():
    kept, sizes, why = asked(100)
    assert kept == list(range(100)) and not why and sizes == [1, 2, 4, 8, 16, 32, 37]


def test_no_run_is_asked_for_more_than_fits(monkeypatch):
    monkeypatch.setattr(groups, "AT_ONCE", 450)
    kept, sizes, _ = asked(50)
    assert kept == list(range(50)) and max(sizes) == 4
    assert max(asked(50, nbytes=1000)[1]) == 1   # one is larger than that already


@pytest.mark.parametrize("stops_at", [1, 7, 30, 49])
def test_all_that_comes_before_a_stop_is_there(stops_at):
    kept, _, why = asked(50, stops_at)
    assert kept == list(range(stops_at)) and why == "no further"


def test_where_nothing_can_be_computed_the_reason_is_raised():
    with pytest.raises(InputError, match="no further"):
        asked(50, 0)


@pytest.fixture(scope="module")
def network():
    """Takes 8x8; of another size its first layers are computed before it stops."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = (torch.nn.Conv2d(*sizes, 3, padding=1) for sizes in ((3, 4), (4, 4), (4, 3)))

        def forward(self, x):
            y = torch.relu(self.a(x))
            z = self.b(y).relu_().reshape(1, 4, 8, -1)[:, :, :, :8]
            return self.c(z + y)

    return Net().eval()


def values_of(program, side):
    """Values of the program on a picture of side x side."""
    x = np.random.default_rng(0).random((1, 3, side, side)).astype(np.float32)
    return x, program.values({program.wanted[0].name: x}, "port")


def test_torchscript(network, tmp_path):
    import torch

    torch.jit.trace(network, torch.rand(1, 3, 8, 8)).save(str(tmp_path / "port.ts"))
    program = TorchScript(tmp_path / "port.ts")
    x, found = values_of(program, 8)
    assert not found.stopped and {"a", "b", "c", "output"} <= set(found)
    with torch.no_grad():
        assert np.array_equal(found["a"], network.a(torch.from_numpy(x)).numpy())
        assert np.array_equal(found["output"], network(torch.from_numpy(x)).numpy())
    _, found = values_of(program, 10)
    assert "half way" in found.stopped and {"a", "b"} <= set(found) and not {"c", "output"} & set(found)

"""A ReMoNet that was trained with its authors' code and saved by PyTorch, where it lies beside the repository."""

import h5py
import numpy as np
import pytest
from places import SHARED

from refvr import zoo
from refvr.checkpoints.read import read

FOLDER = SHARED / "checkpoints"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no folder ../shared/checkpoints with a trained network")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("REFVR_HOME", str(tmp_path))


def test_both_formats_hold_the_same():
    zipped = read(FOLDER / "remonet_gauss_zip.pth").groups[""]
    legacy = read(FOLDER / "remonet_gauss_legacy.pth").groups["state_dict"]
    assert zipped.keys() == legacy.keys() and len(zipped) == 66
    assert all(np.array_equal(array.read(), legacy[name].read()) for name, array in zipped.items())


@pytest.mark.parametrize("file", ["remonet_gauss_zip.pth", "remonet_gauss_legacy.pth"])
def test_answers_of_pytorch(file):
    """float32 within twice the float32 noise of PyTorch's own answer; float64 to its last digits."""
    with h5py.File(FOLDER / "remonet_gauss_answers.h5") as f:
        noisy, answer, more = f["noisy"][()], f["answer"][()], f["answer64_minus_answer"][()]
    exact = answer + more.astype(np.float64)
    floor = np.abs(more).max()
    net = zoo.load(weights=FOLDER / file)
    assert np.abs(net(noisy[None])[0] - exact).max() < 2 * floor
    double = net.astype(np.float64)(noisy[None].astype(np.float64))[0]
    assert np.abs(double - exact).max() < 1e-7 * floor + 1e-13

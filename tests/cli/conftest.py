"""What tests of the verbs share."""
import numpy as np
import pytest

from refvr import zoo
from refvr.checkpoints import h5


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """A small denoiser with drawn weights."""
    options = {"widths": (4, 8, 16), "state": 4}
    path = tmp_path_factory.mktemp("weights") / "small.h5"
    h5.save(path, zoo.build("remonet", **options).init(np.random.default_rng(7)).state(),
            {"network": "remonet", "config": options})
    return path


@pytest.fixture
def clip(tmp_path):
    """A good clip, and a folder to spoil things in."""
    path = tmp_path / "in.npy"
    np.save(path, np.random.default_rng(5).random((3, 13, 17, 3), np.float32))
    return path

"""What tests of this folder share."""
import numpy as np
import pytest


@pytest.fixture
def film(tmp_path):
    np.save(tmp_path / "film.npy", np.random.default_rng(3).random((11, 12, 8, 3), np.float32))
    return tmp_path / "film.npy"

"""What tests of this folder share."""
import numpy as np
import pytest
from short_runs import moving_pattern


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    np.save(folder / "stripes.npy", moving_pattern())
    np.save(folder / "turned.npy", moving_pattern().swapaxes(1, 2))
    return folder

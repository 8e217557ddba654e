"""What tests of this folder share."""
import shutil

import pytest
from places import GOLDEN

SMALL = GOLDEN / "op_conv2d_k1s2.h5"


@pytest.fixture
def case(tmp_path):
    """A copy of a small case that may be changed: with h5py.File(case, "a") as file."""
    copy = tmp_path / "case.h5"
    shutil.copy(SMALL, copy)
    copy.chmod(0o644)
    return copy

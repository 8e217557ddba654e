"""What a file is."""
import numpy as np
import pytest

from refvr.apps.info import LIBRARIES, facts
from refvr.errors import RefvrError


def test_versions_clips_and_weights(tmp_path):
    assert all(name in str(facts()) for name in LIBRARIES)
    np.save(tmp_path / "clip.npy", np.zeros((3, 5, 7, 3), np.float32))
    found = facts(tmp_path / "clip.npy")
    assert (found["width"], found["height"], found["frames"]) == (7, 5, 3)
    with pytest.raises(RefvrError):
        facts(tmp_path / "none")

"""Clips varied as STFAN's authors vary them."""
import numpy as np
import pytest

from refvr.errors import ShapeError
from refvr.train.vary_stfan import varied


def test_varied_clips_are_varied_alike():
    """With the same frames on both sides, all that tells the results apart is the noise, the same for every frame."""
    x = np.random.default_rng(6).integers(30, 220, (3, 11, 17, 3), np.uint8)
    blurred, sharp = varied(x, x, np.random.default_rng(7), crop=(5, 7))
    assert blurred.shape == sharp.shape == (3, 5, 7, 3) and blurred.dtype == sharp.dtype == np.float32
    field = blurred.astype(np.float64) - sharp
    assert np.abs(field - field[:1]).max() < 1e-7 and 0.5e-4 < field.std() < 2e-4
    seen = {varied(x, x, np.random.default_rng(seed), crop=(11, 17))[1].tobytes() for seed in range(8)}
    assert len(seen) == 8
    assert np.array_equal(varied(x, x, np.random.default_rng(7), crop=(5, 7))[0], blurred)
    with pytest.raises(ShapeError, match="at least 320x448"):
        varied(x, x, np.random.default_rng(7))

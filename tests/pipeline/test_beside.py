"""What goes with a frame beside its picture."""
import numpy as np

from refvr.pipeline.beside import blended, enlarged


def test_enlarged_as_pictures_are():
    alpha = np.array([[0.0, 1.0], [0.0, 1.0]], np.float32)
    large = enlarged(alpha, 2)
    assert large.shape == (4, 4) and np.allclose(large[1], [0, 0.25, 0.75, 1])
    assert enlarged(np.zeros((2, 3, 3), np.float32), 4).shape == (8, 12, 3) and enlarged(None, 2) is None


def test_what_is_missing_counts_as_nothing():
    a = np.full((2, 2), 1.0, np.float32)
    assert np.allclose(blended(a, 0 * a, 0.25), 0.75) and np.allclose(blended(a, None, 0.25, 0.5), 0.875)
    assert blended(None, None, 0.5, 1.0) is None and blended(a, None, 0.5) is None

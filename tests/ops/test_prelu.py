"""One slope for each channel."""
import numpy as np
import pytest

from refvr import backend, gradcheck, ops


@pytest.mark.parametrize("name", ["plain", "fast"])
def test_by_hand_and_its_gradient(name):
    x, w = np.array([[[[-2.0, -2.0], [3.0, -0.5]]]]), np.array([0.25, -1.0])
    with backend(name):
        assert ops.prelu(x, w).ravel().tolist() == [-0.5, 2.0, 3.0, 0.5]
        gradcheck(ops.prelu, [x, w])

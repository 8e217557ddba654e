"""Operands with channels first, there and back."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.diagnose.operand_layouts import from_nchw, to_nchw

SHAPES = {"image": (2, 3, 5, 7), "clip": (2, 3, 4, 5, 7), "frames": (2, 4, 3, 5, 7), "kernel": (11, 3, 5, 7),
          "kernel3d": (11, 3, 2, 5, 7), "kernel_transposed": (3, 11, 5, 7), "matrix": (11, 3), "any": (3, 5)}


@pytest.mark.parametrize("axes", SHAPES)
def test_there_and_back(axes):
    x = np.random.default_rng(0).random(SHAPES[axes])
    assert np.array_equal(to_nchw(from_nchw(x, axes), axes), x)


def test_filters_of_fac():
    x = np.random.default_rng(0).random((1, 3 * 25, 5, 7))
    ours = from_nchw(x, "taps", 3)
    assert ours.shape == (1, 5, 7, 25, 3) and ours[0, 2, 4, 6, 1] == x[0, 25 + 6, 2, 4]
    assert np.array_equal(to_nchw(ours, "taps"), x)
    for wrong, channels in ((x, 4), (x[0], 3)):
        with pytest.raises(InputError):
            from_nchw(wrong, "taps", channels)

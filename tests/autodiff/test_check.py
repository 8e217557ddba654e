"""gradcheck: a right adjoint passes, a wrong one is named by its place."""
import numpy as np
import pytest

from refvr import gradcheck
from refvr.errors import GradientError

X = np.random.default_rng(0).standard_normal((2, 3))


def test_a_right_adjoint_passes_with_a_small_error():
    assert gradcheck(lambda x: x * x, [X]) < 1e-6


def test_a_wrong_one_is_named():
    with pytest.raises(GradientError, match="input 0 at index"):
        gradcheck(lambda x: x * np.array(getattr(x, "data", x)), [X])   # half of the product is a constant

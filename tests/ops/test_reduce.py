"""Sums and means over chosen axes."""
import numpy as np
import pytest

from refvr import backend, ops
from refvr.errors import ShapeError

X = np.random.default_rng(0).standard_normal((2, 3, 5, 7))


@pytest.mark.parametrize("axis", [None, 0, -1, (1, 2), (0, 3)])
@pytest.mark.parametrize("name", ["plain", "fast"])
def test_as_numpy_does_it(axis, name):
    with backend(name):
        for kept in (False, True):
            np.testing.assert_allclose(ops.sum(X, axis, keepdims=kept), X.sum(axis, keepdims=kept), rtol=1e-12)
            np.testing.assert_allclose(ops.mean(X, axis, keepdims=kept), X.mean(axis, keepdims=kept), rtol=1e-12)


def test_nothing_has_no_mean():
    with pytest.raises(ShapeError):
        ops.mean(X[:0])

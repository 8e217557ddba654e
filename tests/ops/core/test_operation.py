"""Backends, and who hears of an operation."""
import numpy as np
import pytest

from refvr import backend, ops
from refvr.ops.core.operation import current_backend, watch


def test_backends_hold_inside():
    assert current_backend() == "fast"
    with backend("plain"):
        assert current_backend() == "plain"
    assert current_backend() == "fast"
    with pytest.raises(ValueError), backend("none"):
        pass


def test_watchers_hear_of_operations_on_arrays():
    heard = []
    with watch(lambda operation, operands, options, y: heard.append((operation.name, y.shape))):
        ops.relu(np.array([[-1.0, 2.0]]))
    ops.relu(np.array([1.0]))
    assert heard == [("relu", (1, 2))]

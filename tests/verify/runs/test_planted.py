"""A network with a mistake planted in it."""
import pytest

from refvr import ops
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.planted import planted


def test_planting_leaves_nothing_behind():
    right = ops.conv2d
    with pytest.raises(RuntimeError), planted(MISTAKES["conv2d.bias_missing"]):
        assert ops.conv2d is not right
        raise RuntimeError
    assert ops.conv2d is right

"""Nodes and constants of an ONNX model."""
import numpy as np
import pytest

pytest.importorskip("onnx", reason="pip install 'refvr[peers]'")

from refvr.plan.onnx.writer import second


def test_channels_go_to_the_second_axis():
    assert np.transpose(np.zeros((1, 3, 4, 2)), second(4)).shape == (1, 2, 3, 4)

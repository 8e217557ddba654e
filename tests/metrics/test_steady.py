"""Flicker and the gain of chroma."""
import numpy as np
import pytest

from refvr.metrics.steady import chroma_gain, flicker


def test_flicker_and_chroma_gain():
    x = np.random.default_rng(0).random((4, 8, 8, 3))
    steady = x + 0.1
    assert flicker(steady, x) < 0.01 and flicker(x + 0.1 * (-1.0) ** np.arange(4)[:, None, None, None], x) > 25
    grey = x.mean(-1, keepdims=True)
    assert chroma_gain(grey + 0.5 * (x - grey), x) == pytest.approx(0.5, abs=1e-6)
    assert chroma_gain(grey.repeat(3, -1), grey.repeat(3, -1)) == 1

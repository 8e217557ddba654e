"""Runs in a port's arithmetic."""
import numpy as np

from refvr.verify.runs.emulate import rounded


def test_rounding_to_shorter_types():
    x = np.float32([1 + 2 ** -9, 1 + 2 ** -12, 70000, -3.1416, 0, np.inf])
    assert rounded(x, "bf16").tolist() == [1.0, 1.0, 70144.0, -3.140625, 0.0, np.inf]
    assert rounded(x, "tf32")[:2].tolist() == [1 + 2 ** -9, 1.0]
    assert np.isinf(rounded(x, "fp16")[2])
    steps = rounded(np.linspace(-1, 1, 999, dtype=np.float32), "int8") * 127
    assert np.allclose(steps, np.rint(steps), atol=1e-4) and len(set(steps.tolist())) == 255

"""Where a difference lies."""
import re

import numpy as np
import pytest

from refvr.verify.compare.patterns import where


@pytest.mark.parametrize("change, says", [
    (lambda x: x * 1.25, "ours times 1.25"), (lambda x: x + 0.5, "ours plus 0.5"),
    (lambda x: x * 1.0000001, r"ours times 1\.0000001$"),
    (lambda x: x * np.linspace(0.99, 1.00001, 8), r"a factor in each channel, 0\.99 to 1\.00001$"),
    (lambda x: x[..., ::-1], "another order: reversed"), (lambda x: x[:, :, ::-1], "ours mirrored, left to right"),
    (lambda x: np.roll(x, 1, 2), r"moved by \(0, 1\)"), (lambda x: x.astype(np.float16), "float16 numbers"),
    (lambda x: np.round(np.abs(x) * 60).astype(np.uint8), "whole numbers of 8 bits$"),
    (lambda x: np.where(x < 0, x * 2, x), "below zero"),
    (lambda x: x + 0.1 * (np.arange(8) > 5), "2 of 8 channels: 6 to 7"),
    (lambda x: x + np.pad(np.zeros((1, 14, 18, 1)), ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=.1), "border"),
    (lambda x: x + 0.1 * (np.indices((1, 16, 20, 1)).sum(0) % 2), "a grid of 2"),
])
def test_where(change, says):
    ours = np.random.default_rng(0).standard_normal((1, 16, 20, 8))
    assert any(re.search(says, finding.what) for finding in where(change(ours), ours, 1e-6))

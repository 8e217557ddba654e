"""Rows of the Jacobian."""
import numpy as np
import pytest

from refvr.explain.rows import Rows


def test_a_row_is_the_derivative_and_a_tape_serves_any_number(seen):
    tape = Rows(seen.subject)
    dy = np.zeros_like(tape.output)
    dy[30, 50, 1] = 1
    row = tape.of(dy)["x"]
    assert np.array_equal(tape.of(dy)["x"], row)
    net, x = seen.subject.net, seen.subject.operands["x"].astype(np.float64)
    net.astype(np.float64)
    way = np.random.default_rng(2).standard_normal(x.shape)
    step = 1e-6
    difference = (net(x + step * way) - net(x - step * way))[0, 30, 50, 1] / (2 * step)
    net.astype(np.float32)
    assert (row * way).sum() == pytest.approx(difference, rel=1e-3)

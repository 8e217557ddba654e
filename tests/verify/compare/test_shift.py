"""Quantised values that are off as a whole, and which number of a graph makes them so."""
import numpy as np
import pytest

from refvr.verify.compare.ports.quantized import Grid
from refvr.verify.compare.shift import reading, shift

GRID = Grid(0.5, 0, -128, 127)


@pytest.fixture
def values():
    return np.random.default_rng(1).normal(0, 10, (6, 7, 8, 3))


def test_a_zero_point_that_is_off_moves_the_mean_and_rounding_does_not(values):
    right = GRID.rounded(values)
    assert shift(right, values, GRID) == 0
    assert shift(right + 0.5, values, GRID) == pytest.approx(1)
    assert shift(right - 1.0, values, GRID) == pytest.approx(-2)
    noisy = GRID.rounded(values + np.random.default_rng(2).normal(0, 0.5, values.shape))
    assert abs(shift(noisy, values, GRID)) < 0.4


def test_few_wild_values_are_no_shift(values):
    wrong = GRID.rounded(values)
    wrong[0] += 30 * np.sign(wrong[0])
    wrong[0] += 10
    assert shift(wrong, values, GRID) == 0


def test_what_is_cut_at_an_end_of_the_grid_is_not_counted(values):
    narrow = Grid(0.5, 0, -8, 7)
    assert shift(narrow.rounded(values), values, narrow) == 0
    assert shift(narrow.rounded(values)[:1, :1, :2], values[:1, :1, :2], narrow) == 0   # fewer than can be judged


def test_the_number_of_the_graph_is_named(values):
    right = GRID.rounded(values)
    assert reading("conv", right, right, GRID) == ""
    assert "by +1 steps of its grid" in reading("conv", right + 0.5, right, GRID)
    assert "your conv is 1.2 times ours" in reading("conv", 1.2 * right, right, GRID)
    alone = right.copy()
    alone[..., 1] *= 1.2
    assert "in channel 1 alone" in reading("conv", alone, right, GRID)
    assert reading("conv", right[:1, :1, :2], right[:1, :1, :2] + 5, GRID) == ""
    noise = np.random.default_rng(3).normal(1, 5, values.shape)   # off as a whole by two steps, and by more in places
    assert reading("conv", right + noise, right, GRID) == ""

"""The one measure of a difference."""
import numpy as np
import pytest

from refvr.verify.difference import Sums, percentiles, ulps


def of(theirs, ours, parts=1):
    sums = Sums()
    for x, y in zip(np.array_split(np.array(theirs), parts), np.array_split(np.array(ours), parts)):
        sums.add(x.astype(np.float64), y.astype(np.float64))
    return sums.difference(ulps(np.array(theirs, np.float64), np.array(ours, np.float64))), sums.decibels()


@pytest.mark.parametrize("parts", [1, 3])
def test_by_hand_whole_and_in_pieces(parts):
    found, decibels = of([1, -4, 12, 0.5], [1, -4, 10, 0.5], parts)
    assert (found.max_abs, found.max_rel, found.peak, found.nan, found.inf) == (2, 0.2, 10, 0, 0)
    assert found.rms_rel == pytest.approx(2 / np.sqrt(117.25)) and decibels == 20   # 10 over sqrt(2**2 / 4)
    assert found.cosine == pytest.approx((1 + 16 + 120 + 0.25) / np.sqrt((1 + 16 + 144 + 0.25) * 117.25))
    assert (found.ulp_50, found.ulp_max) == (0, 2 * 2**20) and not found.spoiled   # steps of 2^-20 from 8 on


def test_the_same_nonsense_is_no_difference():
    found, decibels = of([1, np.nan, -np.inf, 4], [1, np.nan, -np.inf, 4])
    assert (found.max_abs, found.rms_rel, found.ulp_max, found.cosine) == (0, 0, 0, 1) and decibels is None
    assert (found.nan, found.inf, found.peak) == (1, 1, 4) and not found.spoiled


def test_where_only_one_is_finite_the_difference_is_infinite():
    for theirs, ours in ((np.nan, 1), (1, np.nan), (np.inf, 1), (-np.inf, np.inf)):
        found, decibels = of([theirs, 2], [ours, 2])
        assert (found.max_abs, found.rms_rel, found.ulp_max) == (np.inf,) * 3 and decibels == -np.inf
        assert found.spoiled == (theirs != 1)


def test_an_infinity_in_both_hides_no_difference_beside_it():
    """The peak is of what is finite: over infinity every difference would be none."""
    found, decibels = of([np.inf, 4.5], [np.inf, 4])
    assert (found.max_rel, found.peak, found.ulp_50) == (0.125, 4, 0) and decibels == pytest.approx(21.07, abs=0.01)


def test_nothing_and_zeros():
    found, decibels = of([], [])
    assert (found.max_abs, found.max_rel, found.cosine) == (0, 0, 1) and decibels is None
    found, decibels = of([1e-3], [0])
    assert found.max_rel == found.rms_rel == np.inf and found.cosine == 0 and decibels == -np.inf


@pytest.mark.parametrize("count", [1, 2, 3, 100, 101, 1001])
def test_percentiles_are_those_of_numpy(count):
    values = np.random.default_rng(count).random(count)
    values[-1] = np.inf
    assert percentiles(values) == tuple(np.percentile(values, q, method="lower") for q in (50, 99, 100))
    assert percentiles(values[:0]) == (0, 0, 0)


def test_percentiles_are_of_all_elements_of_an_image():
    values = np.random.default_rng(1).random((2, 3, 5))
    assert percentiles(values) == percentiles(values.reshape(-1)) == percentiles(values.T)

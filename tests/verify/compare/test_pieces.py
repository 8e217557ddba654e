"""Two large arrays a piece at a time: the same figures as of the whole, and the places that are worth a second look."""
import numpy as np
import pytest

from refvr.verify.compare import pieces as module
from refvr.verify.compare.pieces import PIECE, at_places, difference, difference_and_places, pieces


@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, PIECE + 7), (2, 3, PIECE // 2 + 1), (5, 300, 700, 3)])
def test_pieces_cover_an_array_once_in_order(shape):
    x = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    seen = [(start, x[part].reshape(-1)) for start, part in pieces(shape)]
    assert np.array_equal(np.concatenate([part for _, part in seen]), x.reshape(-1))
    assert all(not part.size or part[0] == start for start, part in seen)
    assert all(part.size <= PIECE for _, part in seen)


def test_figures_do_not_depend_on_strides():
    rng = np.random.default_rng(0)
    ours = rng.standard_normal((2, 90, 80, 111)).astype(np.float32)   # more than one piece
    theirs = ours + rng.standard_normal(ours.shape).astype(np.float32) * np.float32(1e-6)
    theirs[1, 40, 3, 2] += 1
    turned = np.ascontiguousarray(theirs.transpose(0, 3, 1, 2)).transpose(0, 2, 3, 1)
    one, places = difference_and_places(theirs, ours)
    other, same = difference_and_places(turned, ours)
    assert one == other and np.array_equal(places.at, same.at) and np.array_equal(places.values, same.values)
    assert abs(one.max_abs - 1) < 1e-5 and np.ravel_multi_index((1, 40, 3, 2), ours.shape) in places.at
    assert np.array_equal(at_places(turned, places.at), theirs.reshape(-1)[places.at])
    relu = difference(theirs, ours, lambda y: np.maximum(y, 0))
    assert relu == difference(theirs, np.maximum(ours, 0))


def test_by_hand():
    ours = np.array([[1.0, -4], [10, 0.5]])
    found, places = difference_and_places(ours + [[0, 0], [2, 0]], ours)
    assert (found.max_abs, found.max_rel, found.peak) == (2, 0.2, 10)
    assert found.rms_rel == pytest.approx(2 / np.sqrt(117.25)) and found.ulp_max == 2 * 2**20   # steps of 2^-20 from 8
    assert places.at.tolist() == [0, 1, 2, 3] and places.values.tolist() == [1, -4, 10, 0.5]
    for k in range(4):   # of a small array each element counts
        assert difference(ours + 2.0**-20 * (np.arange(4).reshape(2, 2) == k), ours).ulp_max >= 1


def test_of_each_piece_the_largest_values_and_differences_are_kept_and_some_from_everywhere(monkeypatch):
    """Nearly all values are alike; pieces have 1000 here, and 2 places of each are kept."""
    for name, value in {"PIECE": 1000, "TOP": 2, "SPREAD": 30}.items():
        monkeypatch.setattr(module, name, value)
    ours = np.ones(5000)
    ours[[1001, 1500, 4999]] = 7, -9, np.inf   # what is infinite is not the largest: nothing can be measured there
    theirs = ours.copy()
    theirs[[2, 3, 4000]] += 0.5, 0.75, 0.25
    found, places = difference_and_places(theirs, ours, lambda y: y + 0.0)
    assert {2, 3, 1001, 1500, 4000} <= set(places.at) and np.array_equal(places.values, ours[places.at])
    assert 5 * 2 * 2 + 30 >= len(places.at) > 30 and np.all(np.diff(places.at) > 0)
    assert places.at.min() < 500 and places.at.max() > 4000
    assert (found.max_abs, found.peak, found.inf) == (0.75, 9, 1) and not found.spoiled


@pytest.mark.parametrize("change", [None, lambda y: np.maximum(y, 0)])
def test_the_same_of_values_whatever_their_shape_is(change):
    """Nothing at all, a single number, and values that are changed before they are compared."""
    for ours in (np.zeros((0, 3)), np.float32(-2).reshape(()), np.arange(-3.0, 3)):
        y = ours if change is None else change(ours)
        found, places = difference_and_places(y + 1, ours, change)
        assert found == difference(y + 1, ours, change) and found.max_abs == (1 if ours.size else 0)
        assert np.array_equal(places.values, y.reshape(-1)) and places.values.dtype == np.float64


def test_percentiles_of_ulps_are_those_of_a_sample_that_goes_on_through_all_pieces(monkeypatch):
    """Every third of the values: those that are off, by one unit in the last place, are just these."""
    for name, value in {"PIECE": 100, "ULPS": 400}.items():
        monkeypatch.setattr(module, name, value)
    ours = np.ones(1200, np.float32)
    theirs = ours.copy()
    theirs[::3] = np.nextafter(np.float32(1), np.float32(2))
    assert difference(theirs, ours).ulp_50 == 1
    theirs = ours.copy()
    theirs[1::3] = 2
    assert difference(theirs, ours).ulp_max == 0 and difference(theirs, ours).max_abs == 1

"""Rules of borders: each against a walk, the numbers of NumPy or PyTorch's words; and how far a window reads."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refvr.errors import InputError
from refvr.ops.kernels.borders import BORDERS, PLACES, bordered, check_border, farthest, folded, moved, sources


def walk(size, before, after):
    """Reflection as a walk: step by step outwards, turning round at the first and the last pixel."""
    def steps(place, direction, count):
        for _ in range(count):
            if size > 1:
                direction = direction if 0 <= place + direction < size else -direction
                place += direction
            yield place
    return [*reversed([*steps(0, 1, before)]), *range(size), *steps(size - 1, -1, after)]


@given(size=st.integers(1, 7), before=st.integers(0, 20), after=st.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_reflection_goes_back_and_forth(size, before, after):
    assert sources(size, before, after, "reflection").tolist() == walk(size, before, after)


def test_rules_by_hand():
    assert sources(3, 2, 1, "zero").tolist() == [-1, -1, 0, 1, 2, -1]
    assert sources(3, 2, 1, "replicate").tolist() == [0, 0, 0, 1, 2, 2]
    assert sources(0, 2, 1, "zero").tolist() == [-1, -1, -1]


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("size, pads", [((5, 3), ((2, 1), (0, 4))), ((1, 1), ((3, 0), (1, 1))),
                                        ((2, 7), ((0, 0), (0, 0)))])
def test_the_fold_is_the_adjoint(border, size, pads):
    """<bordered(x), dy> = <x, folded(dy)>, in whole numbers, so exactly."""
    rng = np.random.default_rng(1)
    x = rng.integers(-9, 9, (2, *size, 3)).astype(np.float64)
    y = bordered(x, pads, border)
    dy = rng.integers(-9, 9, y.shape).astype(np.float64)
    assert y.shape[1:3] == tuple(side + sum(pad) for side, pad in zip(size, pads))
    assert (y * dy).sum() == (x * folded(dy, size, pads, border)).sum()


@pytest.mark.parametrize("border", ["zero", "replicate", "reflection"])
@pytest.mark.parametrize("size", [1, 2, 3, 11])
def test_these_rules_read_no_further_than_a_window(border, size):
    """A pixel outside is taken from inside, as far away at most: with them there are bands."""
    assert farthest(size, 3, border) == min(3, size - 1)


def test_a_rule_that_reads_far_is_seen(monkeypatch):
    monkeypatch.setitem(BORDERS, "circular", lambda p, size: p % size)
    assert farthest(11, 1, "circular") == 10


@pytest.mark.parametrize("border", sorted(set(BORDERS) & set(PLACES) - {"zero"}))
def test_a_name_means_the_same_for_pixels_and_for_places(border):
    at = np.stack([np.arange(-7.0, 12)] * 2, axis=-1)
    found, slope = moved(at, (5, 5), border)
    assert found[:, 0].tolist() == sources(5, 7, 7, border).tolist()
    assert not slope[(at <= 0) | (at >= 4)].any() or border == "reflection"


def test_places_and_their_slopes():
    at = np.array([[-0.25, 2.5], [4.5, -4.25]])
    found, slope = moved(at, (4, 6), "reflection")
    assert found.tolist() == [[0.25, 2.5], [1.5, 4.25]] and slope.tolist() == [[-1, 1], [-1, -1]]
    found, slope = moved(at, (4, 6), "reflection", outermost=False)                # mirrors at -0.5
    assert found.tolist() == [[0, 2.5], [2.5, 3.25]] and slope.tolist() == [[0, 1], [-1, -1]]
    found, slope = moved(at, (4, 6), "replicate")
    assert found.tolist() == [[0, 2.5], [3, 0]] and slope.tolist() == [[0, 1], [0, 0]]
    found, slope = moved(at, (4, 6), "zero")
    assert found.tolist() == at.tolist() and (slope == 1).all()


def test_a_border_that_is_none_is_named():
    with pytest.raises(InputError, match="pool: got border 'mirror', expected one of zero, replicate, reflection"):
        check_border("mirror", BORDERS, "pool")

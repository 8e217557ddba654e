"""Bilinear samples at given places: the formula, pixels outside, places far away or none, gradients."""
import numpy as np
import pytest
from plain_convolutions import whole_numbers
from plain_samples import blended, quarters, scattered

from refvr import ops
from refvr.ops.kernels.bilinear import sample, sample_adjoint, sample_plain, sample_plain_adjoint

SHAPES = [((2, 5, 7, 3), (4, 6)), ((1, 1, 1, 1), (9, 9)), ((1, 3, 2, 19), (5, 1)), ((2, 4, 4, 8), (1, 70))]
BOTH = pytest.mark.parametrize("function, adjoint", [(sample, sample_adjoint), (sample_plain, sample_plain_adjoint)],
                               ids=["kernel", "plain"])


def given(shape, size, dtype=np.float32):
    """Places around the middle of the image, some of them outside."""
    at = quarters(2, shape[0], *size, 2, most=max(shape[1:3])) + np.array(shape[1:3]) / 2 // 0.25 * 0.25
    return whole_numbers(1, *shape, dtype=dtype), at, whole_numbers(3, shape[0], *size, shape[3], dtype=dtype)


@BOTH
@pytest.mark.parametrize("shape, size", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_samples_and_gradients_are_the_formula(function, adjoint, shape, size, dtype):
    x, at, dy = given(shape, size, dtype)
    y, (dx, dat) = function(x, at), adjoint(dy, x, at, (True, True))
    assert y.dtype == dx.dtype == dtype and dat.dtype == np.float64
    for n in range(shape[0]):
        places = at[n, ..., 0], at[n, ..., 1]
        want, by_p, by_q = blended(x[n], *places)
        assert np.array_equal(y[n], want)
        assert np.array_equal(dx[n], scattered(dy[n].astype(np.float64), x[n], *places))
        assert np.array_equal(dat[n], np.stack([(dy[n] * by).sum(-1) for by in (by_p, by_q)], -1))


@BOTH
def test_only_the_gradients_that_are_needed(function, adjoint):
    x, at, dy = given(*SHAPES[0])
    dx, dat = adjoint(dy, x, at, (True, True))
    assert adjoint(dy, x, at, (True, False))[1] is None and adjoint(dy, x, at, (False, True))[0] is None
    assert np.array_equal(adjoint(dy, x, at, (True, False))[0], dx)
    assert np.array_equal(adjoint(dy, x, at, (False, True))[1], dat)


@BOTH
def test_places_far_away_and_places_that_are_none(function, adjoint):
    """Beyond the last pixels there is nothing, however far; NaN is NaN in all channels, and in no other pixel."""
    x = whole_numbers(1, 1, 3, 4, 9)
    far = [[-1e300, 0], [np.inf, 1], [1, -np.inf], [2, 1e18], [-1, 1], [3, 0]]
    at = np.array([*far, [np.nan, 1], [1, np.nan], [1, 2]])
    y = function(x, at[None, None])[0, 0]
    assert not y[:6].any() and np.isnan(y[6:8]).all() and np.array_equal(y[8], x[0, 1, 2])


@BOTH
def test_fractions_are_rounded_to_the_type_of_the_image_and_places_are_not(function, adjoint):
    """At column 4,000,000 a float32 place would be a quarter off."""
    x, far = np.zeros((1, 1, 4_000_002, 1), np.float32), 4_000_000
    x[0, 0, far:, 0] = 0, 1
    for part in (0.25, 0.1):
        assert function(x, np.array([0, far + part]).reshape(1, 1, 1, 2)).item() == np.float32(
            far + part - far)


def test_threads_do_not_change_a_bit():
    """Gradients of the image meet where places do: an image belongs to one thread."""
    rng, found = np.random.default_rng(1), set()
    x, dy = (rng.standard_normal((3, 31, 37, 19)).astype(np.float32) for _ in range(2))
    at = rng.uniform(0, 4, (3, 31, 37, 2))
    for count in (1, 2, 3):
        with ops.threads(count):
            found.add(b"".join(a.tobytes() for a in (sample(x, at), *sample_adjoint(dy, x, at, (True, True)))))
    assert len(found) == 1


def test_views_are_as_good_as_copies():
    x, at, dy = given(*SHAPES[0])
    wide, wide_dy = (np.repeat(a, 2, axis=2)[:, :, ::2] for a in (x, dy))
    assert np.array_equal(sample(wide, at), sample(x, at))
    for got, want in zip(sample_adjoint(wide_dy, wide, at, (True, True)), sample_adjoint(dy, x, at, (True, True))):
        assert np.array_equal(got, want)

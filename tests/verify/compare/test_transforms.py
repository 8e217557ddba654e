"""What may have happened to a value as a whole."""
import numpy as np

from refvr.verify.compare.transforms import SYMMETRIES, factor_of, offset_of, order_of_channels

X = np.random.default_rng(0).standard_normal((2, 5, 5, 3))


def test_symmetries_are_undone_by_themselves():
    for symmetry in SYMMETRIES:
        assert not np.array_equal(symmetry.of(X), X) and np.array_equal(symmetry.of(symmetry.of(X)), X)


def test_what_is_found_is_what_was_done():
    assert np.isclose(factor_of(X, 3 * X), 3) and np.isclose(offset_of(X, X + 0.25), 0.25)
    flat = X.reshape(-1, 3)
    assert order_of_channels(flat, flat[:, [2, 0, 1]]).tolist() == [2, 0, 1]
    assert factor_of(0 * X, X) == 0

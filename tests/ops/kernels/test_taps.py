"""Weighted sums along one axis."""
import numpy as np

from refvr.ops.kernels import taps

MADE = taps.Taps(np.array([[0, 1], [2, 0], [1, 1]]), np.array([[0.5, 0.5], [1.0, -1.0], [0.25, 0.75]]), 3)


def test_the_kernel_is_the_definition_and_the_adjoint_its_transpose():
    rng = np.random.default_rng(0)
    for axis in (1, 2):
        x = rng.standard_normal((2, 3, 3, 5))
        y = taps.apply(x, MADE, axis)
        np.testing.assert_allclose(y, taps.apply_plain(x, MADE, axis), rtol=1e-12)
        dy = rng.standard_normal(y.shape)
        np.testing.assert_allclose((taps.apply_adjoint(dy, MADE, axis) * x).sum(), (dy * y).sum(), rtol=1e-12)


def test_matlabs_border():
    assert taps.mirrored(np.arange(-4, 7), 3).tolist() == [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0][:11]

"""Samples and alpha of pictures."""
import numpy as np
import pytest

from refvr.media.picture import from_integers, premultiplied, straight


@pytest.mark.parametrize("bits", [1, 8, 16])
def test_integers_are_shares_of_the_largest(bits):
    largest = 2 ** bits - 1
    found = from_integers(np.array([[0, largest]], np.uint16), bits)
    assert found.shape == (1, 2, 1) and found.dtype == np.float32 and found.ravel().tolist() == [0, 1]


def test_alpha_goes_in_and_out():
    x = np.array([[[0.5, 0.25, 1.0, 0.5], [0.2, 0.4, 0.6, 0.0]]], np.float32)
    assert np.allclose(premultiplied(x)[0, 0], [0.25, 0.125, 0.5, 0.5])
    assert np.allclose(straight(premultiplied(x)), x)        # where alpha is 0, colours are left alone

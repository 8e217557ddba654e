"""Convolutions by bands of rows: the bits of the whole image, for heights around tiles and bands."""
from __future__ import annotations

import numpy as np
import pytest

import refvr
from refvr.nn.bands import Banded, BandedResidual, BandedUp, bands, through
from refvr.nn.layers import Conv2d, ConvTranspose2d


@pytest.mark.parametrize("precision", ["fast", "exact"])
@pytest.mark.parametrize("rows", [1, 3, 4, 7, 12])
@pytest.mark.parametrize("h", [1, 2, 4, 5, 11, 24, 29])
def test_a_chain_by_bands_has_the_bits_of_the_whole(h: int, rows: int, precision: str) -> None:
    rng = np.random.default_rng(h)
    x = rng.standard_normal((2, h, 7, 16)).astype(np.float32)
    first, second = Conv2d(16, 16, 3, activation="relu").init(rng), Conv2d(16, 3, 3).init(rng)
    with refvr.precision(precision):
        whole = second(first(x))
        a, b = Banded(first), Banded(second)
        parts = [b(a(band, last), last) for band, last in bands(x, rows)]
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()


@pytest.mark.parametrize("rows", [1, 3, 8, 64])
@pytest.mark.parametrize("h", [4, 5, 18, 31])
@pytest.mark.parametrize("k", [3, 4])
def test_residuals_strides_and_enlarging_by_bands_have_the_bits_of_the_whole(h: int, rows: int, k: int) -> None:
    rng = np.random.default_rng(h)
    x = rng.standard_normal((2, h, 6, 16)).astype(np.float32)
    first, second = Conv2d(16, 16, 3, activation="relu").init(rng), Conv2d(16, 16, 3).init(rng)
    down, up = Conv2d(16, 17, 3, stride=2).init(rng), ConvTranspose2d(17, 16, k, activation="leaky_relu").init(rng)
    whole = up(down(second(first(x), residual=x)))
    whole = second(first(whole), residual=whole)
    steps = [BandedResidual(first, second), Banded(down), BandedUp(up), BandedResidual(first, second)]
    assert through(x, rows, steps, 2 * -(-h // 2)).tobytes() == whole.tobytes()

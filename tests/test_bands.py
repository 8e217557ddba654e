"""Convolutions by bands of rows: the bits of the whole image, for heights around tiles and bands."""
from __future__ import annotations

import numpy as np
import pytest

import refvr
from refvr import ops
from refvr.networks.edvr import EDVR, Config
from refvr.nn.bands import Banded, bands
from refvr.nn.layers import Conv2d


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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("h", [4, 12, 28])
def test_edvr_by_bands_has_the_bits_of_the_whole(h: int, dtype: type) -> None:
    rng = np.random.default_rng(3)
    net = EDVR(Config(frames=3, features=16, offset_groups=2, extract_blocks=1, reconstruct_blocks=1)).init(rng)
    net.astype(dtype)
    x = rng.random((1, 3, h, 8, 3)).astype(dtype)
    with refvr.trace() as seen:
        whole = net(x)
    assert {"upconv1", "upconv2", "up", "conv_hr", "conv_last"} <= set(seen)
    one = net(x)
    with refvr.threads(3):
        assert one.tobytes() == whole.tobytes() == net(x).tobytes()
    up = ops.pixel_shuffle(net.upconv1(seen["reconstructed"]), 2)
    assert np.array_equal(seen["up"], ops.pixel_shuffle(net.upconv2(up), 2))

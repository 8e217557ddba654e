"""Schedules written by hand: convolutions by bands of rows have the bits of the whole, around tiles and bands.

Whole networks: tests/plan/test_run.py, test_duf.py, test_safa.py.
"""
from __future__ import annotations

import numpy as np
import pytest

import refvr
from refvr.nn.layers import Conv2d
from refvr.plan.by_hand.bands import Banded, through_parts


def bands(x, rows):
    """(n, h, w, c) in bands of `rows` rows, the last one shorter, and whether a band is the last."""
    for top in range(0, x.shape[1], rows):
        yield x[:, top:top + rows], top + rows >= x.shape[1]


@pytest.mark.parametrize("precision", ["winograd", "direct"])
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
def test_strides_by_bands_have_the_bits_of_the_whole(h: int, rows: int) -> None:
    rng = np.random.default_rng(h)
    x = rng.standard_normal((2, h, 6, 16)).astype(np.float32)
    down, refine = Conv2d(16, 17, 3, stride=2).init(rng), Conv2d(17, 16, 3).init(rng)
    parts = (band for band, _ in bands(x, rows))
    assert through_parts(parts, [Banded(down), Banded(refine)], -(-h // 2)).tobytes() == refine(down(x)).tobytes()

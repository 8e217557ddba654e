"""Differences of a case and its tolerance."""
import numpy as np
import pytest

from refvr.verify.cases.checked import checked


def test_a_difference_and_its_tolerance_by_hand():
    d = checked(np.array([1.0, 4.0, 8.0]), np.array([1.0, 4.0, 8.0 + 2**-20]), np.array(2.0**-19), np.float32)
    assert d.max_abs == 2**-20 and d.max_rel == 2**-20 / (8 + 2**-20) and d.worst == (2,) and d.used == 0.5
    assert d.ulp_50 == 0 and d.ulp_max == 1  # float32 has steps of 2^-20 from 8 on
    assert d.psnr_db == pytest.approx(20 * np.log10(8 * 2**20 * np.sqrt(3)), abs=1e-5)
    same = checked(np.array([np.inf, np.nan]), np.array([np.inf, np.nan]), np.array(0.0), np.float64)
    assert same.used == 0 and same.psnr_db is None
    for got, want in ((np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (-np.inf, np.inf)):
        assert checked(np.array([got]), np.array([want]), np.array(1e9), np.float64).used == np.inf
    assert checked(np.array([1.0]), np.array([2.0]), np.array(0.0), np.float64).used == np.inf
    assert checked(np.zeros((0, 3)), np.zeros((0, 3)), np.array(0.0), np.float64).used == 0

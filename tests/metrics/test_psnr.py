"""PSNR against values by hand, in float64."""
import numpy as np
import pytest

from refvr.errors import ShapeError
from refvr.metrics import psnr


def test_psnr_of_known_error():
    a = np.zeros((3, 5))
    assert psnr(a + 0.1, a) == pytest.approx(20, abs=1e-12)
    assert psnr(a + 25.5, a, peak=255) == pytest.approx(20, abs=1e-12)
    assert psnr(a, a) == np.inf
    with pytest.raises(ShapeError, match=r"\(3, 5\) and \(5, 3\)"):
        psnr(a, a.T)


def test_psnr_is_taken_in_float64():
    a = np.full((1000, 1000), 0.5, np.float32)
    b = a + np.float32(1e-4)
    assert psnr(a, b) == pytest.approx(-20 * np.log10(float(b[0, 0]) - 0.5), abs=1e-9)

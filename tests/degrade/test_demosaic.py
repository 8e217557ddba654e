"""AHD demosaicking."""
import numpy as np

from refvr.degrade.camera import mosaic
from refvr.degrade.demosaic import ahd


def test_mosaic_is_grbg_and_ahd_keeps_what_was_measured():
    rgb = np.stack([np.full((6, 8), v, np.float32) for v in (0.2, 0.5, 0.7)], -1)
    plane = mosaic(rgb)
    assert plane[0, 0] == plane[1, 1] == np.float32(0.5) and plane[0, 1] == np.float32(0.2)
    assert plane[1, 0] == np.float32(0.7)
    assert np.abs(ahd(plane).colour[..., 1][0::2, 0::2] - 0.5).max() < 1e-7

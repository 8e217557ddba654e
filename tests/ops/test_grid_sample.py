"""Sampling on a grid."""
import numpy as np
import pytest

import refvr
from refvr import ops
from refvr.ops.kernels.borders import PLACES

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])
rng = np.random.default_rng(3)


@BACKENDS
def test_grid_sample_with_aligned_corners_is_warp(backend):
    x, flow = rng.standard_normal((2, 7, 5, 3)), 3 * rng.standard_normal((2, 7, 5, 2))
    rows, cols = np.meshgrid(np.arange(7), np.arange(5), indexing="ij")
    grid = np.stack([(cols + flow[..., 0]) / 2 - 1, (rows + flow[..., 1]) / 3 - 1], axis=-1)
    with refvr.backend(backend):
        for border in ("zero", "replicate"):
            y = ops.grid_sample(x, grid, border=border, align_corners=True)
            assert np.abs(y - ops.warp(x, flow, border=border)).max() < 1e-13


@BACKENDS
@pytest.mark.parametrize("align_corners, mode", [(True, "reflect"), (False, "symmetric")])
def test_reflection_is_numpys(backend, align_corners, mode):
    """Whole-pixel places up to three image widths away; corners aligned: the edge pixel once, otherwise twice."""
    x, margin = rng.standard_normal((1, 5, 7, 2)), 17
    wide = np.pad(x, ((0, 0), (margin, margin), (margin, margin), (0, 0)), mode=mode)
    q, p = np.meshgrid(np.arange(-margin, 7 + margin), np.arange(-margin, 5 + margin))
    grid = np.stack([q / 3 - 1, p / 2 - 1] if align_corners else [(2 * q + 1) / 7 - 1, (2 * p + 1) / 5 - 1], axis=-1)
    with refvr.backend(backend):
        y = ops.grid_sample(x, grid[None], border="reflection", align_corners=align_corners)
    assert np.abs(y - wide).max() < 1e-12


@BACKENDS
@pytest.mark.parametrize("border", PLACES)
@pytest.mark.parametrize("align_corners", [False, True])
def test_one_pixel(backend, border, align_corners):
    x, grid = np.full((1, 1, 1, 3), 5.0), np.array([0.0, 0.0, 7.3, -4.1]).reshape(1, 1, 2, 2)
    with refvr.backend(backend):
        y = ops.grid_sample(x, grid, border=border, align_corners=align_corners)
    far = 5.0 if border != "zero" or align_corners else 0.0
    assert np.array_equal(y[0, 0, :, 0], [5.0, far])

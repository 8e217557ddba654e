"""SSIM against scikit-image."""

import numpy as np
import pytest
from metric_pairs import pair

from refvr.errors import ShapeError
from refvr.metrics import ssim


@pytest.mark.parametrize("shape", [(11, 13), (17, 29, 3)])
def test_ssim_equals_scikit_image(shape):
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image is the peer")
    a, b = (x.astype(np.float64) for x in pair(shape))
    # The peer filters the whole picture and crops; where the window lies inside, both definitions are the same.
    _, full = metrics.structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
                                            data_range=1.0, full=True, channel_axis=2 if len(shape) == 3 else None)
    assert ssim(a, b) == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-12)
    assert ssim(a, a) == pytest.approx(1, abs=1e-12)


def test_ssim_needs_eleven_pixels():
    with pytest.raises(ShapeError, match="at least 11"):
        ssim(np.zeros((10, 20)), np.zeros((10, 20)))

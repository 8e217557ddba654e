"""How DUF's small frames are made."""
import numpy as np
import pytest
from small_duf import pack

from refvr.degrade.duf import crop_enlarged, demo_low_resolution, downsample, duf_kernel, low_resolution
from refvr.errors import InputError, ShapeError


def test_small_frames():
    for scale, radius in ((2, 3), (3, 5), (4, 6)):  # 4 deviations of 0.4 s, rounded
        kernel = duf_kernel(scale)
        assert kernel.sum() == pytest.approx(1, abs=1e-6) and np.count_nonzero(kernel[6]) == 2 * radius + 1
        impulse = np.zeros((1, 23, 29, 3))
        impulse[0, 2 * scale, 3 * scale] = 1  # small pixel i lies on large pixel s i
        small = downsample(impulse, scale)
        assert small.shape == (1, -(-23 // scale), -(-29 // scale), 3)
        assert np.unravel_index(small[0, ..., 1].argmax(), small.shape[1:3]) == (2, 3)
        np.testing.assert_allclose(downsample(np.full((1, 5, 3, 3), 0.7), scale), 0.7, rtol=1e-6)
    assert low_resolution(np.zeros((2, 24, 33, 3)), 3).shape == (2, 9, 12, 3)  # 3 more, though divisible
    assert low_resolution(np.zeros((2, 25, 33, 3)), 4).shape == (2, 7, 9, 3)
    assert crop_enlarged(np.zeros((2, 27, 36, 3)), 24, 33).shape == (2, 24, 33, 3)
    with pytest.raises(InputError, match="scale 5, expected 2, 3 or 4"):
        downsample(np.zeros((1, 5, 5, 3)), 5)
    with pytest.raises(ShapeError, match="downsample"):
        downsample(np.zeros((5, 5, 3)), 2)


def test_how_the_demo_frames_were_made():
    frames = pack("calendar")
    ours = demo_low_resolution(frames["frames"] / 255.0)
    inside = np.s_[:, 1:-1, 1:-1]  # the kernel reaches 4 large pixels, one small one, beyond the crop
    assert np.array_equal(ours[inside], frames["lr_authors_x4"][inside])

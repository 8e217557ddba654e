"""Norm and ReLU on the way into a strip."""
import numpy as np
import pytest
from plain_convolutions import whole_numbers

from refvr.ops.core.jit import kernel
from refvr.ops.kernels.volume_code import norm_relu


@kernel
def run(x, mean, scale, shift, to, to_pixel, pixels, channels):
    norm_relu(x, 3, mean, 1, scale, 2, shift, 5, to, 4, to_pixel, pixels, channels)


@pytest.mark.parametrize("channels", [16, 17, 19, 31, 32, 53])
@pytest.mark.parametrize("pixels", [0, 1, 5])
def test_every_pixel_is_moved_scaled_shifted_and_cut_at_zero(channels, pixels):
    """Also with channels that fill no whole vector; what lies between the pixels of the strip is left alone."""
    x, mean, scale, shift = (whole_numbers(seed, 400) for seed in range(4))
    to, apart = np.full(600, 99, np.float32), channels + 7
    run(x, mean, scale, shift, to, apart, pixels, channels)
    c = np.arange(channels)
    for p in range(pixels):
        want = np.maximum((x[3 + p * channels + c] - mean[1 + c]) * scale[2 + c] + shift[5 + c], 0)
        assert np.array_equal(to[4 + p * apart + c], want)
        to[4 + p * apart + c] = 99
    assert (to == 99).all()


def test_roundings_are_those_of_one_operation_after_the_other_and_nan_stays():
    rng = np.random.default_rng(1)
    x, mean, scale, shift = (rng.standard_normal(200).astype(np.float32) for _ in range(4))
    x[3:6] = np.nan, np.inf, -np.inf
    to, c = np.zeros(100, np.float32), np.arange(32)
    run(x, mean, scale, shift, to, 32, 1, 32)
    z = (x[3 + c] - mean[1 + c]) * scale[2 + c] + shift[5 + c]
    assert to[4:36].tobytes() == np.where(z <= 0, np.float32(0), z).tobytes() and np.isnan(to[4])

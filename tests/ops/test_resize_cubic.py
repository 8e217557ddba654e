"""resize_cubic and imresize: their formulas in loops, bytes and ties, tiny images."""
from functools import partial

import numpy as np
import pytest
from cubic_lines import keys_of, line

import refvr
from refvr import ops
from refvr.errors import InputError, ShapeError

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])
rng = np.random.default_rng(5)


def nearest(k, size):
    return min(max(k, 0), size - 1)


@BACKENDS
@pytest.mark.parametrize("scale", [4, 1.7, 0.6])
def test_resize_cubic_is_its_formula(backend, scale):
    x = rng.standard_normal((2, 7, 5, 3))
    with refvr.backend(backend):
        y = ops.resize_cubic(x, scale)
    weight = partial(keys_of, -0.75)
    want = np.moveaxis(line(np.moveaxis(x, 1, 0), scale, round(7 * scale), weight, nearest), 0, 1)
    want = np.moveaxis(line(np.moveaxis(want, 2, 0), scale, round(5 * scale), weight, nearest), 0, 2)
    assert y.shape == want.shape and np.abs(y - want).max() < 1e-13


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 5, 3), (1, 7, 2, 1), (1, 11, 13, 2)])
def test_bytes_agree_between_backends(shape):
    x = rng.integers(0, 256, shape, dtype=np.uint8)
    with refvr.backend("plain"):
        plain = ops.resize_cubic(x, 4)
    assert plain.dtype == np.uint8 and np.array_equal(plain, ops.resize_cubic(x, 4))
    exact = ops.resize_cubic(x.astype(np.float64), 4)
    rounding = 4 * 512 * 2.0**-24  # four float32 sums of values below 512
    assert np.abs(plain - np.clip(exact, 0, 255)).max() <= 0.5 + rounding


@BACKENDS
def test_bytes_round_ties_as_opencv_does(backend):
    """Of a row of 12, OpenCV's vector code rounds the first 8 to even; what is left over is rounded up."""
    weights = np.array([-147, 1981, 235, -21])  # output row 6 of 16 lies 1/8 below input row 1
    ties = [v for v in np.ndindex(256, 256) if weights[1:3] @ v % 4096 == 1024]  # even + 1/2
    x = np.zeros((1, 4, 3, 1), np.uint8)
    x[0, 1:3, :, 0] = np.array(ties[0])[:, None]
    low = int(weights[1:3] @ ties[0]) // 2048
    with refvr.backend(backend):
        assert ops.resize_cubic(x)[0, 6, :, 0].tolist() == [low] * 8 + [low + 1] * 4


def test_clipping():
    x = np.zeros((1, 4, 4, 1), np.uint8)
    x[0, :2] = 255
    floats, ints = ops.resize_cubic(x.astype(np.float32)), ops.resize_cubic(x)
    assert floats.max() > 255 and floats.min() < 0 and ints.max() == 255 and ints.min() == 0


@BACKENDS
def test_flat_pictures_stay_flat(backend):
    x = np.full((1, 3, 2, 1), 0.3)
    with refvr.backend(backend):
        for y in (ops.resize_cubic(x, 4), ops.imresize(x, 0.25), ops.imresize(x, 3), ops.imresize(x[:, :1, :1], 0.1)):
            assert np.abs(y - 0.3).max() < 1e-15


def test_bad_input_is_named():
    x = np.zeros((1, 4, 5, 3), np.float32)
    for operation in (ops.resize_cubic, ops.imresize):
        for scale in (0, -1, float("nan"), 1000):
            with pytest.raises(InputError, match="scale"):
                operation(x, scale)
    with pytest.raises(InputError, match="at least one pixel left"):
        ops.resize_cubic(x, 0.1)
    with pytest.raises(ShapeError, match="uint16"):
        ops.resize_cubic(x.astype(np.uint16))
    with pytest.raises(ShapeError, match="n, h, w, c"):
        ops.imresize(x[0], 2)

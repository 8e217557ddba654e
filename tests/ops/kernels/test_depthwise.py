"""Depthwise convolution down bands, alone or with a 1x1 convolution: exactly the two sums, and for whom it is."""
import numpy as np
import pytest
from plain_convolutions import activated, correlated, whole_numbers

from refvr import ops
from refvr.ops.kernels import depthwise
from refvr.ops.kernels.depthwise import fuses, plan, separable, serves, spatial
from refvr.ops.kernels.microkernel import vector_bytes

WIDTH = vector_bytes() // 4
GROUPS = {"depthwise": (2 * WIDTH, 2 * WIDTH), "one input, four outputs": (WIDTH, 4 * WIDTH),
          "four inputs, one output": (4 * WIDTH, WIDTH)}


def given(groups, k=3, stride=1, shape=(2, 7, 17), padding=None, dtype=np.float32):
    """x, weights within groups, bias, residual, and the call."""
    (c, o), padding = GROUPS[groups], (k // 2, k // 2) if padding is None else padding
    size = tuple((side + 2 * pad - k) // stride + 1 for side, pad in zip(shape[1:], padding))
    drawn = [whole_numbers(seed, *of, dtype=dtype) for seed, of in enumerate(
        ((*shape, c), (k, k, c // min(c, o), o), (o,), (shape[0], *size, o)))]
    return drawn, {"stride": stride, "groups": min(c, o), "padding": padding, "size": size}


def formula(x, weight, *, size, padding, stride, groups):
    return correlated(x, weight, size, (-padding[0], -padding[1]), stride=stride, groups=groups)


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("k, stride", [(3, 1), (5, 1), (3, 2), (5, 2)])
@pytest.mark.parametrize("shape", [(2, 7, 17), (1, 1, 1), (1, 9, 2), (3, 2, 29)])
def test_the_spatial_part(groups, k, stride, shape):
    for slope, bias_too, residual_too in ((1, False, False), (0.5, True, True), (0, True, False)):
        (x, weight, bias, residual), call = given(groups, k, stride, shape)
        y = spatial(x, weight, bias if bias_too else None, residual if residual_too else None, slope=slope, **call)
        z = formula(x, weight, **call) + bias_too * bias + residual_too * residual
        assert np.array_equal(y, activated(z, slope))


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("k, stride, shape", [(3, 1, (2, 7, 17)), (5, 2, (1, 4, 29)), (3, 1, (1, 1, 1))])
@pytest.mark.parametrize("outputs", [1, 3])
def test_with_a_1x1_convolution_after_it(groups, k, stride, shape, outputs):
    """`outputs` vectors of channels; the bits are those of one after the other, so nothing is between."""
    (x, weight, _, between), call = given(groups, k, stride, shape)
    matrix = whole_numbers(7, weight.shape[3], outputs * WIDTH)
    residual = whole_numbers(8, *between.shape[:3], outputs * WIDTH)
    want = formula(x, weight, **call) @ matrix
    assert np.array_equal(separable(x, weight, matrix, None, slope=1, **call), want)
    assert np.array_equal(separable(x, weight, matrix, residual, slope=0.5, **call), activated(want + residual, 0.5))


@pytest.mark.parametrize("padding", [(0, 0), (0, 1), (4, 0), (7, 9)])
def test_any_border(padding):
    (x, weight, *_), call = given("depthwise", 5, padding=padding)
    assert np.array_equal(spatial(x, weight, None, None, slope=1, **call), formula(x, weight, **call))


def test_bands_of_a_wide_image(monkeypatch):
    """Several beside each other, each with rows of its own in the ring."""
    monkeypatch.setattr(depthwise, "_BAND_BYTES", 1)
    plan.cache_clear()
    try:
        (x, weight, *_), call = given("four inputs, one output", 5, 2, (2, 9, 301))
        p = plan(x.shape, call["size"], weight.shape, 2, call["groups"], call["padding"], 4)
        assert p.band < p.x == 151 and p.wide == (p.band - 1) * 2 + 5
        assert np.array_equal(spatial(x, weight, None, None, slope=1, **call), formula(x, weight, **call))
    finally:
        plan.cache_clear()


def test_a_band_is_as_wide_as_its_rows_fit_the_cache():
    for c, k, stride in ((64, 5, 1), (128, 3, 2)):
        p = plan((1, 1080, 1920, c), (1080 // stride, 1920 // stride), (k, k, 1, c), stride, c, (k // 2,) * 2, 4)
        assert p.band < p.x and 4 * p.kh * p.wide * p.c + 4 * p.band * p.o < 1.3 * depthwise._BAND_BYTES
        assert p.band % 14 == 0 and p.z_pixel % 64 != 0


def test_float64():
    (x, weight, bias, residual), call = given("depthwise", dtype=np.float64)
    y = spatial(x, weight, bias, residual, slope=0.5, **call)
    assert y.dtype == np.float64
    assert np.array_equal(y, activated(formula(x, weight, **call) + bias + residual, 0.5))


def test_for_whom_there_are_runs():
    """Kernels 3 and 5 wide, strides 1 and 2, whole vectors of channels in groups of one to four."""
    c = 4 * WIDTH
    assert serves(c, (3, 3, 1, c), 1, 1, c, 4) and serves(c, (7, 5, 1, c), 2, 1, c, 4)
    assert serves(c, (3, 3, 1, 4 * c), 1, 1, c, 4) and serves(c, (3, 3, 4, c // 4), 1, 1, c // 4, 4)
    for kernel, stride, dilation, groups, channels in (
            ((3, 4, 1, c), 1, 1, c, c), ((3, 3, 1, c), 3, 1, c, c), ((3, 3, 1, c), 1, 2, c, c),
            ((3, 3, 2, c), 1, 1, c // 2, c), ((3, 3, 1, 1), 1, 1, 1, 1), ((3, 3, 1, c + 1), 1, 1, c + 1, c + 1),
            ((3, 3, 4, 4), 1, 1, 4, 16)):
        assert not serves(channels, kernel, stride, dilation, groups, 4)
    assert fuses(c, (3, 3, 1, c), (1, 1, c, WIDTH), 1, c, 4)
    assert not fuses(c, (3, 3, 1, c), (1, 1, c, WIDTH + 1), 1, c, 4)      # tiles store whole vectors
    assert not fuses(c, (3, 4, 1, c), (1, 1, c, WIDTH), 1, c, 4)


def test_threads_do_not_change_a_bit():
    rng, found = np.random.default_rng(1), set()
    x, weight, matrix = (rng.standard_normal(s).astype(np.float32) for s in ((2, 21, 43, 64), (3, 3, 1, 64), (64, 64)))
    for count in (1, 2, 3):
        with ops.threads(count):
            found.add(separable(x, weight, matrix, None, (21, 43), stride=1, groups=64, padding=(1, 1),
                                slope=0.1).tobytes())
    assert len(found) == 1

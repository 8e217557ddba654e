"""Mistakes in filters that are computed per pixel, each as the formula with other taps, borders or orders."""
import numpy as np
import pytest
from wrong_calls import drawn, made_in, possible, right, shows, wrong

from refvr.verify.mistakes import filters

X, KERNEL = drawn(1, 4, 5, 2, seed=1), drawn(1, 4, 5, 9, 2, seed=2)


def filtered(kernel=KERNEL, border="edge", x=X):
    """fac: every pixel and channel has its own 3 x 3 kernel."""
    around, (h, w) = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), border), x.shape[1:3]
    return sum(kernel[:, :, :, 3 * i + j] * around[:, i:i + h, j:j + w] for i in range(3) for j in range(3))


def from_memory():
    """Tap t of channel c has the kernel's element number 2 t + c, channel after channel: c' = e // 9, t' = e % 9."""
    kernel = np.empty_like(KERNEL)
    for t, c in np.ndindex(9, 2):
        e = 2 * t + c
        kernel[..., t, c] = KERNEL[..., e % 9, e // 9]
    return kernel


E = np.exp(KERNEL)
FAC = {
    "taps_transposed": filtered(KERNEL[:, :, :, [0, 3, 6, 1, 4, 7, 2, 5, 8]]),
    "taps_flipped": filtered(KERNEL[:, :, :, ::-1]),
    "kernel_channels_tap_by_tap": filtered(from_memory()),
    "border_of_zeros": filtered(border="constant"),
    "border_is_mirrored": filtered(border="reflect"),
    "border_wraps": filtered(border="wrap"),
    "kernels_normalised": filtered(KERNEL / KERNEL.sum(3, keepdims=True)),
    "kernels_through_a_softmax": filtered(E / E.sum(3, keepdims=True)),
    "one_kernel_for_all_channels": filtered(KERNEL[..., [0, 0]]),
}


@pytest.mark.parametrize("name", FAC)
def test_fac(name):
    shows(f"fac.{name}", FAC[name], X, KERNEL)


def test_the_border_of_fac():
    shows("fac.border_repeats_the_edge", filtered(), X, KERNEL, border="zero")
    assert not possible("fac.border_repeats_the_edge", X, KERNEL)
    assert not possible("fac.border_of_zeros", X, KERNEL, border="zero")
    assert not possible("fac.border_is_mirrored", X[:, :1], KERNEL[:, :1])     # one row has no second to mirror
    assert possible("fac.border_is_mirrored", X[:, :2], KERNEL[:, :2])
    assert possible("fac.border_wraps", X[:, :1], KERNEL[:, :1])
    assert not possible("fac.border_is_mirrored", X, KERNEL, border="reflection")
    assert not possible("fac.border_wraps", X, KERNEL[:, :2])                  # a band of rows: its border lies inside


def test_a_kernel_of_one_tap_has_no_border():
    one = KERNEL[:, :, :, :1]
    for name in ("border_is_mirrored", "border_wraps"):
        assert np.array_equal(wrong(f"fac.{name}", X, one), one[:, :, :, 0] * X)


S = 2
LOW, LOGITS, RESIDUAL = drawn(1, 3, 4, 3, seed=3), drawn(1, 3, 4, 9 * 4, seed=4), drawn(1, 3, 4, 12, seed=5)
CELLS = LOGITS.reshape(1, 3, 4, 9, 4)       # 3 x 3 taps of the 2 x 2 pixels that each small one becomes
BY_PIXEL = RESIDUAL.reshape(1, 3, 4, 4, 3)


def softmax(x, axis):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def spread(values):
    """(1, 3, 4, u, c), pixel u of every cell row by row, to (1, 6, 8, c)."""
    y = np.empty((1, 6, 8, values.shape[-1]))
    for u in range(4):
        y[:, u // 2::2, u % 2::2] = values[:, :, :, u]
    return y


def enlarged(weights, border="constant", residual=BY_PIXEL, x=LOW):
    """dynamic_upsample with the filters `weights` (1, 3, 4, taps, u); its residual has all colours of a pixel."""
    around = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), border)
    found = sum(weights[:, :, :, 3 * i + j, :, None] * around[:, i:i + 3, j:j + 4, None]
                for i in range(3) for j in range(3))
    return spread(found + residual)


RIGHT = softmax(CELLS, 3)
BY_COLOUR = RESIDUAL.reshape(1, 3, 4, 3, 4).swapaxes(3, 4)       # all pixels of a colour together


def taken_for_ours():
    """Channel k of PyTorch's order is pixel k % 4 of colour k // 4; it goes to colour k % 3 of pixel k // 3."""
    return np.stack([BY_PIXEL[..., k % 4, k // 4] for k in range(12)], -1).reshape(BY_PIXEL.shape)


UPSAMPLE = {
    "softmax_over_the_cell": enlarged(softmax(CELLS, 4)),
    "softmax_missing": enlarged(CELLS),
    "border_repeats_the_nearest_pixel": enlarged(RIGHT, "edge"),
    "weights_normalised_at_the_border": (
        enlarged(RIGHT, residual=0) / enlarged(RIGHT, residual=0, x=np.ones_like(LOW))
        + spread(BY_PIXEL)),
    "residual_in_the_order_of_pytorch": enlarged(RIGHT, residual=BY_COLOUR),
    "residual_of_pytorch_in_the_order_of_tensorflow": enlarged(RIGHT, residual=taken_for_ours()),
    "residual_of_the_upsampling_missing": enlarged(RIGHT, residual=0),
    "filter_channels_pixel_after_pixel": enlarged(softmax(LOGITS.reshape(1, 3, 4, 4, 9).swapaxes(3, 4), 3)),
    "filters_flipped": enlarged(RIGHT[:, :, :, ::-1]),
    "filters_transposed": enlarged(RIGHT[:, :, :, [0, 3, 6, 1, 4, 7, 2, 5, 8]]),
    "pixels_of_a_cell_transposed": enlarged(RIGHT[..., [0, 2, 1, 3]],
                                            residual=BY_PIXEL[:, :, :, [0, 2, 1, 3]]),
}


@pytest.mark.parametrize("name", UPSAMPLE)
def test_dynamic_upsample(name):
    assert np.allclose(right("dynamic_upsample", LOW, LOGITS, RESIDUAL, s=S), enlarged(RIGHT))
    shows(f"dynamic_upsample.{name}", UPSAMPLE[name], LOW, LOGITS, RESIDUAL, s=S)


def test_a_residual_alone():
    """Two colours of 3 x 3 pixels: channel k of PyTorch's order is pixel k % 9 of colour k // 9."""
    nothing, logits, residual = np.zeros((1, 1, 1, 2)), np.zeros((1, 1, 1, 81)), np.arange(18.0).reshape(1, 1, 1, 18)
    of_pixels = residual.reshape(2, 9).T.reshape(1, 3, 3, 2)           # pixel u, colour c: channel 9 c + u
    shows("dynamic_upsample.residual_in_the_order_of_pytorch", of_pixels, nothing, logits, residual, s=3)
    ours = np.array([[2 * (k % 9) + k // 9 for k in range(18)]])       # pixel u, colour c of ours: channel 2 u + c
    shows("dynamic_upsample.residual_of_pytorch_in_the_order_of_tensorflow", ours.reshape(1, 3, 3, 2), nothing, logits,
          residual, s=3)


def test_without_a_residual():
    for name in ("residual_in_the_order_of_pytorch", "residual_of_pytorch_in_the_order_of_tensorflow",
                 "residual_of_the_upsampling_missing"):
        assert not possible(f"dynamic_upsample.{name}", LOW, LOGITS, s=S)
    shows("dynamic_upsample.softmax_missing", enlarged(CELLS, residual=0), LOW, LOGITS, s=S)
    shows("dynamic_upsample.border_repeats_the_nearest_pixel", enlarged(RIGHT, "edge", 0), LOW, LOGITS, s=S)
    shows("dynamic_upsample.weights_normalised_at_the_border",
          enlarged(RIGHT, residual=0) / enlarged(RIGHT, residual=0, x=np.ones_like(LOW)), LOW, LOGITS, s=S)


def test_a_cell_of_one_pixel():
    assert not possible("dynamic_upsample.pixels_of_a_cell_transposed", LOW, LOGITS[..., :9], s=1)


def test_filters_over_the_cell():
    shows("dynamic_filters.filters_softmax_over_the_cell", softmax(CELLS, 4), LOGITS, S)


def test_every_mistake_of_the_file_is_here():
    assert made_in(filters) == {*(f"fac.{name}" for name in (*FAC, "border_repeats_the_edge")),
                                *(f"dynamic_upsample.{name}" for name in UPSAMPLE),
                                "dynamic_filters.filters_softmax_over_the_cell"}

"""Mistakes in linear resizes: the places along each axis that a line of the result is read at."""
import numpy as np
import pytest
from wrong_calls import drawn, made_in, possible, right, shows

from refvr.autodiff import Tensor, backward
from refvr.ops import imresize, resize_cubic
from refvr.verify.mistakes import sizes

X = drawn(1, 5, 7, 2, seed=1)


def resized(rows, columns, x=X):
    """x read at places along the rows and the columns, linear between pixels, its edge repeated."""
    for axis, places in ((1, rows), (2, columns)):
        x = np.apply_along_axis(lambda line, at=places: np.interp(at, np.arange(len(line)), line), axis, x)
    return x


def half_pixels(out, ratio):
    return (np.arange(out) + 0.5) * ratio - 0.5


def corners(out, size):
    return np.linspace(0, size - 1, out)


BY_SCALE = [half_pixels(out, 1 / 1.7) for out in (8, 11)]                # floor(5 * 1.7), floor(7 * 1.7)
BY_SIZE = [half_pixels(8, 5 / 8), half_pixels(11, 7 / 11)]
NEAREST = [np.minimum(np.floor((np.arange(out) + 0.5) / 1.7), n - 1) for out, n in ((8, 5), (11, 7))]
SCALED = {   # of a resize by 1.7
    "corners_exchanged": resized(corners(8, 5), corners(11, 7)),
    "scale_only_a_size": resized(*BY_SIZE),
    "half_pixels_missing": resized(np.arange(8) / 1.7, np.arange(11) / 1.7),
    "nearest_pixel_of_the_resize": resized(*NEAREST),
    "values_times_the_scale": 1.7 * resized(*BY_SCALE),
}
SIZED = {    # of a resize to 8 x 11
    "corners_exchanged": SCALED["corners_exchanged"],
    "half_pixels_missing": resized(np.arange(8) * 5 / 8, np.arange(11) * 7 / 11),
    "nearest_pixel_of_the_resize": resized(*(np.floor((np.arange(out) + 0.5) * n / out)
                                             for out, n in ((8, 5), (11, 7)))),
    "values_times_the_scale": 8 / 5 * resized(*BY_SIZE),
}


@pytest.mark.parametrize("name", SCALED)
def test_by_a_scale(name):
    assert np.allclose(right("resize_bilinear", X, scale=1.7), resized(*BY_SCALE))
    shows(f"resize_bilinear.{name}", SCALED[name], X, scale=1.7)


@pytest.mark.parametrize("name", SIZED)
def test_to_a_size(name):
    shows(f"resize_bilinear.{name}", SIZED[name], X, (8, 11))


def test_corners_that_should_be_aligned():
    shows("resize_bilinear.corners_exchanged", resized(*BY_SIZE), X, (8, 11), align_corners=True)
    for name in ("half_pixels_missing", "antialiased"):
        assert not possible(f"resize_bilinear.{name}", X, (3, 3), align_corners=True)


def test_cubic_resizes_in_its_place():
    for name, cubic in (("cubic_in_place_of_linear", lambda: imresize(X, 2, antialias=False)),
                        ("bicubic_of_pytorch", lambda: resize_cubic(X, 2))):
        shows(f"resize_bilinear.{name}", cubic(), X, scale=2)
        assert not possible(f"resize_bilinear.{name}", X, (10, 14))
        assert not possible(f"resize_bilinear.{name}", X, scale=2, align_corners=True)
    assert not possible("resize_bilinear.scale_only_a_size", X, (10, 14))
    assert not possible("resize_bilinear.scale_only_a_size", X, scale=2, align_corners=True)
    larger = imresize(X, 1.7, antialias=False)                           # MATLAB rounds sizes up: 9 x 12
    assert larger.shape == (1, 9, 12, 2)
    shows("resize_bilinear.cubic_in_place_of_linear", larger[:, :8, :11], X, scale=1.7)


def triangles(size, out, ratio):
    """The mean of a line under a triangle as wide as the ratio, at half pixels."""
    weight = np.maximum(0, 1 - np.abs(half_pixels(out, ratio)[:, None] - np.arange(size)) / ratio)
    return weight / weight.sum(1, keepdims=True)


def test_antialiasing():
    big = drawn(1, 8, 12, 2)
    by_half = np.einsum("ai,bj,nijc->nabc", triangles(8, 4, 2), triangles(12, 6, 2), big)
    shows("resize_bilinear.antialiased", by_half, big, scale=0.5)
    shows("resize_bilinear.antialiased", by_half, big, (4, 6))
    rows_only = np.einsum("ai,nijc->najc", triangles(8, 4, 2), big)
    shows("resize_bilinear.antialiased", rows_only, big, (4, 12))
    columns_only = np.einsum("bj,nijc->nibc", triangles(12, 6, 2), resized(half_pixels(10, 0.8), np.arange(12), big))
    shows("resize_bilinear.antialiased", columns_only, big, (10, 6))
    for call in ({"scale": 1.7}, {"size": (5, 7)}):
        assert not possible("resize_bilinear.antialiased", X, **call)    # nothing shrinks


FLOW = {
    "flow_not_scaled": resized(*BY_SCALE),
    "flow_scaled_twice": 1.7 ** 2 * resized(*BY_SCALE),
    "flow_divided_by_the_scale": resized(*BY_SCALE) / 1.7,
    "flow_resized_corner_to_corner": 1.7 * SCALED["corners_exchanged"],
}


@pytest.mark.parametrize("name", FLOW)
def test_flows(name):
    assert np.allclose(right("resize_flow", X, scale=1.7), 1.7 * resized(*BY_SCALE))
    shows(f"resize_flow.{name}", FLOW[name], X, scale=1.7)


def test_a_flow_has_a_gradient():
    leaf = Tensor(np.ones((1, 2, 2, 1)))
    backward(sizes.resize_flow(leaf, scale=2.0), np.ones((1, 4, 4, 1)))
    assert leaf.grad.sum() == 2 * 16       # each of the 16 pixels is a mean of four, times 2


def test_every_mistake_of_the_file_is_here():
    names = {*SCALED, "cubic_in_place_of_linear", "bicubic_of_pytorch", "antialiased"}
    assert made_in(sizes) == {*(f"resize_bilinear.{name}" for name in names), *(f"resize_flow.{name}" for name in FLOW)}

"""Mistakes in cubic resizes: kernel, places and border, as a matrix for rows and one for columns."""
import math

import numpy as np
import pytest
from wrong_calls import made_in, possible, right, shows

from refvr.verify.mistakes import cubic

X = np.random.default_rng(1).random((1, 6, 9, 2))


def keys(t, a):
    """The cubic kernel of parameter a: 1 at 0, 0 at every other whole place."""
    t = abs(t)
    if t <= 1:
        return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1
    return a * t ** 3 - 5 * a * t ** 2 + 8 * a * t - 4 * a if t < 2 else 0.0


def matrix(size, out, scale, *, a, border, widened=1.0, half=0.5):
    """Line o of the result from the lines of the image."""
    m = np.zeros((out, size))
    for o in range(out):
        centre = (o + half) / scale - half
        for k in range(-3 * size, 4 * size):
            inside = 0 <= k < size
            place = min(max(k, 0), size - 1) if border == "edge" else (k if k % (2 * size) < size else -1 - k) % size \
                if border == "mirror" else k
            if inside or border != "inside":
                m[o, place] += keys((centre - k) / widened, a)
    return m / m.sum(1, keepdims=True)


def by_matrices(scale, outputs, **options):
    rows, columns = (matrix(size, out, scale, **options) for size, out in zip(X.shape[1:3], outputs))
    return np.einsum("ai,bj,nijc->nabc", rows, columns, X)


def opencv(scale=2, **change):
    outputs = [round(size * scale) for size in X.shape[1:3]]
    return by_matrices(scale, outputs, **{"a": -0.75, "border": "edge"} | change)


def matlab(scale=0.4, **change):
    outputs = [math.ceil(size * scale) for size in X.shape[1:3]]
    return by_matrices(scale, outputs, **{"a": -0.5, "border": "mirror", "widened": max(1, 1 / scale)} | change)


def test_the_matrices_of_the_right_answers():
    assert np.allclose(right("resize_cubic", X, 2), opencv(), atol=1e-6)
    assert np.allclose(right("imresize", X, 0.4), matlab(), atol=1e-9)
    assert np.allclose(right("imresize", X, 1.5, antialias=False), matlab(1.5), atol=1e-9)


OPENCV = {"parameter_of_matlab": {"a": -0.5}, "cubic_border_mirrored": {"border": "mirror"},
          "cubic_half_pixels_missing": {"half": 0.0}}
MATLAB = {"parameter_of_opencv": {"a": -0.75}, "edge_repeated": {"border": "edge"},
          "border_left_out": {"border": "inside"}, "matlab_half_pixels_missing": {"half": 0.0}}


@pytest.mark.parametrize("name", OPENCV)
def test_opencv(name):
    shows(f"resize_cubic.{name}", opencv(**OPENCV[name]), X, 2, within=1e-9)
    shows(f"resize_cubic.{name}", opencv(1.5, **OPENCV[name]), X, 1.5, within=1e-9)


@pytest.mark.parametrize("name", MATLAB)
def test_matlab(name):
    for scale in (0.4, 1.5):
        shows(f"imresize.{name}", matlab(scale, **MATLAB[name]), X, scale, within=1e-9)
    shows(f"imresize.{name}", matlab(0.4, widened=1.0, **MATLAB[name]), X, 0.4, antialias=False, within=1e-9)


def test_without_antialiasing():
    shows("imresize.no_antialiasing", matlab(widened=1.0), X, 0.4, within=1e-9)
    assert not possible("imresize.no_antialiasing", X, 0.4, antialias=False)
    for scale in (1.0, 1.5):
        assert not possible("imresize.no_antialiasing", X, scale)


@pytest.mark.parametrize("operation, scale", [("resize_cubic", 2), ("imresize", 0.4)])
def test_a_result_in_bytes(operation, scale):
    good = right(operation, X, scale)
    levels = np.array([min(max(round(255 * value), 0), 255) for value in good.ravel()]).reshape(good.shape)
    shows(f"{operation}.rounded_to_bytes", levels / 255, X, scale)


def test_every_mistake_of_the_file_is_here():
    assert made_in(cubic) == {*(f"resize_cubic.{name}" for name in (*OPENCV, "rounded_to_bytes")),
                              *(f"imresize.{name}" for name in (*MATLAB, "no_antialiasing", "rounded_to_bytes"))}

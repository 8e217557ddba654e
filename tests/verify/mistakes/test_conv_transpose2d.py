"""Mistakes in transposed convolutions: what is cut out of all that the kernels are laid down on."""
import numpy as np
from plain_convolution import bent, convolved, framed
from wrong_calls import drawn, made_in, possible, right, shows

from refvr.verify.mistakes import conv_transpose2d

X, BIAS = drawn(1, 3, 4, 2, seed=1), drawn(3, seed=3)
THREE, FOUR = drawn(3, 3, 2, 3, seed=2), drawn(4, 4, 2, 3, seed=2)


def laid_down(weight, stride=2):
    """Every pixel times the kernel, added up where they lie: ((h - 1) stride + k) rows."""
    (_, h, w, _), k = X.shape, len(weight)
    y = np.zeros((1, (h - 1) * stride + k, (w - 1) * stride + k, weight.shape[3]))
    for i, j in np.ndindex(h, w):
        y[0, i * stride:i * stride + k, j * stride:j * stride + k] += np.einsum("c,uvco->uvo", X[0, i, j], weight)
    return y


def test_what_is_right():
    assert np.allclose(right("conv_transpose2d", X, FOUR, BIAS), laid_down(FOUR)[:, 1:-1, 1:-1] + BIAS)
    assert np.allclose(right("conv_transpose2d", X, THREE, output_padding=1), laid_down(THREE)[:, 1:, 1:])


def test_rows_added_at_the_top():
    name = "conv_transpose2d.output_padding_at_the_top"
    shows(name, laid_down(THREE)[:, :-1, :-1] + BIAS, X, THREE, BIAS, output_padding=1)
    assert not possible(name, X, FOUR)


def test_cut_one_pixel_further():
    name = "conv_transpose2d.cut_one_pixel_further"
    shows(name, laid_down(FOUR)[:, 2:, 2:] + BIAS, X, FOUR, BIAS)
    six = drawn(6, 6, 2, 3)
    shows(name, laid_down(six)[:, 3:-1, 3:-1], X, six, padding=2)
    assert not possible(name, X, FOUR, padding=0)


def test_a_convolution_of_repeated_pixels():
    name, big = "conv_transpose2d.nearest_pixels_then_convolution", np.kron(X, np.ones((1, 2, 2, 1)))
    y = convolved(framed(big, "constant"), THREE) + BIAS
    shows(name, y, X, THREE, BIAS, output_padding=1)
    shows(name, bent(y, 0.3), X, THREE, BIAS, output_padding=1, activation="leaky_relu", slope=0.3)
    assert not possible(name, X, THREE)      # one row less than twice as many
    assert not possible(name, X, FOUR)       # no such convolution has its size
    for shape in ((3, 5), (5, 3), (3, 4)):
        assert not possible(name, X, drawn(*shape, 2, 3), output_padding=1)


def test_every_mistake_of_the_file_is_here():
    names = ("output_padding_at_the_top", "cut_one_pixel_further", "nearest_pixels_then_convolution")
    assert made_in(conv_transpose2d) == {f"conv_transpose2d.{name}" for name in names}

"""The operations of EDVR as cases have them, channels first: what names and options mean, and gradients."""
import numpy as np
import pytest
from made_cases import answered, made, names, same, slope
from plain_sampling import fetched
from wrong_calls import drawn

from refvr.errors import InputError


def deformed(x, offset, mask, weight, *, stride, padding, dilation, groups):
    """Deformable convolution of (1, c, h, w): offsets are y and x of each tap, one offset group after the other."""
    (o, each, kh, kw), (rows, columns) = weight.shape, np.indices(mask.shape[2:])
    offset_groups = mask.shape[1] // (kh * kw)
    y = np.zeros((1, o, *mask.shape[2:]))
    for out, c, i, j in np.ndindex(o, each, kh, kw):
        channel = out // (o // groups) * each + c
        tap = channel // (x.shape[1] // offset_groups) * kh * kw + i * kw + j
        row = rows * stride - padding + i * dilation + offset[0, 2 * tap]
        column = columns * stride - padding + j * dilation + offset[0, 2 * tap + 1]
        y[0, out] += weight[out, c, i, j] * mask[0, tap] * fetched(x[0, channel], row, column)
    return y


OPTIONS = {"stride": 2, "padding": 2, "dilation": 2, "groups": 2}


@pytest.mark.parametrize("name, operand", [("input", "x"), ("offset", "offset"), ("mask", "mask"),
                                           ("weight", "weight")])
def test_a_deformable_convolution(name, operand):
    inputs = {"x": drawn(1, 4, 5, 6, seed=1), "offset": drawn(1, 36, 3, 3, seed=2), "mask": drawn(1, 18, 3, 3, seed=3),
              "weight": drawn(2, 2, 3, 3, seed=4)}
    bias, dy = drawn(2, seed=5), drawn(1, 2, 3, 3, seed=6)
    case = made("op.dcn", {**inputs, "bias": bias, "grad_out": dy}, config=OPTIONS)
    found, v = answered(case).outputs, drawn(*inputs[operand].shape, seed=7)
    assert found.keys() == {"out", *(f"grad_{each}" for each in ("input", "offset", "mask", "weight", "bias"))}
    assert np.allclose(found["out"], deformed(**inputs, **OPTIONS) + bias[:, None, None])
    total = slope(lambda x: (deformed(**inputs | {operand: x}, **OPTIONS) * dy).sum(), inputs[operand], v)
    assert np.isclose((found[f"grad_{name}"] * v).sum(), total, rtol=1e-5)
    assert np.allclose(found["grad_bias"], dy.sum((0, 2, 3)))


def test_a_deformable_convolution_wants_its_options():
    inputs = dict.fromkeys(("x", "offset", "mask", "weight", "bias", "grad_out"), np.zeros((1, 1, 1, 1)))
    with pytest.raises(InputError, match="got dilation = None in meta, expected int"):
        answered(made("op.dcn", inputs, config={"stride": 1, "padding": 1}))


X = drawn(1, 2, 6, 8, seed=1)


def resized(x, rows, columns):
    """x (n, c, h, w) read at these rows and columns, linear between pixels, its edge repeated."""
    for axis, places in ((2, rows), (3, columns)):
        x = np.apply_along_axis(lambda line, at=places: np.interp(at, np.arange(len(line)), line), axis, x)
    return x


def half_pixels(out, ratio):
    return (np.arange(out) + 0.5) * ratio - 0.5


HOW = {   # name in a case -> places in rows and columns
    "6x8_s2_ac0": (half_pixels(12, 0.5), half_pixels(16, 0.5)),
    "6x8_s2_ac1": (np.linspace(0, 5, 12), np.linspace(0, 7, 16)),
    "6x8_s1.7_ac0": (half_pixels(10, 1 / 1.7), half_pixels(13, 1 / 1.7)),
    "6x8_to9x11_ac0": (half_pixels(9, 6 / 9), half_pixels(11, 8 / 11)),
    "6x8_to9x11_ac1": (np.linspace(0, 5, 9), np.linspace(0, 7, 11)),
}


@pytest.mark.parametrize("name", HOW)
def test_resizes_by_their_names(name):
    """To a size or by a scale, corners aligned or not; with a gradient where the case has one of the result."""
    y, v = resized(X, *HOW[name]), drawn(*X.shape)
    same(answered(made("op.bilinear_resize", {"x_6x8": X}, outputs=names(f"y_{name}"))).outputs, {f"y_{name}": y})
    dy = drawn(*y.shape)
    found = answered(made("op.bilinear_resize", {"x_6x8": X, f"g_{name}": dy}, outputs=names(f"y_{name}"))).outputs
    dx = found.pop(f"gx_{name}")
    same(found, {f"y_{name}": y})
    assert np.isclose((dx * v).sum(), (resized(v, *HOW[name]) * dy).sum())


@pytest.mark.parametrize("name", ["6x8", "6x8_s2", "6x8_to9_ac0", "6x8_s2_ac2"])
def test_a_name_that_says_no_resize(name):
    with pytest.raises(InputError, match=f"made.h5: cannot read y_{name}, expected y_12x16_s2_ac0 or"):
        answered(made("op.bilinear_resize", {"x_6x8": X}, outputs=names(f"y_{name}")))


@pytest.mark.parametrize("word, scale", [("half", 0.5), ("quarter", 0.25), ("x2", 2), ("x4", 4)])
def test_resizes_by_words(word, scale):
    places = [half_pixels(int(size * scale), 1 / scale) for size in (6, 8)]
    y, v = resized(X, *places), drawn(*X.shape)
    dy = drawn(*y.shape)
    case = made("op.interp_bilinear", {"x3": X, f"grad_out3_{word}": dy}, outputs=names(f"out3_{word}"))
    found = answered(case).outputs
    assert np.isclose((found.pop(f"grad_x3_{word}") * v).sum(), (resized(v, *places) * dy).sum())
    same(found, {f"out3_{word}": y})
    with pytest.raises(InputError, match="cannot read out3_third, expected out0_ and one of half, quarter, x2, x4"):
        answered(made("op.interp_bilinear", {"x3": X}, outputs=names("out3_third")))


def test_the_largest_of_three_by_three():
    """At stride 2 with a border that never wins; the gradient goes where the value came from."""
    x, dy = -np.abs(X), drawn(1, 2, 3, 4)
    around = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    y, dx = np.empty((1, 2, 3, 4)), np.zeros(around.shape)
    for c, i, j in np.ndindex(2, 3, 4):
        window = around[0, c, 2 * i:2 * i + 3, 2 * j:2 * j + 3]
        y[0, c, i, j] = window.max()
        dx[0, c, 2 * i:2 * i + 3, 2 * j:2 * j + 3] += dy[0, c, i, j] * (window == window.max())
    same(answered(made("op.maxpool3s2p1", {"x5": x, "grad_out5": dy})).outputs,
         {"out5": y, "grad_x5": dx[:, :, 1:-1, 1:-1]})

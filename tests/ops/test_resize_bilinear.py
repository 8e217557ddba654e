"""resize_bilinear: its formula in loops, positions that one can check by hand, its transpose, rows of an image."""
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from refvr import Tensor, backward, ops
from refvr.errors import InputError, ShapeError
from refvr.ops.core.bands import Band, Rows
from refvr.ops.resize_bilinear import band_rows, fast, rows
from refvr.plan.rows import needed

BACKENDS = pytest.mark.parametrize("backend", ["fast", "plain"])
OPTIONS = [{"scale": 2}, {"scale": 0.5}, {"scale": 1.7}, {"scale": 0.6}, {"scale": 4}, {"size": (5, 3)},
           {"size": (1, 1)}, {"size": (13, 2)}, {"size": (5, 3), "align_corners": True},
           {"size": (1, 9), "align_corners": True}]
SHAPES = [(2, 7, 5, 3), (1, 4, 1, 9), (1, 2, 11, 1)]


def matrix(size, out, ratio, align_corners):
    """(out, size): what every row of the input counts for every row of the result, from the formula alone."""
    found = np.zeros((out, size))
    for y in range(out):
        r = max((y + 0.5) * ratio - 0.5, 0)
        if align_corners:
            r = y * (size - 1) / (out - 1) if out > 1 else 0
        above = min(int(r), size - 1)
        found[y, above] += 1 - (r - above)
        found[y, min(above + 1, size - 1)] += r - above
    return found


def matrices(shape, size=None, scale=None, align_corners=False):
    h, w = shape[1:3]
    rows, columns = size or (int(h * scale), int(w * scale))
    ratios = (1 / scale, 1 / scale) if scale else (h / rows, w / columns)
    return matrix(h, rows, ratios[0], align_corners), matrix(w, columns, ratios[1], align_corners)


@BACKENDS
@pytest.mark.parametrize("shape, options", [case for case in product(SHAPES, OPTIONS)
                                            if min(case[0][1:3]) * case[1].get("scale", 1) >= 1])
def test_rows_and_columns_are_blended_and_the_gradient_is_the_transpose(backend, shape, options):
    rng = np.random.default_rng(1)
    x, (down, across) = Tensor(rng.standard_normal(shape)), matrices(shape, **options)
    with ops.backend(backend):
        y = ops.resize_bilinear(x, **options)
        dy = rng.standard_normal(y.shape)
        backward(y, dy)
    np.testing.assert_allclose(y.data, np.einsum("yh,xw,nhwc->nyxc", down, across, x.data), rtol=0, atol=1e-14)
    np.testing.assert_allclose(x.grad, np.einsum("yh,xw,nyxc->nhwc", down, across, dy), rtol=0, atol=1e-13)


@BACKENDS
def test_positions(backend):
    x = np.array([0.0, 4, 8]).reshape(1, 1, 3, 1)
    with ops.backend(backend):
        def row(**options):
            return ops.resize_bilinear(x, **options)[0, 0, :, 0].tolist()

        assert row(size=(1, 6)) == [0, 1, 3, 5, 7, 8]
        assert row(size=(1, 5), align_corners=True) == [0, 2, 4, 6, 8]
        assert row(size=(1, 1), align_corners=True) == [0] and row(size=(1, 1)) == [4]
        assert ops.resize_bilinear(np.repeat(x, 3, 1), scale=0.5).item() == 2       # 1 / 0.5 apart, not 3 / 1


@BACKENDS
def test_nothing_is_read_outside(backend):
    """A pixel that is not a number shows where it is looked at, also with weight 0."""
    x = np.zeros((1, 3, 4, 2))
    x[0, 0], x[0, :, 3] = np.nan, np.nan
    with ops.backend(backend):
        seen = np.isnan(ops.resize_bilinear(x, scale=2)[0, :, :, 0])
    assert seen.tolist() == [[True] * 8] * 3 + [[False] * 5 + [True] * 3] * 3


def test_some_rows_of_an_image_have_the_bits_of_the_whole():
    x = np.random.default_rng(2).standard_normal((2, 16, 5, 3)).astype(np.float32)
    for scale in (2, 4, 0.5, 0.25):
        size, ratio = (int(16 * scale), 7), Fraction(1) / Fraction(scale)
        options = {"size": size, "ratios": (float(ratio), 5 / 7), "align_corners": False}
        whole, bands = fast(x, **options), rows(Rows(x.shape, 1), **options)
        for start in range(0, size[0], bands.tile):
            for stop in range(start + 1, size[0] + 1):
                first, last = needed(bands.reach[0], start, stop)
                top, bottom = max(0, first), min(16, last)
                band = Band(start, stop, (top,), ((top - first, last - bottom),))
                got = band_rows(band, x[:, top:bottom], **options)[:, :stop - start]
                assert got.tobytes() == np.ascontiguousarray(whole[:, start:stop]).tobytes(), (scale, start, stop)


@pytest.mark.parametrize("size, ratio, align_corners", [((16, 7), 0.5, True), ((12, 7), 2 / 3, False),
                                                        ((9, 7), 0.5, False)])
def test_positions_in_a_band_must_be_those_in_the_image(size, ratio, align_corners):
    """So other scales, sides that were rounded, and aligned corners have no rule for rows."""
    assert rows(Rows((1, 8, 7, 3), 1), size=size, ratios=(ratio, 1.0), align_corners=align_corners) is None


@pytest.mark.parametrize("options, error, says", [
    ({}, InputError, "got size None and scale None, expected one of them"),
    ({"size": (2, 2), "scale": 2}, InputError, "expected one of them"),
    ({"scale": -1.0}, InputError, "a scale above 0"), ({"scale": float("inf")}, InputError, "a scale above 0"),
    ({"scale": 0.1}, ShapeError, "5 x 7 pixels to become 0 x 0"), ({"size": (3, 0)}, ShapeError, "to become 3 x 0")])
def test_bad_input(options, error, says):
    with pytest.raises(error, match=says):
        ops.resize_bilinear(np.zeros((1, 5, 7, 3)), **options)

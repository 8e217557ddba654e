"""Resizes, warps, and filters that every pixel has of its own, as ONNX."""
import numpy as np
import pytest
from exported_pages import EVEN, X, agree, draw, refusal

from refvr import ops
from refvr.ops.kernels.borders import BORDERS, PLACES


@pytest.mark.parametrize("page", [
    lambda x: ops.resize_bilinear(x, scale=2), lambda x: ops.resize_bilinear(x, scale=0.5),
    lambda x: ops.resize_bilinear(x, scale=4), lambda x: ops.resize_bilinear(x, (5, 19)),
    lambda x: ops.resize_bilinear(x, scale=0.3),
    lambda x: ops.resize_bilinear(x, (5, 19), align_corners=True), lambda x: ops.resize_cubic(x, 4),
    lambda x: ops.resize_bilinear(x, scale=0.6, align_corners=True),
    lambda x: ops.imresize(x, 4), lambda x: ops.imresize(x, 0.5), lambda x: ops.imresize(x, 2, antialias=False),
])
def test_resizes(page):
    agree(page, X)


def test_a_scale_that_divides_the_sides():
    agree(lambda x: ops.resize_bilinear(x, scale=0.25), EVEN)


@pytest.mark.parametrize("border", PLACES)
def test_places_that_a_flow_points_to(border):
    """At 700 columns a grid in float32 would be off by more than rounding explains."""
    x = draw(1, 7, 700, 6)
    flow = 4 * draw(1, 7, 700, 2)
    agree(lambda x, f: ops.warp(x, f, border=border), x, flow)
    agree(lambda x, f: ops.grid_sample(x, f * 0.25, border=border), x, flow)


def test_places_of_a_grid_by_corners_and_mirrored():
    grid = draw(2, 5, 9, 2)
    agree(lambda x, g: ops.grid_sample(x, g, border="reflection"), X, grid)
    agree(lambda x, g: ops.grid_sample(x, g, border="zero", align_corners=True), X, grid)


@pytest.mark.parametrize("k, border", [*((3, border) for border in BORDERS), (5, "zero"), (1, "zero"),
                                       (7, "reflection")])
def test_fac(k, border):
    agree(lambda x, kernel: ops.fac(x, ops.reshape(kernel, (2, 7, 11, k * k, 6)), border=border), X,
          draw(2, 7, 11, k * k * 6))


@pytest.mark.parametrize("s, with_residual", [(2, True), (3, True), (4, False)])
def test_dynamic_upsample(s, with_residual):
    agree(lambda x, logits, r: ops.dynamic_upsample(x, logits, r if with_residual else None, s=s)
          + ops.pixel_shuffle(r, s, "tf"), draw(1, 5, 7, 3), draw(1, 5, 7, 25 * s * s), draw(1, 5, 7, 3 * s * s))
    agree(lambda logits: ops.dynamic_filters(logits, s), draw(1, 5, 7, 9 * s * s))


def test_filters_of_one_tap():
    agree(lambda x, logits: ops.dynamic_upsample(x, logits, s=2), draw(1, 5, 7, 3), draw(1, 5, 7, 4))


@pytest.mark.parametrize("shape", [(3, 1, 11, 6), (3, 11, 1, 6)])
def test_an_image_of_one_row_or_column_has_no_coordinates_for_a_warp(shape):
    said = refusal(lambda x: ops.warp(x, x[..., :2]), shape)
    assert "a side of one has no coordinates" in said and "test_sampling.py:" in said


def test_a_rule_that_the_table_of_borders_gets_is_exported(monkeypatch):
    monkeypatch.setitem(BORDERS, "circular", lambda p, size: p % size)
    test_fac(5, "circular")


@pytest.mark.parametrize("table, rule, page, words", [
    (BORDERS, lambda p, size: np.where(p < size, np.maximum(p, 0), -1),
     lambda x: ops.fac(x[..., :1], ops.reshape(ops.concat(x, x[..., :3]), (1, 6, 6, 9, 1)), border="other"),
     "border 'other' cannot be exported: in places no pixel stands outside"),
    (PLACES, PLACES["replicate"], lambda x: ops.warp(x, x[..., :2], border="other"),
     "GridSample: got border 'other', expected one of zero, replicate, reflection"),
])
def test_a_border_that_the_export_lacks_is_no_other_one(table, rule, page, words, monkeypatch):
    """One that an operation has, and ONNX's operator has not."""
    monkeypatch.setitem(table, "other", rule)
    assert words in refusal(page, (1, 6, 6, 6))


def test_filters_of_some_rows_alone_are_refused():
    said = refusal(lambda x, kernel: ops.fac(x, kernel, border="zero", top=1), (1, 5, 5, 1), (1, 3, 5, 9, 1))
    assert "filters of some rows of an image alone" in said

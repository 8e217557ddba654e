"""Layouts, found by shape."""
import numpy as np
import pytest

from refvr.verify.compare.layout_search import canonical, fits, in_our_layout


def test_layouts_are_found_by_shape():
    x = np.arange(2 * 3 * 5 * 7 * 4.0).reshape(2, 3, 5, 7, 4)   # n t h w c
    ours = x.reshape(6, 5, 7, 4)
    for order, axes in (((0, 1, 4, 2, 3), "n t c h w"), ((0, 4, 1, 2, 3), "n c t h w"), ((0, 1, 2, 3, 4), "n t h w c")):
        theirs = x.transpose(order)
        assert fits(theirs.shape, x.shape) == [axes]
        assert np.array_equal(in_our_layout(theirs, axes, x.shape), ours)
    folded = np.moveaxis(x, -1, 2).reshape(2, 12, 5, 7)
    assert np.array_equal(in_our_layout(folded, fits(folded.shape, x.shape)[0], x.shape), ours)
    assert fits((4, 5, 7), (1, 5, 7, 4)) == ["c h w"]
    assert fits((2, 4, 7, 5), (2, 5, 7, 4)) == []
    assert fits((7, 4, 5, 6), (1, 1, 5, 6, 4)) == []   # more pictures than ours


@pytest.mark.parametrize("order, shape", [
    ((0, 3, 4, 1, 2), (1, 9, 4, 5, 7)), ((0, 4, 3, 1, 2), (1, 4, 9, 5, 7)), ((0, 4, 3, 1, 2), (1, 36, 5, 7)),
    ((0, 3, 4, 1, 2), (9, 4, 35)), ((3, 0, 1, 2, 4), (9, 1, 5, 7, 4)), ((0, 1, 2, 3, 4), (35, 36))])
def test_filters_of_every_pixel_are_read_in_any_order_that_keeps_the_picture(order, shape):
    x = np.arange(5 * 7 * 9 * 4.0).reshape(1, 5, 7, 9, 4)   # n h w taps c
    theirs = x.transpose(order).reshape(shape)
    read = [in_our_layout(theirs, axes, x.shape) for axes in fits(shape, x.shape)]
    assert 1 <= len(read) <= 6
    assert any(np.array_equal(y, x.reshape(canonical(x.shape))) for y in read)


def test_every_number_of_axes_has_a_canonical_shape():
    shapes = {(2, 3, 5, 7, 11): (6, 5, 7, 11), (3, 5, 7, 11): (3, 5, 7, 11), (5, 7, 11): (1, 5, 7, 11),
              (2, 11): (2, 1, 1, 11), (11,): (1, 1, 1, 11), (): (1, 1, 1, 1)}
    assert {shape: canonical(shape) for shape in shapes} == shapes

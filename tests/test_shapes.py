"""The axis contract."""
import numpy as np
import pytest

from refvr.errors import ShapeError
from refvr.shapes import check


def test_sizes_come_back():
    assert check(np.zeros((2, 5, 7, 3)), "n h w c", c=3) == (2, 5, 7, 3)
    assert check(np.zeros((5, 5)), "s s") == (5, 5)
    assert check(np.zeros((4, 2, 3)), "... 3") == (4, 2, 3)


@pytest.mark.parametrize("shape, pattern, sizes", [((2, 3), "h w c", {}), ((2, 3), "h w", {"w": 4}),
                                                   ((2, 3), "h 4", {}), ((2, 3), "s s", {})])
def test_what_does_not_fit_says_what_came_and_what_was_expected(shape, pattern, sizes):
    with pytest.raises(ShapeError, match=rf"my input: got shape \({shape[0]}, {shape[1]}\), expected"):
        check(np.zeros(shape), pattern, who="my input", **sizes)

"""Shape rules and row rules."""
import numpy as np

from refvr.ops.core.bands import Reach, Rows, bordered, broadcast_shape, each_row, no_shape, same_shape


def test_shapes():
    assert same_shape((1, 2), (3,)) == (1, 2) and broadcast_shape((1, 5, 1), (4, 1, 3)) == (4, 5, 3)
    assert no_shape((1, 2)) == ()


def test_each_row_needs_its_own_of_what_has_rows():
    bands = each_row(Rows((1, 8, 6, 3), 1), Rows((3,), None), Rows((1, 8, 6, 1), 1))
    assert bands.axis == 1 and bands.reach == (Reach(1), None, Reach(1))
    assert each_row(Rows((3,), None)) is None


def test_zeros_beyond_the_image():
    x = np.ones((1, 2, 3, 1))
    assert bordered(x, (0, 0), 1) is x
    assert bordered(x, (1, 2), 1)[0, :, 0, 0].tolist() == [0, 1, 1, 0, 0]

"""Shape rules and row rules."""
from refvr.ops.core.bands import Reach, Rows, broadcast_shape, each_row, no_shape, same_shape


def test_shapes():
    assert same_shape((1, 2), (3,)) == (1, 2) and broadcast_shape((1, 5, 1), (4, 1, 3)) == (4, 5, 3)
    assert no_shape((1, 2)) == ()


def test_each_row_needs_its_own_of_what_has_rows():
    bands = each_row(Rows((1, 8, 6, 3), 1), Rows((3,), None), Rows((1, 8, 6, 1), 1))
    assert bands.axis == 1 and bands.reach == (Reach(1), None, Reach(1))
    assert each_row(Rows((3,), None)) is None

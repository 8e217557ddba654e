"""Which pixels have a story."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.explain.points import points_of

PICTURE = np.random.default_rng(0).random((40, 60, 3))


def test_those_that_were_asked_come_first_and_each_once():
    points = points_of(PICTURE, ((30, 50),), (2, 3))
    assert (points[0].y, points[0].x) == (30, 50) and len({(p.y, p.x) for p in points}) == len(points) >= 6
    assert all(0 <= p.y < 40 and 0 <= p.x < 60 for p in points)


@pytest.mark.parametrize("pixel", [(40, 0), (0, 60), (-1, 0)])
def test_a_pixel_outside(pixel):
    with pytest.raises(InputError):
        points_of(PICTURE, (pixel,), (2, 3))

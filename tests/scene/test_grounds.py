"""What things stand on, painted the same every time."""
from functools import partial

import numpy as np
import pytest

from refvr.drawing.canvas import Canvas
from refvr.scene import grounds, paper, things

PAINTERS = {"planks": grounds.planks, "tiles": grounds.tiles, "chart": paper.chart, "cup": things.cup,
            "gear": partial(things.gear, teeth=9)}


@pytest.mark.parametrize("name", PAINTERS)
def test_the_same_seed_is_the_same_picture_in_range(name):
    made = []
    for seed in (1, 1, 2):
        canvas = Canvas(0.2, 0.3, 150)
        PAINTERS[name](canvas, seed)
        made.append(np.concatenate([canvas.rgb, canvas.alpha[None]]))
    assert np.array_equal(made[0], made[1]) and made[0].std() > 0.01
    assert np.isfinite(made[0]).all() and made[0].min() >= 0 and canvas.alpha.max() <= 1 + 1e-6

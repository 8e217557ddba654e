"""Things whose shape others rely on."""
import numpy as np
import pytest

from refvr.drawing.canvas import Canvas
from refvr.scene.things import gear, pitch_radius


@pytest.mark.parametrize("teeth", [9, 10])
def test_a_gear_has_a_gap_to_the_right_and_as_many_teeth_as_it_says(teeth):
    canvas = Canvas(0.3, 0.3, 400)
    gear(canvas, 1, teeth=teeth)
    radius = pitch_radius(0.3, teeth) * 1.06                       # beyond the pitch circle: only teeth are there
    theta = (np.arange(teeth * 24) + 0.5) * 2 * np.pi / (teeth * 24)
    rows, columns = (np.rint((part * radius + 0.3) * 400 + 0.5).astype(int) for part in (np.sin(theta), np.cos(theta)))
    there = canvas.alpha[rows, columns] > 0.5
    assert (there != np.roll(there, 1)).sum() == 2 * teeth          # edges
    gaps = theta[~there]
    assert np.all(np.abs((gaps * teeth / (2 * np.pi) + 0.5) % 1 - 0.5) < 0.4)
    assert not there[[0, -1]].any() and there[12::24].all()

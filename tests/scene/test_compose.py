"""What the demo scene is made of."""
import numpy as np

from refvr.scene import layers, things
from refvr.scene.compose import composition


def test_no_camera_sees_past_its_ground():
    for seed in range(60):
        camera = composition(seed).camera
        for time_s in np.linspace(0, 60, 97):
            for width, height in ((160, 90), (31, 97), (97, 11)):
                corners = np.array([0, 0, height, height]), np.array([0, width, 0, width])
                v, u = camera.screen(time_s, width, height).inverse().points(*corners)
                assert np.abs(v).max() < layers.GROUND[0] and np.abs(u).max() < layers.GROUND[1]


def test_the_gears_of_the_demo_mesh():
    flat = [it for it in composition(0).layers if isinstance(it, layers.Flat)]
    big, small = (it for it in flat if it.paint.func is things.gear)
    v, u = (c.ravel() for c in np.mgrid[-0.5:0.1:0.001, -0.9:-0.2:0.001])
    for time_s in (0.0, 0.31, 0.77, 5.3):
        both = [it.alpha(*it.motion.at(time_s).inverse().points(v, u), 500.0) for it in (big, small)]
        overlap = (both[0] * both[1]).sum()
        tooth = 0.02 * 0.01 * 1e6  # a tooth's area in these points
        assert overlap < 0.25 * tooth

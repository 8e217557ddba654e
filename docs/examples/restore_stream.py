"""Restore a stream of arrays, frame by frame: no file, and no more frames in memory than the window needs."""
import numpy as np

import refvr
from refvr.pipeline.drivers import restore_frames
from refvr.scene import Scene, render


def camera():
    """Frames (h, w, 3), uint8 or floats, as they come."""
    for k in range(6):
        yield np.rint(255 * render(Scene(), 48, 32, k / 24)).astype(np.uint8)


net = refvr.load("edvr-s-x4")
for k, large in enumerate(restore_frames(camera(), net)):
    print(f"frame {k}: {large.shape}, {large.min():.3f} to {large.max():.3f}")
assert k == 5 and large.shape == (128, 192, 3)

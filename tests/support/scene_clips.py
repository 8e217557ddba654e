"""A short clip of the demo scene."""
from functools import cache

from refvr.scene import Scene, frames


@cache
def scene_clip():
    """Five frames of the demo scene."""
    return list(frames(Scene(4), 104, 72, 24, 5))

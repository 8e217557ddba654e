"""Sizes of frames as they are written on the command line."""
from __future__ import annotations

from refvr.errors import InputError
from refvr.media.picture import MAX_PIXELS


def frame_size(text: str) -> tuple[int, int]:
    """Width and height of "640x360". Raises InputError for what is none, or more than a picture may have."""
    width, _, height = text.strip().lower().replace("×", "x").partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise InputError(f"--size: got {text!r}, expected WxH, width and height of a frame in pixels",
                         fix="write 640x360, for example")
    if int(width) * int(height) > MAX_PIXELS:
        raise InputError(f"--size: got {text}, expected at most {MAX_PIXELS} pixels, the most of a picture")
    return int(width), int(height)

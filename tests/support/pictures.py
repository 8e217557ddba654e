"""Three small pictures, a profile, and what lies in a file."""
import media_clips
import numpy as np
from PIL import ImageCms

from refvr.media import open_reader

RGB = media_clips.noise(4, 12, 16)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def frames(path):
    with open_reader(path) as clip:
        return clip.info, list(clip), clip.warnings


def shown(path):
    """(t, h, w, 3) levels of 8 bits."""
    return np.rint(np.stack([frame.rgb for frame in frames(path)[1]]) * 255).astype(np.uint8)

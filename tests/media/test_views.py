"""Spheres and stereo."""
import struct
from fractions import Fraction as F

import media_clips
import numpy as np
import pytest

from refvr.media import ClipInfo, Frame, open_reader, open_writer
from refvr.media.views import CUBEMAP, EQUIRECTANGULAR, SIDE_BY_SIDE, TILE, TOP_BOTTOM, Views, views


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "out.mkv", "out.webm"])
@pytest.mark.parametrize("found", [
    Views(EQUIRECTANGULAR, (30 << 16, -(15 << 16), 0)), Views(EQUIRECTANGULAR, stereo=TOP_BOTTOM),
    Views(CUBEMAP, padding=4), Views(TILE, bounds=(1 << 30, 0, 1 << 30, 0), stereo=SIDE_BY_SIDE),
    Views(stereo=SIDE_BY_SIDE)])
def test_spheres_and_stereo_are_kept(tmp_path, name, found):
    rgb = media_clips.noise(3, 32, 64) / np.float32(255)
    with open_writer(tmp_path / name, ClipInfo(64, 32, fps=F(25), views=found)) as out:
        for picture in rgb:
            out.write(Frame(picture))
    with open_reader(tmp_path / name) as clip:
        assert clip.info.views == found
    media_clips.copy(tmp_path / name, tmp_path / "again.mkv")
    with open_reader(tmp_path / "again.mkv") as clip:
        assert clip.info.views == found
    assert media_clips.times(tmp_path / "again.mkv") == [F(k, 25) for k in range(3)]


def test_flat_pictures_have_no_views():
    assert views(None, None) is views(b"1", struct.pack("=i", 0)) is None
    assert views(struct.pack("=4i5I", 5, *[0] * 8), None) is None   # a fisheye: MP4 has no box for it

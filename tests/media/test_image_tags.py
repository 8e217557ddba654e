"""Profiles and densities: kept, not mixed up, named when they cannot be kept."""
import struct

import media_clips
import numpy as np
import pytest
from pictures import RGB, SRGB
from PIL import Image

from refvr.media import image_file


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("into", [".png", ".tif", ".jpg", ".webp"])
def test_profile_and_density_are_kept(tmp_path, dtype, into):
    tags = image_file.ImageTags(SRGB, (300.0, 240.0))
    for source in (".png", ".tif"):
        pixels = RGB[0].astype(dtype) * (257 if dtype == np.uint16 else 1)
        (tmp_path / f"in{source}").write_bytes(image_file.encode(pixels, source, tags=tags))
        media_clips.copy(tmp_path / f"in{source}", tmp_path / f"out{into}")
        with Image.open(tmp_path / f"out{into}") as image:
            assert image.info["icc_profile"] == SRGB
            if into != ".webp":   # has no place for it
                np.testing.assert_allclose([float(v) for v in image.info["dpi"]], (300, 240), atol=0.02)


def test_a_profile_of_inks_or_grey_is_not_given_to_colours(tmp_path):
    grey = b"\0" * 16 + b"GRAY" + b"\0" * 200
    tags = image_file.ImageTags(grey)
    assert b"iCCP" not in image_file.encode(RGB[0], ".png", tags=tags)
    assert b"iCCP" in image_file.encode(RGB[0, ..., :1], ".png", tags=tags)
    Image.fromarray(RGB[0]).convert("CMYK").save(tmp_path / "in.jpg", icc_profile=b"\0" * 16 + b"CMYK" + b"\0" * 200)
    media_clips.copy(tmp_path / "in.jpg", tmp_path / "out.png")   # the damaged profile is passed over
    assert b"iCCP" not in (tmp_path / "out.png").read_bytes()


def test_a_wide_profile_is_named_when_a_video_cannot_keep_it(tmp_path):
    name = "Display P3"
    text = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + b"\0"
    wide = b"\0" * 16 + b"RGB " + b"\0" * 108 + struct.pack(">I4sII", 1, b"desc", 144, len(text)) + text
    for icc, said in ((wide, 1), (SRGB, 0)):
        data = image_file.encode(RGB[0], ".png", tags=image_file.ImageTags(icc))
        (tmp_path / "in.png").write_bytes(data)
        _, out = media_clips.copy(tmp_path / "in.png", tmp_path / "out.mp4")
        assert len([line for line in out.warnings if "Display P3" in line]) == said

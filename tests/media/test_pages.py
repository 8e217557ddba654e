"""Files of several pages."""

import media_clips
import numpy as np
import pytest
import tifffile
from pictures import RGB, frames

from refvr.errors import InputError
from refvr.media import open_reader


def test_pages_to_pages_and_to_a_folder(tmp_path):
    for k, (dtype, top) in enumerate(((np.uint8, 255), (np.uint16, 65535), (np.float32, 1))):
        x = (RGB / 255 * top).astype(dtype)
        tifffile.imwrite(tmp_path / f"{k}.tif", x, photometric="rgb")
        _, out = media_clips.copy(tmp_path / f"{k}.tif", tmp_path / f"out{k}.tif")
        back = tifffile.imread(tmp_path / f"out{k}.tif")
        assert out.warnings == [] and back.dtype == dtype and np.array_equal(back, x)
        media_clips.copy(tmp_path / f"{k}.tif", tmp_path / f"folder{k}/")
        assert {p.suffix for p in (tmp_path / f"folder{k}").iterdir()} == {".tif" if dtype == np.float32 else ".png"}
        assert len(list((tmp_path / f"folder{k}").iterdir())) == 4


def test_thumbnails_are_passed_over_and_other_pages_are_named(tmp_path):
    with tifffile.TiffWriter(tmp_path / "in.tif") as out:
        out.write(RGB[0], photometric="rgb", metadata=None)
        out.write(RGB[0, ::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
    assert frames(tmp_path / "in.tif")[0].frames == 1
    with tifffile.TiffWriter(tmp_path / "sizes.tif") as out:
        out.write(RGB[0], photometric="rgb", metadata=None)
        out.write(RGB[0, ::2, ::2], photometric="rgb", metadata=None)
    with pytest.raises(InputError, match="holds 2 pictures; page 1 is 8x6, page 0 16x12"):
        open_reader(tmp_path / "sizes.tif")
    (tmp_path / "two").mkdir()
    tifffile.imwrite(tmp_path / "two" / "a.tif", RGB[:3], photometric="rgb")
    tifffile.imwrite(tmp_path / "two" / "b.tif", RGB[0], photometric="rgb")
    with pytest.raises(InputError, match="a.tif holds 3 pictures among 2 files"):
        open_reader(tmp_path / "two")

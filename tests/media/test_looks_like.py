"""What a file is that is not what its name says, and that the message about it says so."""
import io

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.media import image_file, open_reader
from refvr.media.looks_like import looks_like, other_than

MP4 = b"\0\0\0 ftypisom\0\0\2\0isomiso2avc1mp41"


@pytest.mark.parametrize("head, what", [
    (MP4, ("an MP4 video", ".mp4")), (b"\x1aE\xdf\xa3\x01\0", ("a Matroska or WebM video", ".mkv")),
    (b"RIFF\1\2\3\4WEBPVP8 ", ("a WebP image", ".webp")), (b"<html>", ("text", "")), (b"", None), (b"\1\0\2", None)])
def test_first_bytes(head, what):
    assert looks_like(head) == what


def test_what_belongs_to_the_ending_is_nothing_else():
    assert other_than(b"\x89PNG\r\n\x1a\n", image_file.SUFFIXES) is None
    assert other_than(MP4, image_file.SUFFIXES) == ("an MP4 video", "give it the ending .mp4")


@pytest.mark.parametrize("ending", [".png", ".jpg", ".tif", ".exr"])
def test_an_image_that_is_a_video_is_called_one(tmp_path, ending):
    path = tmp_path / f"wrong{ending}"
    path.write_bytes(MP4)
    with pytest.raises(InputError, match=f"wrong{ending} is an MP4 video; expected an image .*give it the ending .mp4"):
        list(open_reader(path))


def test_a_damaged_image_stays_an_image(tmp_path):
    path = tmp_path / "wrong.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(99))
    with pytest.raises(InputError, match="cannot be read .* or export it again"):
        list(open_reader(path))


def test_a_video_that_is_an_array_is_called_one(tmp_path):
    file, path = io.BytesIO(), tmp_path / "wrong.mp4"
    np.save(file, np.zeros((2, 8, 8, 3), np.float32))
    path.write_bytes(file.getvalue())
    with pytest.raises(InputError, match="it is a NumPy array: give it the ending .npy"):
        open_reader(path)

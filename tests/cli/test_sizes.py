"""Sizes of frames on the command line: width first, and nothing that is none."""
import pytest

from refvr.cli.sizes import frame_size
from refvr.errors import InputError


@pytest.mark.parametrize("text", ["640x360", "640X360", " 640x360 ", "640×360"])
def test_width_comes_first(text):
    assert frame_size(text) == (640, 360)


@pytest.mark.parametrize("text", ["640", "x360", "640x", "0x4", "4x0", "4x4x4", "axb", "-4x4", "4.0x4", ""])
def test_what_is_none_is_refused_with_an_example(text):
    with pytest.raises(InputError, match="expected WxH.*write 640x360"):
        frame_size(text)


def test_a_frame_has_no_more_pixels_than_a_picture_may_have():
    assert frame_size("16384x16384") == (16384, 16384)   # 2^28, the most
    with pytest.raises(InputError, match="at most 268435456 pixels"):
        frame_size("16384x16385")

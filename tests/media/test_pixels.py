"""Which of four layouts a pixel format is brought to, and what of its colour a frame says itself."""
import av
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.media.clip import Colour
from refvr.media.pixels import FULL, LIMITED, fill, from_rgb, layout, packed_samples, stream_colour, to_rgb


@pytest.mark.parametrize("name, expected", [
    ("nv12", ("yuv420p", "yuv", 8, False)), ("p010le", ("yuv420p10le", "yuv", 10, False)),
    ("yuva444p12le", ("yuva444p12le", "yuv", 12, True)), ("yuyv422", ("yuv422p", "yuv", 8, False)),
    ("yuv411p", ("yuv411p", "yuv", 8, False)), ("yuv440p", ("yuv440p", "yuv", 8, False)),
    ("gray10be", ("gray10le", "grey", 10, False)), ("ya8", ("ya8", "grey", 8, True)),
    ("ya16be", ("ya16le", "grey", 16, True)), ("gbrp", ("rgb24", "rgb", 8, False)),
    ("gbrap12le", ("gbrap12le", "gbr", 12, True)), ("bgr0", ("rgb24", "rgb", 8, False)),
    ("pal8", ("rgb24", "rgb", 8, False)), ("bgra64be", ("rgba64le", "rgb", 16, True)),
    ("rgb48be", ("rgb48le", "rgb", 16, False))])
def test_layouts_keep_every_bit(name, expected):
    assert layout(name) == expected


@pytest.mark.parametrize("name", ["x2rgb10le", "gbrpf32le", "bayer_rggb8", "xyz12le", "no_such"])
def test_what_cannot_be_repacked_is_refused(name):
    with pytest.raises(InputError, match=name):
        layout(name)


def frame(name, mark=0):
    made = av.VideoFrame(16, 8, name)
    made.color_range = mark
    return made


@pytest.mark.parametrize("name, mark, full", [
    ("gray", 0, True), ("gray", LIMITED, False), ("yuv420p", 0, False), ("yuv420p", FULL, True),
    ("yuvj420p", 0, True)])
def test_grey_without_a_mark_is_full_range_and_yuv_limited(name, mark, full):
    assert stream_colour(frame(name, mark), "h264").full_range is full


def test_rgb_has_no_colour_and_motion_jpeg_centred_chroma():
    assert stream_colour(frame("gbrp10le"), "ffv1") is None
    assert [stream_colour(frame("yuv420p"), codec).siting for codec in ("h264", "mjpeg")] == ["left", "centre"]


@pytest.mark.parametrize("name", ["rgb24", "rgba", "gbrp10le", "gbrap12le", "rgba64le", "bgr0"])
def test_integers_of_rgb_come_back_and_without_alpha_it_is_opaque(name):
    form = layout(name)
    rgb = (np.random.default_rng(0).integers(0, 2 ** form.bits, (5, 7, 3)) / (2 ** form.bits - 1)).astype(np.float32)
    back, alpha = to_rgb(from_rgb(rgb, None, name, Colour()), None)
    assert np.array_equal(back, rgb) and (alpha is None) == (not form.alpha)
    assert alpha is None or (alpha == 1).all()


def test_lines_that_are_padded_are_filled_and_read_by_their_width():
    made = av.VideoFrame(5, 4, "rgb24")
    samples = np.arange(2 * 15, dtype=np.uint8).reshape(2, 5, 3)
    fill(made.planes[0], samples, top=2)
    assert np.array_equal(packed_samples(made, 3, 8)[2:], samples)


@pytest.mark.parametrize("name", ["rgba", "gbrap12le", "ya16le", "yuva444p10le"])
def test_alpha_comes_back(name):
    form = layout(name)
    alpha = (np.random.default_rng(1).integers(0, 2 ** form.bits, (5, 7)) / (2 ** form.bits - 1)).astype(np.float32)
    made = from_rgb(np.full((5, 7, 3), 0.5, np.float32), alpha, name, Colour())
    assert np.array_equal(to_rgb(made, stream_colour(made, "ffv1"))[1], alpha)

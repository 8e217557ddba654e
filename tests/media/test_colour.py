"""Colour conversion against the definition in float64, against libswscale, and there and back again."""
import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refvr.errors import InputError
from refvr.media import colour as colours
from refvr.media import pixels
from refvr.media.clip import Colour

EVERY = [(matrix, full, bits) for matrix in colours.MATRICES for full in (False, True) for bits in (8, 10, 16)]


def definition(matrix, full, bits):
    """(3, 3) and (3,) with codes = M rgb + o, written out from H.273 and inverted by LAPACK."""
    kr, kb = colours.MATRICES[matrix]
    luma = np.array([kr, 1 - kr - kb, kb])
    m = np.stack([luma, (np.eye(3)[2] - luma) / (2 - 2 * kb), (np.eye(3)[0] - luma) / (2 - 2 * kr)])
    s, top = 2.0 ** (bits - 8), 2.0 ** bits - 1
    scale = np.array([top] * 3) if full else s * np.array([219, 224, 224])
    return scale[:, None] * m, s * np.array([0 if full else 16, 128, 128])


@pytest.mark.parametrize("matrix, full, bits", EVERY)
def test_both_ways_follow_the_definition(matrix, full, bits):
    rgb = np.random.default_rng(1).random((11, 13, 3))
    m, o = definition(matrix, full, bits)
    codes = rgb @ m.T + o
    colour, top = Colour(matrix, full), 2 ** bits - 1
    eps = np.finfo(np.float32).eps
    # Six roundings to float32 of terms no larger than the code range, or 2.2 for RGB
    assert np.abs(np.stack(colours.encode_yuv(rgb, colour, bits), -1) - codes).max() <= 6 * eps * top
    planes = [codes[..., k] for k in range(3)]
    assert np.abs(colours.decode_yuv(*planes, colour, bits) - rgb).max() <= 6 * eps * 2.2 * (256 / 219)


@pytest.mark.parametrize("matrix, code", [("bt601", 5), ("bt709", 1)])
@pytest.mark.parametrize("full", [False, True])
def test_8_bits_agree_with_swscale(matrix, code, full):
    """libswscale rounds to 8 bits, so half a level, and has table errors of about 0.01 levels (measured)."""
    h, w = 23, 29
    rng, low, high = np.random.default_rng(2), (0 if full else 16), (255 if full else 235)
    codes = rng.integers(low, high + 1, (3, h, w), dtype=np.uint8)
    frame = av.VideoFrame(w, h, "yuv444p")
    for plane, samples in zip(frame.planes, codes):
        pixels.fill(plane, samples)
    span = pixels.FULL if full else pixels.LIMITED
    theirs = frame.reformat(format="rgb24", src_colorspace=code, dst_colorspace=code, src_color_range=span,
                            dst_color_range=pixels.FULL).to_ndarray()
    ours = colours.decode_yuv(*codes, Colour(matrix, full), 8) * 255
    assert np.abs(ours - theirs).max() <= 0.55


def test_black_white_and_neutral_codes():
    grey = np.array([[[0, 0, 0], [1, 1, 1], [-3, 0.5, 7]]], np.float32)
    for full, black, white in ((False, 16, 235), (True, 0, 255)):
        y, cb, cr = (colours.to_integer(p, 8) for p in colours.encode_yuv(grey, Colour("bt709", full), 8))
        assert list(y[0, :2]) == [black, white] and list(cb[0, :2]) == [128, 128] and list(cr[0, :2]) == [128, 128]
    clipped = colours.encode_yuv(np.array([[[-3, 0.5, 7]]]), Colour(), 8)
    assert np.allclose(clipped, colours.encode_yuv(np.array([[[0, 0.5, 1]]]), Colour(), 8))


def test_10_bits_keep_more_than_8():
    ramp = np.linspace(0, 1, 1024, dtype=np.float32)[None, :, None].repeat(3, 2)
    y, cb, cr = (colours.to_integer(p, 10) for p in colours.encode_yuv(ramp, Colour(), 10))
    assert len(np.unique(y)) == 877   # 64 .. 940
    assert np.abs(colours.decode_yuv(y, cb, cr, Colour(), 10) - ramp).max() <= 0.5001 / 876


def test_rounding_is_half_up_after_clipping():
    halves = np.array([-1, 0.49, 0.5, 1.5, 2.5, 254.49, 254.5, 255.5, 300])
    assert list(colours.to_integer(halves, 8)) == [0, 0, 1, 2, 3, 254, 255, 255, 255]
    assert list(colours.to_integer(np.array([0, 0.5, 1, 2]), 16, 65535)) == [0, 32768, 65535, 65535]
    every = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(colours.to_integer(every.astype(np.float32) / np.float32(65535), 16, 65535), every)


def test_linear_chroma_is_placed_where_its_samples_are():
    ramp = np.arange(7, dtype=np.float32)[None].repeat(3, 0)
    inside = slice(2, 11)
    assert np.allclose(colours.upsample(ramp, (3, 14), "left")[:, inside], np.arange(14)[inside] / 2)
    assert np.allclose(colours.upsample(ramp, (3, 14), "centre")[:, inside], (np.arange(14)[inside] - 0.5) / 2)
    rows = colours.upsample(ramp.T, (14, 3), "left")   # rows are in the centre whatever the columns do
    assert np.allclose(rows[inside], (np.arange(14)[inside, None] - 0.5) / 2)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from(["left", "centre"]),
       st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 2), (1, 4), (4, 4)]), st.integers(0, 1))
def test_chroma_up_and_down_is_the_identity(h, w, siting, step, odd):
    chroma = np.random.default_rng(h * 16 + w).random((h, w), np.float32)
    shape = (h * step[0] - odd * (step[0] == 2), w * step[1] - odd * (step[1] == 2))
    big = colours.upsample(chroma, shape, siting)
    assert big.shape == shape
    # Sums of the absolute taps are at most 2 per direction and pass, of values up to 1
    assert np.abs(colours.downsample(big, (h, w), siting) - chroma).max() <= 64 * np.finfo(np.float32).eps


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from(["left", "centre"]))
def test_constant_chroma_stays_constant(h, w, siting):
    flat = np.full((2 * h, 2 * w), 0.7, np.float32)
    assert np.allclose(colours.downsample(flat, (h, w), siting), 0.7)
    assert np.allclose(colours.upsample(flat[:h, :w], (2 * h, 2 * w), siting), 0.7)


def test_unmarked_matrix_goes_by_height():
    assert [colours.matrix_for(2, h) for h in (719, 720)] == ["bt601", "bt709"]
    assert [colours.matrix_for(code, 2000) for code in (1, 5, 6, 9)] == ["bt709", "bt601", "bt601", "bt2020"]
    with pytest.raises(InputError, match="matrix 8"):
        colours.matrix_for(8, 100)


@pytest.mark.parametrize("name", ["rgb24", "bgra", "bgr0", "gbrp", "gbrap10le", "gbrp14le", "rgb48be", "rgba64le",
                                  "ya8", "gray", "gray10le", "gray16le", "yuva444p10le", "yuv444p16le", "nv24",
                                  "yuvj444p"])
def test_every_layout_returns_what_was_put_in(name):
    rng = np.random.default_rng(3)
    rgb, alpha = rng.random((11, 7, 3), np.float32), rng.random((11, 7), np.float32)
    form = pixels.layout(name)
    if form.kind == "grey":
        rgb = rgb[..., :1].repeat(3, 2)
    colour = Colour("bt709", name.startswith("yuvj"))
    frame = pixels.from_rgb(rgb, alpha, name, colour)
    assert frame.format.name == name
    back, opacity = pixels.to_rgb(frame, pixels.stream_colour(frame, "ffv1"))
    # Half a level of luma plus half a level of a chroma sample times its largest weight, 2 (1 - Kb)
    levels = 0.5 * 256 / 219 * (1 + 1.86 * 219 / 224 if form.kind == "yuv" else 1)
    assert np.abs(back - rgb).max() * (2 ** form.bits - 1) <= levels + 0.01
    if form.alpha:
        assert np.abs(opacity - alpha).max() * (2 ** form.bits - 1) <= 0.51
    else:
        assert opacity is None


def test_exotic_formats_are_refused():
    for name in ("gbrpf32le", "xyz12le", "bayer_rggb8", "x2rgb10le"):
        with pytest.raises(InputError, match=name):
            pixels.layout(name)


def test_samples_that_are_not_rgb_need_a_colour():
    for name in ("yuv420p", "gray"):
        with pytest.raises(InputError, match="no Colour"):
            pixels.to_rgb(av.VideoFrame(16, 16, name), None)

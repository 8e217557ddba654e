"""PNG of 16 bits, OpenEXR and DPX: headers and pictures made by hand, and what is written read by PyAV alone."""
import io
import struct

import av
import numpy as np
import pytest
import tifffile

from refvr.media import image_ffmpeg, linear
from refvr.media.image_tags import NO_TAGS, ImageTags
from refvr.media.picture import Look
from refvr.media.strips import strips_of

RNG = np.random.default_rng(0)


def png_head(depth, colour_type):
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">IIBB", 7, 5, depth, colour_type) + b"\0\0\0"


@pytest.mark.parametrize("colour_type, channels", [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_the_header_of_a_deep_png(colour_type, channels):
    assert image_ffmpeg.deep_png(png_head(16, colour_type)) == Look(5, 7, channels, bits=16)
    assert image_ffmpeg.deep_png(png_head(8, colour_type)) is None


@pytest.mark.parametrize("head", [b"", b"II*\0" + bytes(99), png_head(16, 2)[:25]])
def test_other_files_are_no_deep_png(head):
    assert image_ffmpeg.deep_png(head) is None


def dpx_head(order=">", descriptor=50, transfer=2, bits=10):
    head = bytearray(2048)
    head[:4] = b"SDPX" if order == ">" else b"XPDS"
    struct.pack_into(order + "II", head, 772, 7, 5)
    head[800:804] = bytes([descriptor, transfer, 6, bits])
    return bytes(head)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("descriptor, channels", [(6, 1), (50, 3), (51, 4), (52, 4)])
def test_the_header_of_a_dpx(order, descriptor, channels):
    assert image_ffmpeg.look_dpx(dpx_head(order, descriptor)) == Look(5, 7, channels, bits=10)


@pytest.mark.parametrize("transfer, told", [(1, True), (2, False), (3, True), (4, False)])
def test_film_density_is_told(transfer, told):
    assert any("logarithmic" in note for note in image_ffmpeg.look_dpx(dpx_head(transfer=transfer)).notes) == told


def exr(planes, display=(0, 0, 2, 1), half=False, extra=b""):
    """An OpenEXR file without compression, by its specification: {channel: (2, 3) values}."""
    kind, dtype = (1, "<f2") if half else (2, "<f4")
    names = sorted(planes)

    def attribute(name, what, data):
        return name.encode() + b"\0" + what.encode() + b"\0" + struct.pack("<I", len(data)) + data

    channels = b"".join(name.encode() + b"\0" + struct.pack("<iIii", kind, 0, 1, 1) for name in names) + b"\0"
    window = struct.pack("<iiii", *display)
    head = struct.pack("<II", 20000630, 2) + extra + b"".join([
        attribute("channels", "chlist", channels), attribute("compression", "compression", b"\0"),
        attribute("dataWindow", "box2i", window), attribute("displayWindow", "box2i", window),
        attribute("lineOrder", "lineOrder", b"\0"), attribute("pixelAspectRatio", "float", struct.pack("<f", 1)),
        attribute("screenWindowCenter", "v2f", bytes(8)), attribute("screenWindowWidth", "float", bytes(4))]) + b"\0"
    lines = []
    for y in range(2):
        data = b"".join(np.asarray(planes[name], dtype)[y].tobytes() for name in names)
        lines.append(struct.pack("<iI", display[1] + y, len(data)) + data)
    places = np.cumsum([len(head) + 16, *(len(line) for line in lines)])[:2]
    return head + struct.pack("<QQ", *map(int, places)) + b"".join(lines)


def levels(*names, low=0.0, high=1.0):
    return {name: RNG.uniform(low, high, (2, 3)).astype(np.float16) for name in names}


@pytest.mark.parametrize("names, channels", [("Y", 1), ("YA", 1), ("RGB", 3), ("RGBA", 4)])
def test_the_header_of_an_exr_has_its_size_and_channels(tmp_path, names, channels):
    path = tmp_path / "a.exr"
    path.write_bytes(exr(levels(*names)))
    look = image_ffmpeg.look_exr(path)
    assert (look.height, look.width, look.channels, look.bits) == (2, 3, channels, 32)
    assert [("alpha of a grey" in note) for note in look.notes] == [True] * (names == "YA"), "what is lost is said"
    assert image_ffmpeg.decode(path.read_bytes(), "exr").values.shape == (2, 3, channels)
    path.write_bytes(exr(levels(*(f"left.{name}" for name in names))))   # of a layer
    assert image_ffmpeg.look_exr(path).channels == channels


@pytest.mark.parametrize("spoilt", [b"v/1\x01\x02\0\0\0channels", b"v/1\x01\x02\0\0\0" + b"a" * 300 + b"\0",
                                    b"v/1\x01\x02\0\0\0a\0b\0" + struct.pack("<I", 1 << 21)])
def test_a_damaged_header_is_refused_and_asks_for_no_memory(tmp_path, spoilt):
    (tmp_path / "a.exr").write_bytes(spoilt)
    with pytest.raises(ValueError, match="its header is cut off|too large"):
        image_ffmpeg.look_exr(tmp_path / "a.exr")


@pytest.mark.parametrize("half", [False, True])
def test_linear_light_becomes_display_values_and_what_lies_beyond(half):
    """The curve of sRGB by its formula; light above 1 and below 0 passes by its side."""
    planes = levels("R", "G", "B", low=-0.5, high=2)
    found = image_ffmpeg.decode(exr(planes, half=half), "exr")
    x = np.stack([planes[name] for name in "RGB"], 2).astype(np.float64)
    inside = np.clip(x, 0, 1)
    curve = np.where(inside <= 0.0031308, 12.92 * inside, 1.055 * inside ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(found.values, curve, atol=1e-6)
    np.testing.assert_allclose(found.beyond, x - inside, atol=1e-6)
    assert found.linear and found.bits == 32
    assert image_ffmpeg.decode(exr(levels("Y")), "exr").beyond is None


@pytest.mark.parametrize("display", [(10, 20, 12, 21), (1, 0, 3, 1), (0, 1, 2, 2)])
def test_a_window_that_begins_elsewhere_is_the_same_picture(tmp_path, display):
    """FFmpeg alone loses what lies beyond the size of the window: it gave black."""
    planes = levels("R", "G", "B", high=2)
    here, there = exr(planes), exr(planes, display)
    assert np.array_equal(image_ffmpeg.decode(here, "exr").values, image_ffmpeg.decode(there, "exr").values)
    assert np.array_equal(image_ffmpeg.decode(here, "exr").beyond, image_ffmpeg.decode(there, "exr").beyond)
    (tmp_path / "a.exr").write_bytes(there)
    assert image_ffmpeg.look_exr(tmp_path / "a.exr") == Look(2, 3, 3, bits=32)


@pytest.mark.parametrize("display", [(-1, 0, 1, 1), (0, -5, 2, -4), (1 << 20, 1 << 10, (1 << 20) + 2, (1 << 10) + 1)])
def test_a_window_that_ffmpeg_cannot_unpack_is_refused(tmp_path, display):
    data = exr(levels("R", "G", "B"), display)
    (tmp_path / "a.exr").write_bytes(data)
    for how in (lambda: image_ffmpeg.look_exr(tmp_path / "a.exr"), lambda: image_ffmpeg.decode(data, "exr")):
        with pytest.raises(ValueError, match=f"window begins at {display[0]},{display[1]}, expected it at 0,0"):
            how()


def test_colours_of_an_exr_are_divided_by_their_alpha():
    planes = levels("R", "G", "B") | {"A": np.float32([[0.5, 1, 0.25], [0.75, 0.5, 0]])}
    found = image_ffmpeg.decode(exr(planes), "exr")
    alpha = planes["A"].astype(np.float64)
    np.testing.assert_array_equal(found.values[..., 3], alpha)
    for k, name in enumerate("RGB"):
        light = linear.decode(found.values[..., k]) + (0 if found.beyond is None else found.beyond[..., k])
        straight = planes[name].astype(float) / np.where(alpha > 0, alpha, 1)   # without alpha it stands as it is
        np.testing.assert_allclose(light, straight, atol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_light_that_is_no_number_is_refused(value):
    planes = levels("R", "G", "B")
    planes["G"][1, 2] = value
    with pytest.raises(ValueError, match="NaN or infinite"):
        image_ffmpeg.decode(exr(planes), "exr")


def read_by_pyav(data, codec):
    context = av.Codec(codec, "r").create("video")
    return (context.decode(av.Packet(data)) + context.decode(None))[0]


def written(write, *arguments):
    file = io.BytesIO()
    write(file, *arguments)
    return file.getvalue()


def planes_of(frame, dtype):
    return [np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, :plane.width] for plane in frame.planes]


@pytest.mark.parametrize("channels, form", [(1, "gray16be"), (3, "rgb48be"), (4, "rgba64be")])
def test_a_deep_png_keeps_every_bit_and_its_density(channels, form):
    """More rows than a strip has."""
    x = RNG.integers(0, 1 << 16, (70, 5, channels)).astype(np.uint16)
    data = written(image_ffmpeg.write_packed, strips_of(x), ImageTags(dpi=(254, 127)))
    frame = read_by_pyav(data, "png")
    assert frame.format.name == form
    assert np.array_equal(frame.to_ndarray().astype(np.uint16).reshape(x.shape), x)
    assert data[data.index(b"pHYs") + 4:][:9] == struct.pack(">IIB", 10000, 5000, 1)   # per metre
    assert np.array_equal(np.rint(image_ffmpeg.decode(data, "png").values * 65535), x)


@pytest.mark.parametrize("bits, form", [(8, "rgb24"), (10, "gbrp10be"), (12, "gbrp12be"), (16, "rgb48be")])
def test_dpx_of_colours(bits, form):
    x = RNG.integers(0, 1 << bits, (70, 6, 3)).astype(np.uint8 if bits == 8 else np.uint16)
    data = written(image_ffmpeg.write_dpx, strips_of(x), bits, ImageTags(dpx=(3, 6)))
    assert data[801:803] == bytes([3, 6]) and data[803] == bits
    frame = read_by_pyav(data, "dpx")
    if frame.format.name.startswith("gbrp"):
        found = np.stack([planes_of(frame, ">u2" if frame.format.name.endswith("be") else "<u2")[k] for k in (2, 0, 1)],
                         2)
    else:
        found = frame.to_ndarray()
    assert np.array_equal(found, x)
    again = image_ffmpeg.decode_dpx(data)
    assert again.tags.dpx == (3, 6) and again.bits == bits
    assert np.array_equal(np.rint(again.values * (2 ** bits - 1)), x)


@pytest.mark.parametrize("channels, dtype", [(1, np.uint8), (4, np.uint8), (1, np.uint16), (4, np.uint16)])
def test_dpx_of_grey_and_alpha(channels, dtype):
    x = RNG.integers(0, np.iinfo(dtype).max + 1, (5, 6, channels)).astype(dtype)
    data = written(image_ffmpeg.write_dpx, strips_of(x), 8 * x.dtype.itemsize, NO_TAGS)
    assert np.array_equal(read_by_pyav(data, "dpx").to_ndarray().reshape(x.shape), x)
    again = image_ffmpeg.decode_dpx(data)
    assert np.array_equal(np.rint(again.values * np.iinfo(dtype).max), x)
    assert again.tags.dpx == (data[801], data[802]), "what the encoder says, where the input said nothing"


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_exr_is_linear_light_of_whole_floats(channels):
    """The inverse of the curve, and what lay beyond added again; colours are multiplied by alpha."""
    v = RNG.random((70, 6, channels)).astype(np.float32)
    beyond = RNG.standard_normal((70, 6, min(channels, 3))).astype(np.float32)
    frame = read_by_pyav(written(image_ffmpeg.write_exr, strips_of(v), beyond), "exr")
    planes = planes_of(frame, "<f4")
    order = (0,) if channels == 1 else (2, 0, 1, 3)[:channels]
    found = np.stack([planes[k] for k in order], 2)
    colour = v[..., :3].astype(float)
    light = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4) + beyond
    if channels == 4:
        light = np.concatenate([light * v[..., 3:], v[..., 3:]], 2)
    np.testing.assert_allclose(found, light, atol=1e-5)
    plain = planes_of(read_by_pyav(written(image_ffmpeg.write_exr, strips_of(v), None), "exr"), "<f4")
    assert not np.allclose(plain[0], planes[0]), "without what lies beyond it is another picture"


@pytest.mark.parametrize("order", "<>")
def test_a_page_of_a_tiff_of_floats_is_as_it_is(order):
    """Rows that are no multiple of what FFmpeg aligns them to; the first page where none is named."""
    file = io.BytesIO()
    pages = RNG.standard_normal((3, 5, 7, 3)).astype(np.float32)
    with tifffile.TiffWriter(file, byteorder=order) as out:
        for page in pages:
            out.write(page, photometric="rgb", metadata=None)
    with tifffile.TiffFile(io.BytesIO(file.getvalue())) as found:
        places = [page.offset for page in found.pages]
    for k, place in ((0, None), *enumerate(places)):
        found = image_ffmpeg.decode(file.getvalue(), "tiff", directory=place, tags=ImageTags(dpi=(9, 9)))
        assert np.array_equal(found.values, pages[k]) and (found.bits, found.tags.dpi) == (32, (9, 9))
        assert not found.linear and found.beyond is None


def test_a_file_without_a_picture_and_one_of_video_samples_are_refused(monkeypatch):
    with pytest.raises((ValueError, av.FFmpegError)):
        image_ffmpeg.decode(b"DPX?", "dpx")
    jpeg = av.CodecContext.create("mjpeg", "w")
    jpeg.width, jpeg.height, jpeg.pix_fmt, jpeg.framerate = 16, 16, "yuvj420p", 25
    data = bytes(jpeg.encode(av.VideoFrame(16, 16, "yuvj420p"))[0])
    with pytest.raises(ValueError, match="Y'CbCr"):
        image_ffmpeg.decode(data, "mjpeg")

"""Pictures as other programs write them: pages, moving ones, floats, tiles, palettes, linear light, profiles, names."""
import struct
import zlib
from fractions import Fraction

import media_clips
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from refvr.errors import InputError, OutputError
from refvr.media import ClipInfo, Frame, image_file, linear, open_reader, open_writer
from refvr.media.image_tags import ImageTags
from refvr.media.part_folder import Job

RGB = media_clips.noise(4, 12, 16)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def frames(path):
    with open_reader(path) as clip:
        return clip.info, list(clip), clip.warnings


def shown(path):
    """(t, h, w, 3) levels of 8 bits."""
    return np.rint(np.stack([frame.rgb for frame in frames(path)[1]]) * 255).astype(np.uint8)


# Pages

TIFFS = {
    "big endian": {"byteorder": ">"}, "BigTIFF": {"bigtiff": True}, "deflate": {"compression": "zlib"},
    "tiles": {"tile": (16, 16)}, "planes": {"planarconfig": "separate"}, "strips": {"rowsperstrip": 5},
}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float16])
@pytest.mark.parametrize("how", TIFFS)
def test_tiff_of_every_build(tmp_path, dtype, how):
    options = dict(TIFFS[how])
    if options.get("planarconfig") == "separate":
        options["photometric"] = "rgb"
    x = RGB.astype(dtype) * (257 if dtype == np.uint16 else 1)
    x = x if x.dtype.kind == "u" else (RGB / 255).astype(dtype)
    big, order = options.pop("bigtiff", False), options.pop("byteorder", "<")
    with tifffile.TiffWriter(tmp_path / "in.tif", bigtiff=big, byteorder=order) as out:
        for page in x:
            if how == "planes":
                page = np.ascontiguousarray(np.moveaxis(page, -1, 0))
            out.write(page, **({"photometric": "rgb"} | options), metadata=None)
    info, got, _ = frames(tmp_path / "in.tif")
    assert (info.frames, info.kind) == (4, "image")
    assert info.bit_depth == (8 * x.dtype.itemsize if x.dtype.kind == "u" else 32)
    want = x.astype(np.float32) / (np.iinfo(dtype).max if x.dtype.kind == "u" else 1)
    assert np.array_equal(np.stack([frame.rgb for frame in got]), want.astype(np.float32))


@pytest.mark.parametrize("how", ["tiff_lzw", "tiff_ccitt", "packbits", "jpeg", "palette", "bits", "cmyk"])
def test_tiff_that_needs_other_readers(tmp_path, how):
    picture = Image.fromarray((media_clips.smooth(1, 32, 48)[0] * 255).astype(np.uint8))
    if how in ("tiff_ccitt", "bits", "cmyk"):
        picture = picture.convert("CMYK" if how == "cmyk" else "1")
    picture = picture.quantize(16) if how == "palette" else picture
    packing = {"tiff_ccitt": "group4"}.get(how, how) if how not in ("palette", "bits", "cmyk") else None
    picture.save(tmp_path / "in.tif", compression=packing)
    want = np.asarray(Image.open(tmp_path / "in.tif").convert("RGB"), int)
    assert np.abs(shown(tmp_path / "in.tif")[0] - want).max() <= 1


def test_deep_inks_and_packed_grey_floats(tmp_path):
    rgb = np.random.default_rng(1).random((12, 16, 3))
    inks = np.concatenate([1 - rgb, np.zeros((12, 16, 1))], -1)
    inks = np.rint(inks * 65535).astype(np.uint16)
    tifffile.imwrite(tmp_path / "inks.tif", inks, photometric="separated", planarconfig="contig")
    info, (frame,), _ = frames(tmp_path / "inks.tif")
    assert info.bit_depth == 16 and not info.has_alpha
    np.testing.assert_allclose(frame.rgb, rgb, atol=1e-4)
    grey = rgb[..., 0].astype(np.float32)
    Image.fromarray(grey).save(tmp_path / "grey.tif", compression="tiff_lzw")
    info, (frame,), _ = frames(tmp_path / "grey.tif")
    assert info.bit_depth == 32 and info.grey and np.array_equal(frame.rgb[..., 1], grey)


def test_grey_tiff_of_12_and_16_bits_inverted_and_with_alpha(tmp_path):
    grey = np.random.default_rng(0).integers(0, 65536, (12, 16), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", grey, photometric="minisblack")
    tifffile.imwrite(tmp_path / "b.tif", 65535 - grey, photometric="miniswhite")
    tifffile.imwrite(tmp_path / "c.tif", np.stack([grey, 65535 - grey], -1), photometric="minisblack",
                     planarconfig="contig", extrasamples=["unassalpha"])
    for name in "abc":
        info, (frame,), _ = frames(tmp_path / f"{name}.tif")
        assert info.grey and info.bit_depth == 16 and info.has_alpha == (name == "c")
        assert np.array_equal(np.rint(frame.rgb[..., 0] * 65535), grey)
    media_clips.copy(tmp_path / "c.tif", tmp_path / "out.tif")
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), tifffile.imread(tmp_path / "c.tif"))


def test_colours_that_were_multiplied_by_alpha_are_divided(tmp_path):
    straight = np.float32([[[0.5, 0.25, 1, 0.5], [1, 0, 0.5, 0.25]]])
    darker = np.concatenate([straight[..., :3] * straight[..., 3:], straight[..., 3:]], -1)
    tifffile.imwrite(tmp_path / "in.tif", darker, photometric="rgb", extrasamples=["assocalpha"])
    _, (frame,), _ = frames(tmp_path / "in.tif")
    np.testing.assert_allclose(frame.rgb, straight[..., :3], rtol=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_marks_of_tiff(tmp_path, orientation):
    tifffile.imwrite(tmp_path / "in.tif", RGB[0], photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    image = Image.fromarray(RGB[0])
    turn = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_90}.get(orientation)
    want = np.asarray(image if turn is None else image.transpose(turn))
    info, (frame,), _ = frames(tmp_path / "in.tif")
    assert (info.height, info.width) == want.shape[:2] and np.array_equal(np.rint(frame.rgb * 255), want)


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


@pytest.mark.parametrize("x, what", [(np.zeros((4, 4), np.int16), "int16"), (np.zeros((4, 4), np.uint32), "uint32"),
                                     (np.full((4, 4), 300, np.float32), "from 300 to 300"),
                                     (np.full((4, 4), np.nan, np.float32), "NaN"),
                                     (np.zeros((4, 4, 6), np.uint8), "6 samples per pixel")])
def test_tiff_that_means_no_picture_here(tmp_path, x, what):
    tifffile.imwrite(tmp_path / "in.tif", x, photometric="minisblack", planarconfig="contig" if x.ndim == 3 else None)
    with pytest.raises(InputError, match=what):
        frames(tmp_path / "in.tif")


def test_tiff_that_is_cut_off_or_leads_in_circles_ends(tmp_path):
    tifffile.imwrite(tmp_path / "in.tif", RGB, photometric="rgb", metadata=None)
    data = (tmp_path / "in.tif").read_bytes()
    for size in (8, 9, 20, 100, len(data) // 2, len(data) - 3):
        (tmp_path / "cut.tif").write_bytes(data[:size])
        try:
            with open_reader(tmp_path / "cut.tif") as clip:
                got = [np.rint(frame.rgb * 255) for frame in clip]
                assert np.array_equal(got, RGB[:len(got)]) and (len(got) == 4 or "cut off" in clip.truncated)
        except InputError as error:
            assert "cut.tif" in str(error)
    start, = struct.unpack("<I", data[4:8])
    count, = struct.unpack_from("<H", data, start)
    circle = bytearray(data)
    struct.pack_into("<I", circle, start + 2 + 12 * count, start)
    (tmp_path / "circle.tif").write_bytes(circle)
    with open_reader(tmp_path / "circle.tif") as clip:
        assert len(list(clip)) == 1 and "damaged" in clip.truncated


# Moving pictures

def test_moving_webp(tmp_path):
    pictures = [Image.fromarray(np.dstack([x, np.full((12, 16), 40 * k, np.uint8)])) for k, x in enumerate(RGB, 1)]
    pictures[0].save(tmp_path / "in.webp", save_all=True, append_images=pictures[1:], duration=[40, 100, 20, 60],
                     lossless=True, exact=True)
    info, got, _ = frames(tmp_path / "in.webp")
    assert (info.frames, info.has_alpha, info.fps) == (4, True, 25)
    assert [frame.pts * frame.time_base for frame in got] == [0, Fraction(4, 100), Fraction(14, 100), Fraction(16, 100)]
    assert [frame.duration for frame in got] == [40, 100, 20, 60]
    assert np.array_equal(shown(tmp_path / "in.webp"), RGB)
    assert [round(float(frame.alpha[0, 0] * 255)) for frame in got] == [40, 80, 120, 160]


def test_apng_called_png(tmp_path):
    pictures = [Image.fromarray(x) for x in RGB]
    pictures[1].paste((9, 9, 9), (4, 4, 12, 10))
    pictures[0].save(tmp_path / "in.png", save_all=True, append_images=pictures[1:], duration=[40, 100, 20, 60])
    info, got, _ = frames(tmp_path / "in.png")
    assert info.codec == "apng" and [frame.pts * frame.time_base for frame in got] == [
        0, Fraction(4, 100), Fraction(14, 100), Fraction(16, 100)]
    assert np.array_equal(shown(tmp_path / "in.png"), np.stack([np.asarray(p) for p in pictures]))
    media_clips.copy(tmp_path / "in.png", tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as out:
        assert out.n_frames == 4
    assert np.array_equal(shown(tmp_path / "out.png"), shown(tmp_path / "in.png"))


@pytest.mark.parametrize("suffix, worst", [(".apng", 0), (".gif", 40), (".webp", 25)])
def test_moving_pictures_out(tmp_path, suffix, worst):
    pictures = np.rint(media_clips.smooth(5, 24, 32) * 255).astype(np.uint8)
    times, target = [0, 4, 14, 16, 22], tmp_path / f"out{suffix}"
    with open_writer(target, ClipInfo(32, 24, fps=Fraction(25), time_base=Fraction(1, 100))) as out:
        for pts, x in zip(times, pictures):
            out.write(Frame(x / np.float32(255), pts, Fraction(1, 100), duration=4))
    assert out.warnings == []
    _, got, _ = frames(target)
    assert [frame.pts * frame.time_base for frame in got] == [Fraction(t, 100) for t in times]
    assert np.abs(shown(target).astype(int) - pictures).max() <= worst
    with Image.open(target) as image:
        assert image.n_frames == 5 and image.info.get("loop") == 0
    assert not [p for p in tmp_path.iterdir() if "part" in p.name]


def test_alpha_and_depth_of_moving_pictures(tmp_path):
    alpha = np.zeros((24, 32), np.float32)
    alpha[4:20, 6:24] = 1
    like = ClipInfo(32, 24, 2, bit_depth=16, has_alpha=True)
    for suffix in (".gif", ".webp", ".apng"):
        with open_writer(tmp_path / f"out{suffix}", like) as out:
            for x in media_clips.smooth(2, 24, 32):
                out.write(Frame(x, alpha=alpha))
        info, got, _ = frames(tmp_path / f"out{suffix}")
        assert np.array_equal(got[1].alpha > 0.5, alpha > 0.5), suffix
        assert (info.bit_depth == 16) == (suffix == ".apng")
        assert bool(out.warnings) == (suffix != ".apng")


def test_gif_with_offsets_disposal_and_delays(tmp_path):
    pictures = [Image.new("RGB", (16, 12), (0, 0, 200)) for _ in range(3)]
    for k, picture in enumerate(pictures):
        picture.paste((250, 0, 0), (4 * k, 2, 4 * k + 4, 8))
    pictures[0].save(tmp_path / "in.gif", save_all=True, append_images=pictures[1:], duration=[40, 200, 100],
                     disposal=2)
    _, got, _ = frames(tmp_path / "in.gif")
    assert np.array_equal(shown(tmp_path / "in.gif"), np.stack([np.asarray(p) for p in pictures]))
    assert [frame.pts * frame.time_base for frame in got] == [0, Fraction(4, 100), Fraction(24, 100)]


def test_one_picture_in_gives_one_picture_out(tmp_path):
    Image.fromarray(RGB[0]).save(tmp_path / "in.png")
    for suffix in (".webp", ".gif", ".tif", ".jpg", ".exr", ".dpx"):
        media_clips.copy(tmp_path / "in.png", tmp_path / f"out{suffix}")
        assert frames(tmp_path / f"out{suffix}")[0].kind in ("image", "video")
    assert np.array_equal(shown(tmp_path / "out.webp")[0], RGB[0])
    with open_reader(tmp_path / "in.png") as clip, pytest.raises(OutputError, match=r"one image but .* \.apng"):
        open_writer(tmp_path / "out.png", ClipInfo(16, 12, 2, source=clip.info.source))


# Palettes, profiles, inks

def test_transparent_palette_and_colour(tmp_path):
    palette = Image.fromarray(RGB[0]).quantize(8)
    palette.save(tmp_path / "palette.png", transparency=bytes([0, 128, 255, 255, 255, 255, 255, 255]))
    Image.fromarray(RGB[0]).save(tmp_path / "key.png", transparency=tuple(int(v) for v in RGB[0, 3, 5]))
    Image.fromarray(RGB[0, ..., 0]).save(tmp_path / "grey.png", transparency=int(RGB[0, 3, 5, 0]))
    for name in ("palette", "key", "grey"):
        info, (frame,), _ = frames(tmp_path / f"{name}.png")
        want = np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGBA"))
        assert info.has_alpha and np.array_equal(np.rint(frame.alpha * 255), want[..., 3]) and frame.alpha.min() < 1
        assert np.array_equal(np.rint(frame.rgb * 255), want[..., :3]) and info.grey == (name == "grey")


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


# Linear light, DPX

def test_exr_keeps_what_lies_outside(tmp_path):
    rng = np.random.default_rng(3)
    x = (rng.random((2, 6, 8, 4), np.float32) * 3 - 0.5).astype(np.float32)
    x[..., 3] = rng.random((2, 6, 8), np.float32) * 0.9 + 0.1
    (tmp_path / "in").mkdir()
    for k, picture in enumerate(x):
        values, beyond = linear.split(picture[..., :3])
        data = image_file.encode(np.concatenate([values, picture[..., 3:]], -1), ".exr", beyond=beyond)
        (tmp_path / "in" / f"{k}.exr").write_bytes(data)
    info, got, warnings = frames(tmp_path / "in")
    assert info.bit_depth == 32 and info.has_alpha and any("linear light" in line for line in warnings)
    for frame, picture in zip(got, x):
        assert frame.rgb.min() >= 0 and frame.rgb.max() <= 1
        np.testing.assert_allclose(linear.join(frame.rgb, frame.beyond), picture[..., :3], atol=2e-6)
        np.testing.assert_allclose(frame.alpha, picture[..., 3], atol=1e-6)
    _, out = media_clips.copy(tmp_path / "in", tmp_path / "out")
    assert out.warnings == [] and sorted(p.name for p in (tmp_path / "out").iterdir()) == ["0.exr", "1.exr"]
    for frame, picture in zip(frames(tmp_path / "out")[1], x):
        np.testing.assert_allclose(linear.join(frame.rgb, frame.beyond), picture[..., :3], atol=4e-6)
    _, out = media_clips.copy(tmp_path / "in", tmp_path / "png" / "%02d.png")
    assert any("cut off" in line for line in out.warnings)


def test_the_curve_of_linear_light():
    x = np.linspace(-0.1, 1.2, 1001).astype(np.float32)
    np.testing.assert_allclose(linear.decode(linear.encode(x)), x, atol=1e-6)
    assert linear.encode(np.float32(0.18)) == pytest.approx(0.4614, abs=1e-4)   # middle grey
    assert linear.split(np.float32([0, 0.5, 1]))[1] is None


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_dpx(tmp_path, bits):
    (tmp_path / "in").mkdir()
    x = np.random.default_rng(bits).integers(0, 2 ** bits, (2, 6, 8, 3)).astype(np.uint8 if bits == 8 else np.uint16)
    for k, picture in enumerate(x):
        data = bytearray(image_file.encode(picture, ".dpx", bits=bits))
        data[801:803] = bytes([3, 6])   # logarithmic
        (tmp_path / "in" / f"{k}.dpx").write_bytes(data)
    info, got, warnings = frames(tmp_path / "in")
    assert info.bit_depth == bits and len(warnings) == 1 and "logarithmic" in warnings[0]
    assert np.array_equal(np.rint(np.stack([frame.rgb for frame in got]) * (2 ** bits - 1)), x)
    media_clips.copy(tmp_path / "in", tmp_path / "out/")
    for k in range(2):
        data = (tmp_path / "out" / f"{k}.dpx").read_bytes()
        assert data == (tmp_path / "in" / f"{k}.dpx").read_bytes() and data[801:803] == bytes([3, 6])


# Names

def test_numbered_names_and_their_gaps(tmp_path):
    for k in (0, 1, 2, 5, 10):
        Image.fromarray(RGB[k % 4]).save(tmp_path / f"f{k:04d}.png")
    Image.fromarray(RGB[0]).save(tmp_path / "f007.png")
    info, got, warnings = frames(tmp_path / "f%04d.png")
    assert [frame.name for frame in got] == ["f0000", "f0001", "f0002", "f0005", "f0010"]
    assert len(warnings) == 1 and "6 numbers" in warnings[0] and "3 to 4, 6 to 9" in warnings[0]
    assert [frame.name for frame in frames(tmp_path / "f%03d.png")[1]] == ["f007"]
    with pytest.raises(InputError, match="holds no images"):
        open_reader(tmp_path / "g%04d.png")


def test_brackets_and_percent_signs_are_letters_where_such_files_exist(tmp_path):
    folder = tmp_path / "scan [1]"
    folder.mkdir()
    for name in ("a[2]_1.png", "a[2]_2.png", "a2_9.png", "100%.png"):
        Image.fromarray(RGB[0]).save(folder / name)
    assert [frame.name for frame in frames(folder / "a[[]2]_*.png")[1]] == ["a[2]_1", "a[2]_2"]
    assert [frame.name for frame in frames(folder / "a[2]_*.png")[1]] == ["a[2]_1", "a[2]_2"]
    assert [frame.name for frame in frames(folder / "a[2]_1.png")[1]] == ["a[2]_1"]
    (folder / "a[2]_1.png").unlink()
    (folder / "a[2]_2.png").unlink()
    plain = tmp_path / "scans"
    plain.mkdir()
    Image.fromarray(RGB[0]).save(plain / "a2_9.png")
    assert [frame.name for frame in frames(plain / "a[2]_*.png")[1]] == ["a2_9"]
    assert [frame.name for frame in frames(folder / "100%.png")[1]] == ["100%"]
    media_clips.copy(folder / "100%.png", folder / "50% of it.png")
    assert (folder / "50% of it.png").is_file()


def test_a_claim_of_too_many_pixels_is_refused(tmp_path):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR"
    body = struct.pack(">IIBBBBB", 1 << 20, 1 << 20, 16, 2, 0, 0, 0)
    (tmp_path / "in.png").write_bytes(head + body + struct.pack(">I", zlib.crc32(b"IHDR" + body)))
    with pytest.raises(InputError, match="1048576x1048576 pixels"):
        open_reader(tmp_path / "in.png")


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
def test_alpha_of_webm_is_decoded_and_kept(tmp_path, codec):
    alpha = np.zeros((24, 32), np.float32)
    alpha[:, 16:] = 1
    like = ClipInfo(32, 24, 3, fps=Fraction(25), has_alpha=True)
    with open_writer(tmp_path / "in.webm", like, codec=codec, pix_fmt="yuva420p") as out:
        for x in media_clips.smooth(3, 24, 32):
            out.write(Frame(x, alpha=alpha))
    _, out = media_clips.copy(tmp_path / "in.webm", tmp_path / "out.webm", codec=codec, pix_fmt="yuva420p")
    assert not [line for line in out.warnings if "transparency" in line]
    for name in ("in", "out"):
        info, got, _ = frames(tmp_path / f"{name}.webm")
        assert info.has_alpha and len(got) == 3 and info.codec == {"libvpx-vp9": "vp9", "libvpx": "vp8"}[codec]
        assert all(np.abs(frame.alpha - alpha).max() < 0.1 for frame in got)
        assert [frame.pts * frame.time_base for frame in got] == [0, Fraction(1, 25), Fraction(2, 25)]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng", ".tif"])
def test_one_file_of_many_pictures_is_continued(tmp_path, suffix):
    info = ClipInfo(RGB.shape[2], RGB.shape[1], len(RGB), Fraction(10))
    made = [Frame(picture.astype(np.float32) / 255, pts=3 * k, time_base=Fraction(1, 20), duration=3,
                  tags=ImageTags(dpi=(72.0, 72.0)) if k else None) for k, picture in enumerate(RGB)]
    with open_writer(tmp_path / f"whole{suffix}", info) as out:
        for frame in made:
            out.write(frame)
    job = Job({"input": "x"}, resume=True)
    with pytest.raises(KeyboardInterrupt), open_writer(tmp_path / f"out{suffix}", info, job=job) as out:
        out.write(made[0])
        out.write(made[1])
        raise KeyboardInterrupt
    assert out.partial is not None and np.load(out.partial).shape[0] == 2
    with open_writer(tmp_path / f"out{suffix}", info, job=job) as out:
        assert out.written == 2
        for frame in made[2:]:
            out.write(frame)
    assert (tmp_path / f"out{suffix}").read_bytes() == (tmp_path / f"whole{suffix}").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"out{suffix}", f"whole{suffix}"]

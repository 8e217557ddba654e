"""TIFF of every build: types, tiles, inks, alpha, orientation; and what is no picture."""
import struct

import media_clips
import numpy as np
import pytest
import tifffile
from pictures import RGB, frames, shown
from PIL import Image

from refvr.errors import InputError
from refvr.media import open_reader

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


@pytest.mark.parametrize("packing", ["tiff_lzw", "tiff_adobe_deflate"])
def test_every_page_of_16_bits_that_is_packed(tmp_path, packing):
    """FFmpeg unpacks them where tifffile cannot; it finds the first page alone."""
    x = np.random.default_rng(0).integers(0, 1 << 16, (3, 5, 7), dtype=np.uint16)
    first, *others = (Image.fromarray(page) for page in x)
    first.save(tmp_path / "in.tif", compression=packing, save_all=True, append_images=others)
    info, got, _ = frames(tmp_path / "in.tif")
    assert (info.frames, info.bit_depth, info.grey) == (3, 16, True)
    assert np.array_equal(np.stack([np.rint(frame.rgb[..., 0] * 65535) for frame in got]), x)

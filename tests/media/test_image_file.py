"""One image file: the bytes decide who reads it, and whoever reads or writes it, values are exact."""
import struct
import zlib

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image

from refvr.errors import InputError
from refvr.media import image_file, image_tiff
from refvr.media.picture import MAX_PIXELS

RNG = np.random.default_rng(0)
DEEP = RNG.integers(0, 1 << 16, (5, 7, 3)).astype(np.uint16)


def samples(channels, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max + 1, (11, 7, channels)).astype(dtype)


def saved(path, pixels, **options):
    path.write_bytes(image_file.encode(pixels, path.suffix, **options))
    return path


@pytest.mark.parametrize("suffix, pixels, bits", [
    (".png", samples(3), 8), (".png", DEEP, 16), (".tif", samples(4), 8), (".tiff", DEEP, 16), (".bmp", samples(3), 8),
    (".webp", samples(3), 8), (".dpx", DEEP, 16), (".exr", RNG.random((5, 7, 3), np.float32), 32),
    (".tif", RNG.random((5, 7, 3), np.float32), 32)])
def test_the_bytes_decide_who_reads_it(tmp_path, suffix, pixels, bits):
    """The name may say something else: the header, the picture and its samples are what was written."""
    path = saved(tmp_path / f"a{suffix}", pixels).rename(tmp_path / "a.jpg")
    look = image_file.look(path)
    assert (look.height, look.width, look.channels, look.bits, look.pages) == (*pixels.shape, bits, 1)
    found = image_file.decode(path)
    assert found.dtype == pixels.dtype
    np.testing.assert_allclose(found, pixels, atol=1e-6 if suffix == ".exr" else 0)


def test_samples_of_more_than_8_bits_are_16(tmp_path):
    tenth = np.arange(0, 1024, 29, dtype=np.uint16).reshape(4, 3, 3)
    found = image_file.decode(saved(tmp_path / "a.dpx", tenth, bits=10))
    assert found.dtype == np.uint16 and np.array_equal(found, np.rint(tenth * (65535 / 1023)))


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_other_programs_read_our_files(tmp_path, channels):
    pixels = samples(channels)
    for suffix in (".png", ".tif"):
        assert np.array_equal(np.atleast_3d(iio.imread(saved(tmp_path / f"a{suffix}", pixels))), pixels)
    deep = samples(1, np.uint16)
    assert np.array_equal(iio.imread(saved(tmp_path / "deep.png", deep)), deep[..., 0])


@pytest.mark.parametrize("suffix", [".PNG", ".TIF", ".Exr", ".DPX"])
def test_endings_in_capitals_are_the_same_kinds(suffix):
    pixels = samples(3)
    pixels = pixels / np.float32(255) if suffix == ".Exr" else pixels
    assert image_file.encode(pixels, suffix) == image_file.encode(pixels, suffix.lower())


def test_every_picture_of_a_file_comes_in_turn_and_the_first_is_read(tmp_path):
    pages = [Image.fromarray(samples(3)) for _ in range(3)]
    pages[0].save(tmp_path / "a.webp", save_all=True, append_images=pages[1:], lossless=True)
    found = [np.rint(picture.values * 255) for picture in image_file.pictures(tmp_path / "a.webp")]
    assert np.array_equal(found, [np.asarray(page) for page in pages])
    assert np.array_equal(image_file.decode(tmp_path / "a.webp"), np.asarray(pages[0]))


@pytest.mark.parametrize("how", [image_file.look, image_file.read])
def test_what_cannot_be_read_is_one_line_with_its_name(tmp_path, how):
    path = tmp_path / "a.png"
    with pytest.raises(InputError, match=r"a.png cannot be read \(No such file or directory\)"):
        how(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"a.png is empty \(0 bytes\); expected an image"):
        how(path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    with pytest.raises(InputError, match="a.png cannot be read .*expected an image such as PNG") as error:
        how(path)
    assert "\n" not in str(error.value)
    path.write_bytes(b"\0\0\0\x18ftypisom" + bytes(40))
    with pytest.raises(InputError, match="a.png is an MP4 video; expected an image.*give it the ending .mp4"):
        how(path)


def test_what_a_reader_says_on_purpose_is_kept(tmp_path, monkeypatch):
    def refuse(path):
        raise InputError("pages of several sizes")
        yield

    monkeypatch.setattr(image_tiff, "pictures", refuse)
    monkeypatch.setattr(image_tiff, "look", lambda path: next(refuse(path)))
    path = saved(tmp_path / "a.tif", samples(3))
    for how in (image_file.look, image_file.read):
        with pytest.raises(InputError, match="^pages of several sizes"):
            how(path)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *more):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more)


def test_a_few_bytes_cannot_ask_for_all_memory(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(1 << 14, 1 << 14))
    assert image_file.look(path).height == 1 << 14 and MAX_PIXELS == 1 << 28
    for width, height in (((1 << 14) + 1, 1 << 14), (0, 5)):
        path.write_bytes(png(width, height))
        with pytest.raises(InputError, match=f"claims {width}x{height} pixels; expected 1 to {MAX_PIXELS}"):
            image_file.look(path)


def test_a_moving_png_says_so_before_its_picture(tmp_path):
    path, control, data = tmp_path / "a.png", chunk(b"acTL", bytes(8)), chunk(b"IDAT", b"abc")
    for moving, content in ((True, png(4, 4, chunk(b"gAMA", bytes(4)), control, data)),
                            (False, png(4, 4, data, control)), (False, png(4, 4, chunk(b"IEND", b""), control)),
                            (False, png(4, 4)), (False, b"GIF89a" + control), (False, b"")):
        path.write_bytes(content)
        assert image_file.is_moving_png(path) is moving

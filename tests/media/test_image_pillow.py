"""Images of 8 bits: what Pillow has in a file is what comes out of it, and what is written is what Pillow reads."""
import io
import struct
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from pictures import SRGB
from PIL import Image, ImageCms

from refvr.media import image_pillow
from refvr.media.image_tags import NO_TAGS, ImageTags
from refvr.media.strips import strips_of

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8)
GREY, ALPHA = RGB[..., 0], RGB[..., 1]


def levels(path):
    """The first picture, as integers."""
    return np.rint(next(image_pillow.pictures(path)).values * 255).astype(np.uint8)


def both(path):
    """Its channels as the header has them and its samples, which agree."""
    look, found = image_pillow.look(path), levels(path)
    assert (look.height, look.width, look.channels) == found.shape and look.bits == 8
    return found


@pytest.mark.parametrize("mode, samples", [("L", GREY[..., None]), ("LA", np.dstack([GREY, ALPHA])), ("RGB", RGB),
                                           ("RGBA", np.dstack([RGB, ALPHA]))])
def test_samples_are_those_of_the_file(tmp_path, mode, samples):
    Image.fromarray(samples[..., 0] if mode == "L" else samples, mode).save(tmp_path / "a.png")
    assert np.array_equal(both(tmp_path / "a.png"), samples)


def test_palette_and_one_bit_become_colour_and_grey(tmp_path):
    small = Image.fromarray(RGB).quantize(16)
    small.save(tmp_path / "palette.png")
    assert np.array_equal(both(tmp_path / "palette.png"), np.asarray(small.convert("RGB")))
    Image.fromarray(np.eye(5, 7) > 0).save(tmp_path / "bits.png")
    assert np.array_equal(both(tmp_path / "bits.png")[..., 0], 255 * np.eye(5, 7))


@pytest.mark.parametrize("picture, entry, see_through", [
    (Image.fromarray(GREY), int(GREY[0, 0]), GREY[0, 0] == GREY),
    (Image.fromarray(RGB), tuple(map(int, RGB[0, 0])), (RGB[0, 0] == RGB).all(-1)),
    (Image.fromarray(RGB).quantize(16), 3, np.asarray(Image.fromarray(RGB).quantize(16)) == 3)])
def test_a_transparent_colour_makes_an_alpha_channel(tmp_path, picture, entry, see_through):
    picture.save(tmp_path / "a.png", transparency=entry)
    found = both(tmp_path / "a.png")
    assert found.shape[2] in (2, 4) and np.array_equal(found[..., -1] == 0, see_through) and see_through.any()


def oriented(mark):
    """An Exif block with the mark of orientation alone."""
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x112, 3, 1, mark, 0) + b"\0\0\0\0"


@pytest.mark.parametrize("mark, upright", [(1, lambda x: x), (2, np.fliplr), (3, lambda x: np.rot90(x, 2)),
                                           (4, np.flipud), (6, lambda x: np.rot90(x, -1)), (8, np.rot90),
                                           (5, lambda x: x.swapaxes(0, 1)),
                                           (7, lambda x: np.rot90(x, 2).swapaxes(0, 1))])
def test_pictures_are_upright(tmp_path, mark, upright):
    for suffix in ("png", "webp"):
        Image.fromarray(RGB).save(tmp_path / f"a.{suffix}", exif=oriented(mark), lossless=True)
        assert np.array_equal(both(tmp_path / f"a.{suffix}"), upright(RGB))


def test_inks_become_colours_by_the_plain_rule_without_a_profile(tmp_path):
    inks = Image.fromarray(np.dstack([RGB, ALPHA]), "CMYK")
    inks.save(tmp_path / "a.tif")
    assert np.array_equal(both(tmp_path / "a.tif"), np.asarray(inks.convert("RGB")))
    broken = b"\0" * 16 + b"CMYK" + b"\0" * 200
    assert np.array_equal(np.asarray(image_pillow.without_inks(inks, broken)), np.asarray(inks.convert("RGB")))


def test_inks_are_given_to_their_profile_and_come_back_in_srgb(monkeypatch):
    asked = []
    monkeypatch.setattr(ImageCms, "ImageCmsProfile", lambda file: file.read())
    monkeypatch.setattr(ImageCms, "createProfile", lambda name: name)
    monkeypatch.setattr(ImageCms, "profileToProfile", lambda *args, **options: asked.append((*args, options)))
    icc, inks = b"\0" * 16 + b"CMYK" + b"\0" * 9, Image.new("CMYK", (2, 2))
    image_pillow.without_inks(inks, icc)
    assert asked == [(inks, icc, "sRGB", {"outputMode": "RGB"})]
    image_pillow.without_inks(inks, SRGB)
    assert len(asked) == 1, "a profile of colours says nothing about inks"


def test_a_moving_picture_is_a_clip_with_durations(tmp_path):
    """As it is seen: what a frame leaves as it was comes from the one before."""
    first = Image.fromarray(np.zeros((6, 8), np.uint8))
    second = first.copy()
    second.paste(255, (2, 1, 5, 4))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second], duration=[40, 100], optimize=True)
    assert image_pillow.look(tmp_path / "a.gif").pages == 2
    found = list(image_pillow.pictures(tmp_path / "a.gif"))
    assert [picture.duration_ms for picture in found] == [40, 100]
    for picture, shown in zip(found, (first, second)):
        assert np.array_equal(picture.values.max(-1) * 255, np.asarray(shown))


def test_of_two_pictures_for_one_the_first_is_taken(tmp_path):
    """MPO: what cameras and phones write for two eyes, called .jpg."""
    flat = [Image.new("RGB", (16, 16), (level,) * 3) for level in (60, 200)]
    flat[0].save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=flat[1:])
    look = image_pillow.look(tmp_path / "a.jpg")
    assert look.pages == 1 and look.notes == ("a.jpg holds 2 pictures for one (MPO); the first is taken",)
    assert (levels(tmp_path / "a.jpg") == 60).all()
    assert len(list(image_pillow.pictures(tmp_path / "a.jpg"))) == 1
    flat[0].save(tmp_path / "b.jpg")
    assert image_pillow.look(tmp_path / "b.jpg").notes == ()


def test_a_file_of_no_pictures_is_damaged(monkeypatch, tmp_path):
    monkeypatch.setattr(image_pillow, "opened", lambda path: nullcontext(SimpleNamespace(format="WEBP", n_frames=0)))
    with pytest.raises(ValueError, match="it holds no picture"):
        next(image_pillow.pictures(tmp_path / "in.webp"))


def test_readers_that_start_programs_are_not_tried(tmp_path):
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(OSError, match="cannot identify"):
        image_pillow.look(tmp_path / "a.png")


def written(samples, suffix, tags=NO_TAGS):
    file = io.BytesIO()
    image_pillow.write(file, strips_of(samples), suffix, tags)
    return Image.open(io.BytesIO(file.getvalue()))


@pytest.mark.parametrize("suffix, kind, channels", [
    (".png", "PNG", (1, 2, 3, 4)), (".bmp", "BMP", (1, 3)), (".webp", "WEBP", (3, 4)), (".gif", "GIF", (1,))])
def test_what_loses_nothing_is_exact(suffix, kind, channels):
    """More rows than a strip has, on either side of its end."""
    for count in channels:
        x = RNG.integers(1 if count == 4 else 0, 256, (70, 6, count)).astype(np.uint8)
        with written(x, suffix) as image:
            assert image.format == kind
            want = x[..., 0] if count == 1 else x
            assert np.array_equal(np.asarray(image.convert(("L", "LA", "RGB", "RGBA")[count - 1])), want)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg"])
def test_jpeg_has_full_colour_and_little_loss(suffix):
    """Colours that change from pixel to pixel survive only where colour is not halved."""
    x = np.zeros((16, 16, 3), np.uint8)
    x[:, ::2], x[:, 1::2] = (200, 60, 60), (60, 60, 200)
    with written(x, suffix) as image:
        assert image.format == "JPEG" and image.layer[0][1:3] == (1, 1)
        assert np.abs(np.asarray(image).astype(int) - x).max() <= 12


def test_profile_and_density_go_along_where_the_format_has_a_place():
    tags = ImageTags(SRGB, (300.4, 72.2))
    for suffix, place in ((".png", {"icc_profile", "dpi"}), (".jpg", {"icc_profile", "dpi"}),
                          (".webp", {"icc_profile"}), (".bmp", {"dpi"})):
        with written(RGB, suffix, tags) as image:
            assert {"icc_profile", "dpi"} & image.info.keys() == place
            assert image.info.get("icc_profile", SRGB) == SRGB
            if "dpi" in place:
                np.testing.assert_allclose([float(v) for v in image.info["dpi"]], (300.4, 72.2), atol=0.45)
    file = io.BytesIO()
    image_pillow.write(file, strips_of(RGB), ".png", tags)
    assert file.getvalue().count(b"iCCP") == file.getvalue().count(b"pHYs") == 1
    with written(RGB[..., :1], ".jpg", tags) as image:
        assert "icc_profile" not in image.info, "that of colours says nothing about grey"
    for suffix in (".jpg", ".bmp"):
        with written(RGB, suffix) as image:
            assert "icc_profile" not in image.info


def test_tags_are_read_from_the_header(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.png", icc_profile=SRGB, dpi=(300, 240))
    tags = image_pillow.tags(tmp_path / "a.png")
    assert tags.icc == SRGB and tags.dpi == pytest.approx((300, 240), abs=0.02)
    assert next(image_pillow.pictures(tmp_path / "a.png")).tags == tags
    Image.fromarray(RGB).save(tmp_path / "b.png")
    assert image_pillow.tags(tmp_path / "b.png") == ImageTags()

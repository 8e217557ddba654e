"""Folders, globs and single images: depth, grey, alpha, names and order survive; odd ones out are named."""
from fractions import Fraction

import media_clips
import numpy as np
import pytest

from refvr.errors import InputError, OutputError
from refvr.media import ClipInfo, Frame, image_file, open_reader, open_writer
from refvr.media.sequences import natural

SHAPES = {"grey": (11, 7, 1), "grey+alpha": (11, 7, 2), "rgb": (11, 7, 3), "rgba": (11, 7, 4)}


def samples(shape, dtype, seed=0):
    top = np.iinfo(dtype).max
    return np.random.default_rng(seed).integers(0, top + 1, shape).astype(dtype)


def save(path, pixels):
    path.write_bytes(image_file.encode(pixels, path.suffix))
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_every_kind_of_image_survives(tmp_path, dtype, kind, suffix):
    pixels = samples(SHAPES[kind], dtype)
    source = save(tmp_path / f"in{suffix}", pixels)
    assert np.array_equal(image_file.decode(source), pixels)
    clip, out = media_clips.copy(source, tmp_path / f"out{suffix}")
    info = clip.info
    assert (info.height, info.width, info.frames, info.kind) == (11, 7, 1, "image") and clip.decoded == 1
    assert (info.bit_depth, info.grey, info.has_alpha) == (8 * np.dtype(dtype).itemsize, "grey" in kind,
                                                           pixels.shape[2] in (2, 4))
    assert np.array_equal(image_file.decode(tmp_path / f"out{suffix}"), pixels) and out.warnings == []


def test_16_bit_colour_is_not_cut_to_8(tmp_path):
    """The step that imageio loses."""
    pixels = np.arange(256, 256 + 11 * 7 * 3, dtype=np.uint16).reshape(11, 7, 3)
    source = save(tmp_path / "in.png", pixels)
    with open_reader(source) as clip:
        assert np.array_equal(next(iter(clip)).rgb, pixels.astype(np.float32) / np.float32(65535))


def test_natural_order_names_and_depth_of_a_folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    pixels = samples((12, 11, 7, 3), np.uint16)
    for k, picture in enumerate(pixels):
        save(folder / f"shot1 frame{k}.png", picture)
    (folder / "notes.txt").write_text("not an image")
    clip, out = media_clips.copy(folder, tmp_path / "out/")
    names = [f"shot1 frame{k}" for k in range(12)]
    assert clip.info.frames == out.written == 12 and clip.info.bit_depth == 16
    assert sorted((p.stem for p in (tmp_path / "out").iterdir()), key=natural) == names
    for name, picture in zip(names, pixels):
        assert np.array_equal(image_file.decode(tmp_path / "out" / f"{name}.png"), picture)
    with open_reader(folder / "shot1*[02].png") as clip:
        assert [frame.name for frame in clip] == ["shot1 frame0", "shot1 frame2", "shot1 frame10"]
    assert natural("a2b") < natural("a10b") < natural("b1")


def test_pattern_chooses_and_numbers(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for k in range(2):
        save(folder / f"{k}.png", samples((5, 3, 3), np.uint8, k))
        save(folder / f"{k}.jpg", samples((5, 3, 3), np.uint8, k))
    with pytest.raises(InputError, match="the same name but for suffix"):
        open_reader(folder)
    media_clips.copy(folder, tmp_path / "out" / "im_%03d.tif", pattern="*.png")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["im_000.tif", "im_001.tif"]
    with open_reader(folder, pattern="*.jpg") as clip, pytest.raises(OutputError, match="no numbering pattern"), \
            open_writer(tmp_path / "out" / "%s_%d.tif", clip.info) as out:
        for frame in clip:
            out.write(frame)


def test_mixed_grey_and_colour_become_colour(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    save(folder / "a.png", samples((5, 3, 1), np.uint8))
    save(folder / "b.png", samples((5, 3, 3), np.uint8))
    clip, _ = media_clips.copy(folder, tmp_path / "out")
    assert not clip.info.grey
    assert np.array_equal(image_file.decode(tmp_path / "out" / "a.png"),
                          image_file.decode(folder / "a.png").repeat(3, axis=2))


def test_one_pixel(tmp_path):
    save(tmp_path / "in.png", np.array([[[1, 2, 3]]], np.uint8))
    for name in ("out.png", "out.tif", "out.npy", "out.h5", "folder"):
        media_clips.copy(tmp_path / "in.png", tmp_path / name)
        with open_reader(tmp_path / name) as clip:
            assert np.array_equal(next(iter(clip)).rgb * 255, [[[1, 2, 3]]]), name


def test_images_that_do_not_fit(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(InputError, match="holds no images; expected files such as"):
        open_reader(folder)
    with pytest.raises(InputError, match="holds no images"):
        open_reader(folder / "*.png")
    for k, shape in enumerate([(5, 3, 3), (5, 3, 3), (7, 3, 3)]):
        save(folder / f"{k}.png", samples(shape, np.uint8))
    with pytest.raises(InputError, match=r"2.png is 3x7 but 0.png is 3x5; expected images of one size"):
        open_reader(folder)
    (folder / "2.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"2.png is empty \(0 bytes\)"):
        open_reader(folder)
    (folder / "2.png").write_bytes((folder / "0.png").read_bytes()[:60])
    with open_reader(folder) as clip, pytest.raises(InputError, match="2.png cannot be read"):
        list(clip)
    assert clip.decoded == 2
    with pytest.raises(OutputError, match="one image but the clip has 3 frames"):
        open_writer(tmp_path / "one.png", clip.info)
    with pytest.raises(OutputError, match="more frames"), open_writer(tmp_path / "one.png", ClipInfo(3, 5)) as out:
        out.write(Frame(np.zeros((5, 3, 3), np.float32)))
        out.write(Frame(np.zeros((5, 3, 3), np.float32)))
    assert out.partial == tmp_path / "one.png"


def test_video_from_images_and_back(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    pixels = samples((3, 10, 14, 3), np.uint8)
    for k, picture in enumerate(pixels):
        save(folder / f"{k}.png", picture)
    with open_reader(folder) as clip, open_writer(tmp_path / "out.mkv", clip.info, pix_fmt="gbrp", crf=0) as out:
        for frame in clip:
            out.write(frame)
    assert media_clips.times(tmp_path / "out.mkv") == [Fraction(k, 25) for k in range(3)]
    media_clips.copy(tmp_path / "out.mkv", tmp_path / "frames")
    assert sorted(p.name for p in (tmp_path / "frames").iterdir()) == [f"frame_{k:06d}.png" for k in range(3)]
    for k, picture in enumerate(pixels):
        assert np.array_equal(image_file.decode(tmp_path / "frames" / f"frame_{k:06d}.png"), picture)

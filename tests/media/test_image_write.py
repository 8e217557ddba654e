"""Frames -> image files: which format and depth, under which names, and complete whenever they have them."""
import media_clips
import numpy as np
import pytest
from PIL import Image

from refvr.errors import OutputError
from refvr.media import ClipInfo, Frame, image_file, open_reader, open_writer
from refvr.media.image_write import ImageWriter, folder_suffix, sample_bits, samples_of
from refvr.media.part_folder import Job

H, W = 3, 4


def frame(k=0, **more):
    return Frame(np.full((H, W, 3), k / 255, np.float32), **more)


def like(**facts):
    return ClipInfo(W, H, **facts)


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def saved(path, pixels):
    path.write_bytes(image_file.encode(pixels, path.suffix))
    return path


def level(path):
    """The one level that a picture has."""
    value, = np.unique(image_file.decode(path))
    return int(value)


@pytest.mark.parametrize("facts, suffix", [
    ({}, ".png"), ({"bit_depth": 16, "kind": "images", "codec": "tif"}, ".png"),
    ({"bit_depth": 32, "kind": "images", "codec": "exr"}, ".exr"), ({"kind": "image", "codec": "exr"}, ".exr"),
    ({"bit_depth": 10, "kind": "images", "codec": "dpx"}, ".dpx"),
    ({"bit_depth": 32, "kind": "image", "codec": "tif"}, ".tif"), ({"bit_depth": 32, "kind": "array"}, ".png")])
def test_a_folder_gets_png_unless_that_cannot_hold_what_comes(facts, suffix):
    assert folder_suffix(like(**facts)) == suffix


@pytest.mark.parametrize("suffix, facts, bits", [
    (".png", {}, 8), (".png", {"bit_depth": 10}, 16), (".jpg", {"bit_depth": 16}, 8), (".exr", {}, 32),
    (".tif", {"bit_depth": 32, "kind": "images"}, 32), (".tif", {"bit_depth": 32, "kind": "array"}, 16),
    (".png", {"bit_depth": 32, "kind": "images"}, 16), (".dpx", {"bit_depth": 10}, 10), (".dpx", {"bit_depth": 12}, 12),
    (".dpx", {"bit_depth": 14}, 16), (".dpx", {"bit_depth": 10, "grey": True}, 16),
    (".dpx", {"bit_depth": 10, "has_alpha": True}, 16), (".dpx", {}, 8)])
def test_samples_have_the_bits_of_the_input_as_far_as_a_format_has_them(suffix, facts, bits):
    assert sample_bits(suffix, like(**facts)) == bits


def test_samples_are_rounded_and_grey_is_the_mean_of_three_estimates():
    rgb = np.float32([[[0.2, 0.4, 0.6], [-1, 2, 0.5]]])
    alpha = np.float32([[0.25, 1]])
    given = Frame(rgb, alpha=alpha)
    colour = samples_of(given, False, False, 8, ".png").whole()
    assert colour.dtype == np.uint8 and colour.tolist() == [[[51, 102, 153], [0, 255, 128]]]
    deep = samples_of(given, True, True, 16, ".png").whole()
    assert deep.dtype == np.uint16 and deep.tolist() == [[[26214, 16384], [32768, 65535]]]
    assert samples_of(given, True, True, 16, ".dpx").shape == (1, 2, 4), "which has no grey with alpha"
    assert samples_of(given, True, False, 10, ".dpx").whole().tolist() == [[[409], [512]]]
    floats = samples_of(given, False, True, 32, ".exr").whole()
    assert floats.dtype == np.float32 and np.array_equal(floats, np.dstack([rgb, alpha]))
    assert np.array_equal(samples_of(given, False, False, 32, ".tif").whole(), rgb)


def test_frames_have_the_names_of_the_input_or_a_number(tmp_path):
    with open_writer(tmp_path / "folder", like()) as out:
        for k, name in enumerate(("b", None, "a")):
            out.write(frame(k, name=name))
    assert names(tmp_path / "folder") == ["a.png", "b.png", "frame_000001.png"] and names(tmp_path) == ["folder"]
    assert [level(tmp_path / "folder" / f"{name}.png") for name in ("b", "frame_000001", "a")] == [0, 1, 2]
    with open_writer(tmp_path / "more" / "im_%03d.bmp", like()) as out:
        for k in range(2):
            out.write(frame(k, name="own"))
    assert [level(tmp_path / "more" / f"im_00{k}.bmp") for k in range(2)] == [0, 1]
    with pytest.raises(OutputError, match="two frames are called a.png"), open_writer(tmp_path / "two", like()) as out:
        out.write(frame(name="a"))
        out.write(frame(name="a"))


def test_every_image_is_complete_when_it_has_its_name(tmp_path, monkeypatch):
    """Written beside it, and moved; what cannot be written leaves neither."""
    right, seen = image_file.write, []

    def watched(file, samples, *args, **options):
        seen.append([name for name in names(tmp_path / "out") if name[0] != "."])
        if len(seen) == 3:
            file.write(b"half")
            raise OSError(28, "full")
        right(file, samples, *args, **options)

    monkeypatch.setattr(image_file, "write", watched)
    with pytest.raises((OutputError, OSError)), open_writer(tmp_path / "out", like()) as out:
        for k in range(3):
            out.write(frame(k))
    done = ["frame_000000.png", "frame_000001.png"]
    assert seen == [[], done[:1], done] and names(tmp_path / "out") == done and out.partial == tmp_path / "out"


def test_a_stopped_folder_is_continued_after_its_last_image(tmp_path):
    """Those that are not there any more are made again; what a killed process left half written goes."""
    with pytest.raises(KeyboardInterrupt), open_writer(tmp_path / "out", like(), job=Job({"crf": 1})) as out:
        for k in range(4):
            out.write(frame(k, name=f"n{k}"))
        raise KeyboardInterrupt
    assert names(tmp_path) == ["out", "out.part"] and out.partial == tmp_path / "out"
    (tmp_path / "out" / "n2.png").unlink()
    (tmp_path / "out" / ".n3.0a1b.part.png").write_bytes(b"torn")
    for count in (2, 3):
        with pytest.raises(KeyboardInterrupt), open_writer(
                tmp_path / "out", like(), job=Job({"crf": 1}, resume=True), overwrite=False) as out:
            assert out.written == count
            out.write(frame(count, name=f"n{count}"))
            raise KeyboardInterrupt
    with open_writer(tmp_path / "out", like(), job=Job({"crf": 1}, resume=True)) as out:
        assert out.written == 4
    assert names(tmp_path) == ["out"] and names(tmp_path / "out") == [f"n{k}.png" for k in range(4)]
    assert [level(tmp_path / "out" / f"n{k}.png") for k in range(4)] == [0, 1, 2, 3]


def test_nothing_written_leaves_no_folder_that_was_made_for_it(tmp_path):
    with pytest.raises(OutputError, match="no frame was written"), open_writer(tmp_path / "out", like()):
        pass
    assert names(tmp_path) == []
    (tmp_path / "mine").mkdir()
    with pytest.raises(RuntimeError), open_writer(tmp_path / "mine", like()):
        raise RuntimeError
    assert names(tmp_path) == ["mine"]


@pytest.mark.parametrize("name, facts, said", [
    ("out.bmp", {"bit_depth": 16}, [".bmp holds 8 bits; the 16 bits of the input are rounded"]),
    ("out.bmp", {"has_alpha": True}, [".bmp has no alpha channel; transparency is left out"]),
    ("out.png", {"bit_depth": 16, "has_alpha": True}, []), ("out.bmp", {}, [])])
def test_what_a_format_cannot_hold_is_said(tmp_path, name, facts, said):
    assert open_writer(tmp_path / name, like(**facts)).warnings == said


def test_a_pattern_has_one_number_and_the_ending_of_an_image(tmp_path):
    for name, part in (("%s_%d.tif", "no numbering pattern"), ("%04d.txt", "no image pattern.*choose one of .bmp")):
        with pytest.raises(OutputError, match=part):
            ImageWriter(tmp_path / name, like())


def test_one_picture_is_one_frame(tmp_path):
    with pytest.raises(OutputError, match="one image but the clip has 3 frames.*use a folder such as one/"):
        open_writer(tmp_path / "one.png", like(frames=3))
    with open_writer(tmp_path / "one.png", like(frames=1)) as out:
        out.write(frame(7))
    assert level(tmp_path / "one.png") == 7
    with pytest.raises(OutputError, match="more frames"), open_writer(tmp_path / "one.png", like()) as out:
        out.write(frame(8))
        out.write(frame(9))
    assert out.partial == tmp_path / "one.png" and level(tmp_path / "one.png") == 8


def test_places_that_cannot_be_are_refused_before_the_first_frame(tmp_path):
    (tmp_path / "file").write_bytes(b"1")
    for place, part in ((tmp_path / "file", "is a file; expected a folder"),
                        (tmp_path / "no" / "folder", "does not exist; expected an existing one")):
        with pytest.raises(OutputError, match=part):
            ImageWriter(place, like(), folder=True)


def test_an_image_of_the_input_is_not_written_over(tmp_path):
    """A single picture of another folder whose name a frame has."""
    (tmp_path / "out").mkdir()
    source = tmp_path / "out" / "a.png"
    Image.new("RGB", (W, H)).save(source)
    before = source.read_bytes()
    with pytest.raises(OutputError, match="is the input itself"), \
            open_writer(tmp_path / "out", like(source=str(source), kind="image")) as out:
        out.write(frame(name="a"))
    assert source.read_bytes() == before


def test_light_beyond_goes_into_openexr_alone(tmp_path):
    beyond = np.full((H, W, 3), 0.5, np.float32)
    for name, kept in (("out.exr", True), ("out.png", False)):
        with open_writer(tmp_path / name, like(bit_depth=32, kind="image", codec="exr")) as out:
            out.write(frame(255, beyond=beyond))
        found = image_file.read(tmp_path / name).beyond
        assert (found is not None and np.allclose(found, 0.5)) == kept == (out.warnings == [])


def test_what_an_image_takes_while_it_is_written_is_known_and_nothing_stays_between(tmp_path):
    held = {name: open_writer(tmp_path / name, like(**facts)) for name, facts in (
        ("a.png", {}), ("b.png", {"bit_depth": 16}), ("c.exr", {}), ("d.exr", {"has_alpha": True}))}
    least, *_ = sizes = [writer.held_frames for writer in held.values()]
    assert sizes == sorted(sizes) and len(set(sizes)) == 4 and least == 0.5
    assert {writer.held_between for writer in held.values()} == {0}


def test_grey_is_written_as_the_mean_of_the_channels(tmp_path):
    rgb = np.full((5, 3, 3), 0.5, np.float32) + np.array([-0.1, 0, 0.4], np.float32)   # mean 0.6
    with open_writer(tmp_path / "out.png", ClipInfo(3, 5, grey=True)) as out:
        out.write(Frame(rgb))
    pixels = image_file.decode(tmp_path / "out.png")
    assert pixels.shape == (5, 3, 1) and (pixels == 153).all()


def test_jpeg_and_what_it_cannot_hold(tmp_path):
    flat = np.full((16, 24, 4), 119, np.uint8)
    saved(tmp_path / "in.png", flat)
    _, out = media_clips.copy(tmp_path / "in.png", tmp_path / "out.jpg")
    assert out.warnings == [".jpg has no alpha channel; transparency is left out"]
    assert np.array_equal(image_file.decode(tmp_path / "out.jpg"), flat[..., :3])   # flat grey has no coding error
    saved(tmp_path / "deep.png", flat.astype(np.uint16) * 257)
    _, out = media_clips.copy(tmp_path / "deep.png", tmp_path / "out.jpg")
    assert any("rounded" in line for line in out.warnings)


def test_folders_are_not_cluttered(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds letter.txt; expected a new folder"):
        open_writer(folder, like())
    (folder / "letter.txt").unlink()
    for count in (3, 2):
        with open_writer(folder, like()) as out:
            for k in range(count):
                out.write(frame(k))
    assert len(names(folder)) == 3
    assert out.warnings == [f"1 older image remains in {folder}, for example frame_000002.png"]
    with pytest.raises(OutputError, match="frame_000000.png; with --no-overwrite expected a new or an empty folder"):
        open_writer(folder, like(), overwrite=False)
    with open_reader(folder) as clip, pytest.raises(OutputError, match="is the input itself"):
        open_writer(folder, clip.info)

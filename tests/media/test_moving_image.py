"""Moving pictures: WebP, APNG, GIF; in and out, with times, depth and alpha."""
from fractions import Fraction

import media_clips
import numpy as np
import pytest
from pictures import RGB, frames, shown
from PIL import Image

from refvr.media import ClipInfo, Frame, open_writer
from refvr.media.image_tags import ImageTags
from refvr.media.part_folder import Job


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


@pytest.mark.parametrize("bits, said", [(8, False), (10, True)])
def test_more_than_eight_bits_are_told_where_eight_are_held(tmp_path, bits, said):
    with open_writer(tmp_path / "out.webp", ClipInfo(16, 12, bit_depth=bits)) as out:
        out.write(Frame(np.zeros((12, 16, 3), np.float32)))
    assert ("8 bits; the 10 bits" in "".join(out.warnings)) == said


def test_frames_of_one_time_are_moved_by_the_least_step(tmp_path):
    like = ClipInfo(16, 12, fps=Fraction(25), time_base=Fraction(1, 1000))
    with open_writer(tmp_path / "out.webp", like) as out:
        for k, pts in enumerate((5, 5, 3, 40)):
            out.write(Frame(np.full((12, 16, 3), k / 4, np.float32), pts, Fraction(1, 1000), duration=10))
    assert len(out.warnings) == 1 and "moved by the least step" in out.warnings[0]
    _, got, _ = frames(tmp_path / "out.webp")
    assert [frame.pts - got[0].pts for frame in got] == [0, 1, 2, 35]

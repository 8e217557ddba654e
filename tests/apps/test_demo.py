"""What the demonstration is made of: its noise, its picture, and the lines that say how far it is."""
import numpy as np
import pytest
from media_clips import noise, write

from refvr.apps.comparison import CAPTION, GAP, busiest, caption, side_by_side
from refvr.apps.demo import read_back
from refvr.cli import progress as progress_module
from refvr.cli.main import main
from refvr.cli.progress import Progress
from refvr.degrade.noise import gaussian
from refvr.errors import OutputError


def test_noise_of_a_stream_is_the_noise_of_the_clip():
    clip = np.full((4, 5, 7, 3), 0.25, np.float32)
    drawn = np.random.default_rng([25, 20]).standard_normal(clip.shape).astype(np.float32)
    noisy = list(gaussian(clip, 25, [25, 20]))
    assert np.array_equal(noisy, clip + drawn * np.float32(25 / 255))
    assert np.array_equal(noisy[:2], list(gaussian(clip[:2], 25, [25, 20])))
    assert min(frame.min() for frame in noisy) < 0, "not clipped"


def test_the_busiest_part_is_found():
    picture = np.zeros((40, 60, 3), np.float32)
    picture[21:30, 33:48] = np.random.default_rng(1).random((9, 15, 3))
    assert busiest(picture, 10, 16) == (20, 32)  # the contrast of an edge counts for the pixel before it
    assert busiest(np.zeros((7, 5, 3)), 7, 5) == (0, 0)


def test_the_demo_says_when_a_video_does_not_hold_what_was_written(tmp_path):
    path = write(tmp_path / "clip.mkv", noise(3, 16, 24), options={"qp": "0"})
    frames = [frame / np.float32(255) for frame in noise(3, 16, 24)]
    read_back(path, frames)
    for other in (frames[:2], [*frames, frames[0]], [0 * frame for frame in frames]):
        with pytest.raises(OutputError, match="clip.mkv does not hold the . frames"):
            read_back(path, other)


def test_side_by_side_shows_picture_and_detail():
    rng = np.random.default_rng(2)
    first, second = (rng.random((24, 36, 3)).astype(np.float32) for _ in range(2))
    sheet = side_by_side([("noisy", first), ("clean", second)], zoom=4)
    assert sheet.shape == (CAPTION + 24 + GAP + 24 + GAP, GAP + 2 * (36 + GAP), 3)
    top, left = busiest(second, 6, 9)
    for column, picture in enumerate((first, second)):
        x = GAP + column * (36 + GAP)
        detail = sheet[CAPTION + 24 + GAP:-GAP, x:x + 36]
        assert np.array_equal(detail[::4, ::4], picture[top:top + 6, left:left + 9])
        shown = sheet[CAPTION:CAPTION + 24, x:x + 36]
        outside = np.ones((24, 36), bool)
        outside[top:top + 6, left:left + 9] = False
        assert np.array_equal(shown[outside], picture[outside])


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (5, 2)])
def test_side_by_side_of_tiny_pictures(size):
    assert np.isfinite(side_by_side([("a long caption", np.zeros((*size, 3), np.float32))])).all()


def test_captions_are_ink_on_paper():
    strip, blank = caption("noisy, sigma 25: 20.38 dB", 200), caption("", 200)
    assert strip.shape == blank.shape == (CAPTION, 200, 3)
    assert blank.std(axis=(0, 1)).max() < 1e-6
    assert strip.min() < 0.3 < 0.9 < strip.max()
    assert np.array_equal(strip[:, -1], blank[:, -1]), "the text ends before the strip does"


def test_lines_of_progress(capsys, monkeypatch):
    now = 100.0
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now)
    with Progress("restoring") as progress:
        now += 30  # the first frame: kernels were compiled, which says nothing about the rate
        progress(1, 20)
        for done in range(2, 15):
            now += 3
            progress(done, 20)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "restoring: 1 of 20 frames"
    assert lines[1] == "restoring: 5 of 20 frames, 0.33 frames/s, 0:45 left"
    assert len(lines) == 4


def test_quick_jobs_are_silent(capsys):
    with Progress("restoring") as progress:
        for done in range(100):
            progress(done, 100)
    assert capsys.readouterr().err == ""


def test_a_clip_that_ends_early_is_used_and_named(tmp_path, capsys):
    path = write(tmp_path / "in.mp4", noise(12, 32, 48), "libx264", "yuv420p",
                 container_options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:path.stat().st_size * 2 // 3])
    assert main(["demo", "--input", str(path), "--frames", "12", "--out", str(tmp_path / "out")]) == 3
    out, err = capsys.readouterr()
    assert "frames were used" in err and (tmp_path / "out" / "comparison.png").exists()

"""What has to work on every machine: a small part of everything, with what `pip install .` brings and pytest alone.

`python tools/smoke.py` runs it with the lowest and the newest dependencies on every Python that is here.
"""
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import refvr
from refvr import zoo
from refvr.cli.main import main
from refvr.pipeline.drivers import restore_frames
from refvr.zoo import folder

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
pytestmark = pytest.mark.smoke


def test_it_is_the_installed_copy_that_is_tried():
    """Where tools/smoke.py says so; otherwise this is the checkout."""
    if os.environ.get("REFVR_SMOKE"):
        assert not Path(refvr.__file__).is_relative_to(ROOT)
    assert any(path.suffix == ".h5" for path in folder.WEIGHTS.iterdir())


def test_the_command_is_there():
    shown = subprocess.run([sys.executable, "-c", "from refvr.cli.main import main; main()", "--version"],
                           capture_output=True, text=True, check=True)
    assert shown.stdout == f"refvr {refvr.__version__}\n"


def video(path, t=5, h=36, w=48):
    """Frames at uneven times, with a tone."""
    times = [0, 40, 100, 120, 200][:t]
    with av.open(str(path), "w") as out:
        picture, sound = out.add_stream("libx264", rate=25), out.add_stream("aac", rate=48000)
        picture.width, picture.height, picture.pix_fmt = w, h, "yuv420p"
        picture.codec_context.time_base = Fraction(1, 1000)
        rng = np.random.default_rng(0)
        for at in times:
            frame = av.VideoFrame.from_ndarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8), "rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        for start in range(0, 9600, 1024):
            tone = np.sin(np.arange(start, start + 1024) / 20).astype(np.float32)
            chunk = av.AudioFrame.from_ndarray(np.stack([tone, tone]), "fltp", "stereo")
            chunk.sample_rate, chunk.pts, chunk.time_base = 48000, start, Fraction(1, 48000)
            out.mux(sound.encode(chunk))
        out.mux(sound.encode(None))
    return times


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_video_is_restored_with_its_times_and_sound(tmp_path, suffix):
    times = video(tmp_path / f"in{suffix}")
    assert main(["restore", str(tmp_path / f"in{suffix}"), str(tmp_path / f"out{suffix}")]) == 0
    with av.open(str(tmp_path / f"out{suffix}")) as clip:
        assert len(clip.streams.audio) == 1
        frames = list(clip.decode(video=0))
    assert [round(1000 * frame.time) for frame in frames] == times
    assert (frames[0].width, frames[0].height) == (48, 36)


def test_the_demo_reads_back_what_it_wrote(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path), "--frames", "3", "--size", "64x48"]) == 0
    assert "dB" in capsys.readouterr().out
    for name in ("degraded", "restored", "clean"):
        with av.open(str(tmp_path / f"{name}.mp4")) as clip:
            assert len(list(clip.decode(video=0))) == 3


def test_a_network_answers():
    frames = np.random.default_rng(1).random((3, 16, 24, 3), np.float32)
    large = np.stack(list(restore_frames(frames, zoo.load("edvr-s-x4"))))
    assert large.shape == (3, 64, 96, 3) and np.isfinite(large).all()
    small = large.reshape(3, 16, 4, 24, 4, 3).mean((2, 4))
    assert np.abs(small - frames).mean() < 0.1   # it is the same picture


def test_images_and_arrays_go_in_and_out(tmp_path):
    frames = np.random.default_rng(2).random((2, 16, 24, 3), np.float32)
    np.save(tmp_path / "in.npy", frames)
    assert main(["restore", str(tmp_path / "in.npy"), str(tmp_path / "out")]) == 0
    assert main(["restore", str(tmp_path / "out"), str(tmp_path / "tiff" / "%04d.tif")]) == 0
    assert main(["restore", str(tmp_path / "tiff"), str(tmp_path / "out.h5")]) == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == 2 and (tmp_path / "out.h5").is_file()


@pytest.mark.parametrize("kind", ["noise-25", "bicubic-x4", "blur"])
def test_a_clip_is_degraded(tmp_path, kind):
    np.save(tmp_path / "in.npy", np.random.default_rng(3).random((7, 32, 32, 3), np.float32))
    assert main(["degrade", str(tmp_path / "in.npy"), "-o", str(tmp_path / "pair"), "--as", kind]) == 0


@pytest.mark.parametrize("case", ["op_conv2d_k3s1", "op_warp_a", "op_imresize_matlab_a", "remonet_gauss_a"])
def test_the_originals_answers_are_met(case):
    assert main(["verify", str(GOLDEN / f"{case}.h5")]) == 0


@pytest.mark.parametrize("verb", [["models"], ["info"], ["--help"], ["inspect", str(folder.WEIGHTS / "remonet-s.h5")]])
def test_what_is_here_is_shown(verb, capsys):
    assert main(verb) == 0
    assert capsys.readouterr().out


def test_rooms_are_attributes_once_they_are_asked_for():
    """As for who checks types: `refvr.nn.Module` after `import refvr` alone."""
    code = "import refvr, sys; assert 'refvr.nn' not in sys.modules; refvr.nn.Module"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        refvr.nothing  # noqa: B018

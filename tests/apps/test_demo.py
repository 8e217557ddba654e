"""What the demonstration is made of: its noise, its picture, and the lines that say how far it is."""
import numpy as np
import pytest
from media_clips import noise, write

from refvr.apps.demo import read_back
from refvr.cli.main import main
from refvr.errors import OutputError


def test_the_demo_says_when_a_video_does_not_hold_what_was_written(tmp_path):
    path = write(tmp_path / "clip.mkv", noise(3, 16, 24), options={"qp": "0"})
    frames = [frame / np.float32(255) for frame in noise(3, 16, 24)]
    read_back(path, frames)
    for other in (frames[:2], [*frames, frames[0]], [0 * frame for frame in frames]):
        with pytest.raises(OutputError, match="clip.mkv does not hold the . frames"):
            read_back(path, other)


def test_a_clip_that_ends_early_is_used_and_named(tmp_path, capsys):
    path = write(tmp_path / "in.mp4", noise(12, 32, 48), "libx264", "yuv420p",
                 container_options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:path.stat().st_size * 2 // 3])
    assert main(["demo", "--input", str(path), "--frames", "12", "--out", str(tmp_path / "out")]) == 3
    out, err = capsys.readouterr()
    assert "frames were used" in err and (tmp_path / "out" / "comparison.png").exists()

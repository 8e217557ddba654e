"""Clips for training: found, mapped, refused."""
import numpy as np
import pytest
from coordinate_clips import coordinates

from refvr.errors import InputError
from refvr.train.clips import load_clips


def test_clips_are_found_in_files_and_folders(tmp_path):
    import imageio.v3 as imageio

    clip = coordinates()
    (tmp_path / "pictures").mkdir()
    for k, frame in enumerate(clip.frames):
        imageio.imwrite(tmp_path / "pictures" / f"{k:03d}.png", frame)
    np.save(tmp_path / "array.npy", clip.frames)
    (tmp_path / "notes.txt").write_text("no clip")
    found = load_clips(tmp_path, frames=5, side=17)
    assert [c.name for c in found] == ["array.npy", "pictures"]
    for c in found:
        np.testing.assert_array_equal(c.frames, clip.frames)
    assert found[0].facts()[1:] == found[1].facts()[1:]
    assert load_clips(tmp_path / "array.npy")[0].name == "array.npy"


def test_clips_beyond_the_memory_limit_are_mapped(tmp_path):
    np.save(tmp_path / "a.npy", coordinates().frames)
    mapped = load_clips(tmp_path, memory_gib=3000 / 2 ** 30)[0]              # two and a half frames fit
    assert isinstance(mapped.frames, np.memmap)
    np.testing.assert_array_equal(mapped.frames, coordinates().frames)


def test_unusable_data(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        load_clips(tmp_path / "missing")
    with pytest.raises(InputError, match="no clips in"):
        load_clips(tmp_path)
    np.save(tmp_path / "short.npy", coordinates(t=4).frames)
    np.save(tmp_path / "good.npy", coordinates().frames)
    (tmp_path / "broken.mp4").write_bytes(b"")
    lines = []
    assert [c.name for c in load_clips(tmp_path, frames=5, side=17, warn=lines.append)] == ["good.npy"]
    assert any("short.npy: 4 frames" in line for line in lines) and any("broken.mp4" in line for line in lines)
    with pytest.raises(InputError, match="at least 5 frames of 19x19"):
        load_clips(tmp_path, frames=5, side=19)

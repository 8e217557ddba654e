"""Frames that an encoder still holds: kept whole, given back as they were, and known when they are damaged."""
import av
import numpy as np
import pytest

from refvr.errors import OutputError
from refvr.media import pixels
from refvr.media.clip import Colour
from refvr.media.part_folder import Job, PartFolder
from refvr.media.tail import Tail


def picture(seed, pts):
    rgb = np.random.default_rng(seed).random((10, 14, 3), np.float32)
    made = pixels.from_rgb(rgb, None, "yuv420p", Colour())
    made.pts, made.duration = pts, 2
    return made


def test_frames_come_back_as_they_were_and_damaged_ones_are_told(tmp_path):
    folder = PartFolder(tmp_path / "out.mkv", job=Job())
    tail = Tail(folder)
    for number in (3, 4):
        tail.add(number, picture(number, 10 * number))
    back = av.VideoFrame(14, 10, "yuv420p")
    tail.fill(4, back)
    assert (back.pts, back.duration) == (40, 2)
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(pixels.planes(back, 8),
                                                                    pixels.planes(picture(4, 40), 8)))
    kept = folder.file("tail-000000004")
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(OutputError, match="damaged; expected frame 4"):
        tail.fill(4, back)
    assert tail.cut(3) == 1 and not kept.exists()
    folder.close()


def test_a_frame_without_a_time_is_refused(tmp_path):
    folder = PartFolder(tmp_path / "out.mkv", job=Job())
    with pytest.raises(ValueError, match="no time"):
        Tail(folder).add(0, picture(0, None))
    assert not folder.names("tail-", "")
    folder.close()


def test_frames_that_are_safe_elsewhere_go_and_others_count_as_far_as_they_follow_one_another(tmp_path):
    folder = PartFolder(tmp_path / "out.mkv", job=Job())
    tail = Tail(folder)
    for number in (1, 2, 3, 5):
        tail.add(number, picture(number, number))
    tail.forget(2)
    assert [path.name[-1] for path in folder.names("tail-", "")] == ["2", "3", "5"]
    assert Tail(folder).cut(2) == 2 and len(folder.names("tail-", "")) == 2
    folder.close()

"""Times of frames outlive the process that wrote them, as far as they are whole."""
import pytest

from refvr.media.frame_times import FrameTimes
from refvr.media.part_folder import PartFolder


@pytest.fixture
def folder(tmp_path):
    folder = PartFolder(tmp_path / "out.mkv")
    yield folder
    folder.close()


def written(folder, *times):
    kept = FrameTimes(folder)
    kept.cut(len(kept.times))   # as VideoParts does: it says how many frames count
    for time in times:
        kept.append(time)
    kept.sync()
    kept.close()
    return folder.file("times")


def test_they_come_back_and_go_on(folder):
    written(folder, -5, 0, 1 << 40)
    written(folder, 7)
    kept = FrameTimes(folder)
    assert kept.times == [-5, 0, 1 << 40, 7]
    kept.cut(2)
    kept.append(9)
    kept.close()
    assert FrameTimes(folder).times == kept.times == [-5, 0, 9]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-12] + b"\1" + data[-11:]])
def test_what_is_not_whole_ends_them(folder, damage):
    path = written(folder, 1, 2, 3)
    path.write_bytes(damage(path.read_bytes()))
    assert FrameTimes(folder).times == [1, 2]

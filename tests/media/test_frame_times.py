"""Times of frames outlive the process that wrote them, as far as they are whole."""
import pytest

from refvr.media.frame_times import FrameTimes, stored_times
from refvr.media.part_folder import PartFolder


@pytest.fixture
def folder(tmp_path):
    folder = PartFolder(tmp_path / "out.mkv")
    yield folder
    folder.close()


def written(folder, *times, count=99):
    kept = FrameTimes(folder, count)
    for time in times:
        kept.append(time)
    kept.sync()
    kept.close()
    return folder.file("times")


def test_they_come_back_and_go_on(folder):
    assert stored_times(folder) == []
    written(folder, -5, 0, 1 << 40)
    written(folder, 7)
    assert stored_times(folder) == [-5, 0, 1 << 40, 7]
    written(folder, 9, count=2)
    assert stored_times(folder) == [-5, 0, 9]


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-12] + b"\1" + data[-11:]])
def test_what_is_not_whole_ends_them(folder, damage):
    path = written(folder, 1, 2, 3)
    path.write_bytes(damage(path.read_bytes()))
    assert stored_times(folder) == [1, 2]
    written(folder, 4)     # what follows stands where the damage was, and is read again
    assert stored_times(folder) == [1, 2, 4]

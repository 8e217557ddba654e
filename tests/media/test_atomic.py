"""Files that appear under their final name only when they are complete."""
import errno

import pytest

from refvr.errors import OutputError
from refvr.media import atomic


def test_nothing_of_a_block_that_fails(tmp_path):
    path = tmp_path / "a.bin"
    with pytest.raises(ZeroDivisionError), atomic.written(path) as part:
        part.write(b"half")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with atomic.written(path) as part:
        part.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole" and list(tmp_path.iterdir()) == [path]


def test_names_of_unfinished_work(tmp_path):
    assert atomic.sibling(tmp_path / "clip.mp4", "x").name == "clip.x.mp4"
    assert atomic.partial_name(tmp_path / "clip.mp4").name == "clip.partial.mp4"
    (tmp_path / "clip.partial.mp4").touch()
    assert atomic.partial_name(tmp_path / "clip.mp4").name == "clip.partial2.mp4"
    long = atomic.fitting("a" * 400, ".mp4")
    assert len(long.encode()) <= atomic.LONGEST_NAME and long.endswith(".mp4")
    assert long != atomic.fitting("a" * 401, ".mp4")


def test_targets_that_are_in_the_way(tmp_path):
    (tmp_path / "a.mp4").touch()
    for path, source in ((tmp_path / "a.mp4", None), (tmp_path, None), (tmp_path / "none" / "b.mp4", None)):
        with pytest.raises(OutputError):
            atomic.check_target(path, source, overwrite=False)
    with pytest.raises(OutputError):
        atomic.check_target(tmp_path / "a.mp4", str(tmp_path / "a.mp4"), overwrite=True)
    atomic.check_target(tmp_path / "a.mp4", None, overwrite=True)
    assert atomic.same_file(tmp_path / "a.mp4", tmp_path / "." / "a.mp4")


def test_a_folder_that_takes_no_files(tmp_path):
    """/proc says that there is no such file, though the folder is there."""
    missing = FileNotFoundError(errno.ENOENT, "No such file or directory")
    there, not_there = (str(atomic.unwritable(folder / "x.mp4", missing)) for folder in (tmp_path, tmp_path / "none"))
    assert "its folder takes no files" in there and "create" not in there
    assert "create the folder first" in not_there


def test_what_exists_is_refused_with_the_option_that_does_it(tmp_path):
    (tmp_path / "x.mp4").touch()
    with pytest.raises(OutputError, match="exists; .* leave --no-overwrite out"):
        atomic.check_target(tmp_path / "x.mp4", None, overwrite=False)

"""A data file that only grows, and its log: what of it is good after a crash."""
from refvr.media.append_file import AppendFile, discard, log_of, read_log, read_whole


def written(path, *parts, seal=True):
    file = AppendFile(path, path.with_suffix(".done"))
    for k, part in enumerate(parts):
        file.write(part)
        file.mark(pts=k, dts=k)
    if seal:
        file.seal()
    file.close()


def test_entries_say_where_their_data_end(tmp_path):
    path = tmp_path / "data"
    written(path, b"abc", b"de")
    assert path.read_bytes() == b"abcde"
    assert [(entry.pts, entry.end) for entry in read_log(path)] == [(0, 3), (1, 5)] and len(read_whole(path)) == 2


def test_lost_and_damaged_data_end_the_log(tmp_path):
    path = tmp_path / "data"
    written(path, b"abc", b"de")
    path.write_bytes(b"abcd")
    assert len(read_log(path)) == 1 and read_whole(path) is None
    path.write_bytes(b"xbcde")
    assert read_log(path) == []


def test_work_goes_on_after_the_last_whole_entry(tmp_path):
    path = tmp_path / "data"
    written(path, b"abc", seal=False)
    with open(path, "ab") as file:
        file.write(b"half an en")
    again = AppendFile.resumed(path, tmp_path / "final", b"")
    again.write(b"de")
    again.mark(pts=1)
    again.commit()
    assert (tmp_path / "final").read_bytes() == b"abcde"


def test_nothing_is_left_of_what_is_discarded(tmp_path):
    written(tmp_path / "data", b"abc")
    assert log_of(tmp_path / "data").is_file()
    discard(tmp_path / "data")
    assert list(tmp_path.iterdir()) == []

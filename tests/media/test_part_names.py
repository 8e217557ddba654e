"""The folder beside an output: its name, and whose it is."""
import pytest

from refvr.errors import OutputError
from refvr.media.part_names import LOCK, RECORD, folder_of, in_use, name_for


def test_the_second_name_is_taken_where_something_else_has_the_first(tmp_path):
    final = tmp_path / "clean.mp4"
    assert folder_of(final) == name_for(final, None) == tmp_path / "clean.mp4.part"
    (tmp_path / "clean.mp4.part").write_text("a download")
    assert folder_of(final).name == "clean.mp4.part" and name_for(final, None).name == "clean.mp4.refvr-part"
    (tmp_path / "clean.mp4.refvr-part").mkdir()
    (tmp_path / "clean.mp4.refvr-part" / RECORD).write_text("{}")
    assert folder_of(final) == name_for(final, None) == tmp_path / "clean.mp4.refvr-part"


def test_what_is_in_the_way_is_named(tmp_path):
    for tag in (".part", ".refvr-part"):
        (tmp_path / f"clean.mp4{tag}").write_text("mine")
    with pytest.raises(OutputError, match="is in the way"):
        name_for(tmp_path / "clean.mp4", None)


def test_nobody_works_in_a_folder_without_a_lock(tmp_path):
    assert not in_use(tmp_path)
    (tmp_path / LOCK).write_text("")
    assert not in_use(tmp_path)

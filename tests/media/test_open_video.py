"""A stranger's video can open nothing else."""
import pytest

from refvr.media.open_video import DEVICES, LISTS, PROGRAMS, formats, listed


def test_formats_that_open_other_things_are_not_read():
    known = set(formats().split(","))
    assert {"matroska", "mov", "mp4"} <= known and not known & (LISTS | PROGRAMS | DEVICES)


@pytest.mark.parametrize("head, what", [(b"#EXTM3U\n", "playlist"), (b"ffconcat version 1.0\n", "list of files"),
                                        (b"\x1aE\xdf\xa3", "")])
def test_lists_are_known_by_their_beginnings(head, what):
    assert what in listed(head) and bool(listed(head)) == bool(what)

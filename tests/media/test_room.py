"""Room on the disk and limits of files and encoders are looked at before the first frame is computed."""
import resource
from collections import namedtuple

import numpy as np
import pytest

from refvr.errors import OutputError
from refvr.media import ClipInfo, open_writer, room

Usage = namedtuple("Usage", "total used free")


def free(monkeypatch, count):
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: Usage(10 * count, 9 * count, count))


@pytest.mark.parametrize("name, refused", [("out.npy", 12_000_000), ("out.h5", 24_000_000), ("out.y4m", 1_500_000)])
def test_what_cannot_fit_is_refused(tmp_path, monkeypatch, name, refused):
    """A hundred frames of 100 x 100 whose size is known to the byte."""
    for count, fits in ((refused - 1, False), (refused + 1, True)):
        free(monkeypatch, count)
        with open_writer(tmp_path / name, ClipInfo(100, 100)) as out:
            if fits:
                out.expect(100)
            else:
                with pytest.raises(OutputError, match="MB free, and the output needs .* at least"):
                    out.expect(100)
            raise_nothing(out)


def raise_nothing(out):
    """One frame, so that the writer can end."""
    from refvr.media import Frame
    out.write(Frame(np.zeros((100, 100, 3), np.float32)))


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "folder"])
def test_what_may_not_fit_gets_a_line(tmp_path, monkeypatch, name):
    for count, lines in ((20_000, 1), (100_000_000, 0)):
        free(monkeypatch, count)
        with open_writer(tmp_path / name, ClipInfo(100, 100)) as out:
            out.expect(100)
            assert len([line for line in out.warnings if "may need" in line and "--resume" in line]) == lines
            raise_nothing(out)


def test_the_limit_of_a_file(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_writer(tmp_path / "out.npy", ClipInfo(100, 100)) as out:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
            with pytest.raises(OutputError, match="files may have 1 MB here, and the output needs 12 MB.*ulimit"):
                out.expect(100)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        raise_nothing(out)


def test_pictures_too_large_for_the_encoder(tmp_path):
    with pytest.raises(OutputError, match="libx264 cannot encode 16400x16; expected at most 16384 pixels"):
        open_writer(tmp_path / "out.mp4", ClipInfo(16400, 16))
    assert list(tmp_path.iterdir()) == []

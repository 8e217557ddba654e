"""A library that writes to a disk that is full, or into an output that was given up, is not told."""
from refvr.media.atomic import PartFile
from refvr.media.quiet import Quiet


def test_failures_look_like_success_and_are_remembered(tmp_path, monkeypatch):
    part = PartFile(tmp_path / "out.bin")
    quiet = Quiet(part)
    assert quiet.write(b"abc") == 3 and quiet.tell() == 3 and quiet.seek(0) == 0 and quiet.read() == b"abc"
    error = OSError(28, "No space left on device")

    class Full:
        closed = False

        def write(self, data):
            raise error

    file = part.file
    monkeypatch.setattr(part, "file", Full())
    assert quiet.write(b"more") == 4 and part.error is error
    monkeypatch.setattr(part, "file", file)
    part.close()
    assert quiet.write(b"more") == 4 and quiet.tell() == 0 and quiet.read() == b"" and quiet.truncate(7) == 7

"""What every reader and every writer keeps to, whatever the format."""
from fractions import Fraction

import numpy as np
import pytest

from refvr.errors import InputError, OutputError, ShapeError
from refvr.media.clip import ClipInfo, Frame, Reader
from refvr.media.writer import Writer


class Made(Reader):
    """Four frames; which of them had to be made."""

    def __init__(self):
        super().__init__()
        self.info, self.made, self.closed = ClipInfo(2, 1), [], False

    def _frames(self):
        for k in range(4):
            if not self._passed():
                self.made.append(k)
            yield Frame(np.full((1, 2, 3), k, np.float32))

    def close(self):
        self.closed = True


class Kept(Writer):
    """Frames in a list; finish and abandon are noted."""

    def __init__(self, path, fails=False, keeps=True):
        super().__init__(path, 1, 2)
        self.frames, self.ended, self._fails, self._keeps = [], [], fails, keeps

    def _write(self, frame):
        self.frames.append(frame)

    def _finish(self):
        self.ended.append("finish")
        if self._fails:
            raise OutputError("no room")

    def _abandon(self):
        self.ended.append("abandon")
        return self.path if self._keeps else None


def frame(**more):
    return Frame(**{"rgb": np.zeros((1, 2, 3), np.float32)} | more)


def test_frames_that_are_passed_over_are_counted_and_not_made():
    with Made() as reader:
        reader.skip = 2
        assert [int(frame.rgb.max()) for frame in reader] == [2, 3] == reader.made
        assert reader.decoded == 4 and not reader.closed
        with pytest.raises(InputError, match="read already"):
            next(iter(reader))
    assert reader.closed


@pytest.mark.parametrize("info, frames", [
    ({"frames": 7, "duration_s": 1.0, "fps": Fraction(25)}, 7), ({"duration_s": 2.0, "fps": Fraction(25)}, 50),
    ({"duration_s": 0.001, "fps": Fraction(25)}, 1), ({"duration_s": 2.0}, None), ({"fps": Fraction(25)}, None)])
def test_the_number_of_frames_is_estimated_where_nobody_counts(info, frames):
    assert ClipInfo(2, 1, **info).frames_hint == frames


@pytest.mark.parametrize("wrong, error", [
    ({"rgb": np.zeros((2, 1, 3))}, ShapeError), ({"alpha": np.zeros((2, 1))}, ShapeError),
    ({"rgb": np.full((1, 2, 3), np.nan)}, OutputError), ({"rgb": np.full((1, 2, 3), -np.inf)}, OutputError)])
def test_a_frame_that_does_not_fit_is_not_written(wrong, error, tmp_path):
    with Kept(tmp_path / "x") as writer:
        with pytest.raises(error, match="frame 0 (for|of)|alpha of frame 0"):
            writer.write(frame(**wrong))
        assert writer.written == 0 and not writer.frames


def test_leaving_completes_once_and_an_error_keeps_what_there_is(tmp_path):
    with Kept(tmp_path / "x") as whole:
        whole.write(frame())
        whole.close()
    assert whole.ended == ["finish"] and whole.partial is None
    with pytest.raises(KeyboardInterrupt), Kept(tmp_path / "x") as broken:
        broken.write(frame())
        raise KeyboardInterrupt
    assert broken.ended == ["abandon"] and broken.partial == tmp_path / "x" and broken.playable == 1
    with pytest.raises(OutputError), Kept(tmp_path / "x", fails=True, keeps=False) as full:
        full.write(frame())
    assert full.ended == ["finish", "abandon"] and full.partial is None and full.playable == 0


def test_light_that_a_format_cuts_off_is_told_once(tmp_path):
    with Kept(tmp_path / "x.png") as writer:
        for _ in range(2):
            writer.write(frame(beyond=np.zeros((1, 2, 3), np.float32)))
    assert len(writer.warnings) == 1 and ".exr keeps it" in writer.warnings[0]


def test_frames_reach_the_disk_every_few_seconds(tmp_path, monkeypatch):
    now, synced = [100.0], []
    monkeypatch.setattr("refvr.media.writer.time.monotonic", lambda: now[0])
    with Kept(tmp_path / "x") as writer:
        monkeypatch.setattr(writer, "_sync", lambda: synced.append(now[0]))
        for now[0] in (101.0, 106.0, 107.0, 112.0):
            writer.write(frame())
    assert synced == [106.0, 112.0]

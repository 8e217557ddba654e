"""What every writer keeps to, whatever the format: what fits is written, and it is complete or told as partial."""
import signal
from types import SimpleNamespace

import numpy as np
import pytest

from refvr.errors import OutputError, ShapeError
from refvr.media.clip import Frame
from refvr.media.room import Need
from refvr.media.writer import Writer


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


def test_what_lost_power_may_cost_is_a_few_seconds(tmp_path, monkeypatch):
    """A sync that the caller asked for counts as well."""
    now, synced = [100.0], []
    monkeypatch.setattr("refvr.media.writer.time.monotonic", lambda: now[0])
    with Kept(tmp_path / "x") as writer:
        monkeypatch.setattr(writer, "_sync", lambda: synced.append(now[0]))
        for now[0], asked in ((104.0, True), (108.0, False), (109.5, False)):
            if asked:
                writer.sync()
            writer.write(frame())
    assert synced == [104.0, 109.5]


def test_alpha_of_the_right_size_and_light_that_is_kept_are_no_matter(tmp_path):
    with Kept(tmp_path / "x.exr") as writer:
        writer.keeps_beyond = True
        writer.write(frame(alpha=np.ones((1, 2)), beyond=np.zeros((1, 2, 3), np.float32)))
    assert len(writer.frames) == 1 and writer.warnings == []


def test_the_number_of_values_that_are_none_is_told(tmp_path):
    with Kept(tmp_path / "x") as writer, pytest.raises(OutputError, match="frame 0 for x has 2 values that are NaN"):
        writer.write(Frame(np.array([[[0, np.nan, 0], [0, 0, np.inf]]], np.float32)))


def test_after_the_end_nothing_is_taken(tmp_path):
    with Kept(tmp_path / "x") as writer:
        writer.write(frame())
    with pytest.raises(OutputError, match="got a frame after x was closed"):
        writer.write(frame())
    writer.close()
    assert writer.ended == ["finish"] and writer.written == 1
    with pytest.raises(RuntimeError), writer:
        raise RuntimeError
    assert writer.ended == ["finish"], "a complete output is not abandoned"


def test_ctrl_c_waits_until_the_frame_is_written(tmp_path, monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    writer = Kept(tmp_path / "x")
    write = writer._write
    monkeypatch.setattr(writer, "_write", lambda one: (signal.raise_signal(signal.SIGINT), write(one)))
    try:
        with pytest.raises(KeyboardInterrupt), writer:
            writer.write(frame())
    finally:
        signal.signal(signal.SIGINT, before)
    assert (writer.written, len(writer.frames), writer.playable, writer.ended) == (1, 1, 1, ["abandon"])


def test_fewer_frames_may_be_playable_than_were_written(tmp_path, monkeypatch):
    writer = Kept(tmp_path / "x")
    monkeypatch.setattr(writer, "_abandon", lambda: (setattr(writer, "playable", 1), writer.path)[1])
    with pytest.raises(RuntimeError), writer:
        writer.write(frame())
        writer.write(frame())
        raise RuntimeError
    assert (writer.written, writer.playable) == (2, 1)


def test_room_is_asked_for_what_is_still_to_come(tmp_path, monkeypatch):
    """Pixels of the frames that are left, in the folder of the output; what goes to a pipe needs none."""
    asked, check = [], SimpleNamespace(check=lambda *given: asked.append(given) or "little")
    monkeypatch.setattr("refvr.media.writer.room", check)
    with Kept(tmp_path / "x") as writer:
        writer.expect(5)
        assert not asked and not writer.warnings
        monkeypatch.setattr(writer, "_need", lambda: Need(1, 2))
        writer.write(frame())
        writer.expect(5)
        writer.expect(5)
        writer.expect(0)
    assert asked == [(tmp_path, Need(1, 2), 4 * 1 * 2)] * 2 + [(tmp_path, Need(1, 2), 0)]
    assert writer.warnings == ["little"]


def test_between_frames_a_writer_holds_what_it_holds_unless_it_says_less(tmp_path):
    writer = Kept(tmp_path / "x")
    writer.held_frames = 2.5
    assert writer.held_between == 2.5


def test_pieces_are_taken_only_where_the_format_has_them(tmp_path):
    with pytest.raises(NotImplementedError, match="Kept"):
        Kept(tmp_path / "x").adopt(tmp_path / "piece")

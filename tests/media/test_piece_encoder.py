"""A piece that is encoded anywhere: it has its name when it is whole, and otherwise there is nothing."""
from fractions import Fraction

import av
import media_clips
import pytest

from refvr.errors import OutputError, ShapeError
from refvr.media.append_file import log_of, read_whole
from refvr.media.clip import ClipInfo, Frame
from refvr.media.encoding import Encoding
from refvr.media.piece_encoder import PieceEncoder, encode_piece, said

TICK = Fraction(1, 1000)
TIMES, DURATIONS = [0, 40, 100, 130, 230, 240], [40, 60, 30, 100, 10, 77]


def encoding(folder, suffix=".mp4", codec="libx264", **how):
    return Encoding(folder / f"out{suffix}", ClipInfo(64, 32, fps=Fraction(25), time_base=TICK), (32, 64), codec=codec,
                    **how)


def frames(count=6):
    return [Frame(rgb, pts, TICK, duration=length) for rgb, pts, length in
            zip(media_clips.smooth(count, 32, 64), TIMES, DURATIONS)]


def says(made):
    with made.opened() as stream:
        return said(stream)


def names(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("suffix, codec", [(".mp4", "libx264"), (".mkv", "libx265"), (".mkv", "ffv1")])
def test_a_piece_has_the_times_and_durations_of_its_frames(tmp_path, suffix, codec):
    """However the encoder orders them, and although it would say one duration for all."""
    made, path = encoding(tmp_path, suffix, codec), tmp_path / f"piece{suffix}"
    assert encode_piece(path, 0, iter(frames()), made, says(made)) == 6
    assert names(tmp_path) == [path.name, log_of(path).name]
    entries = read_whole(path)
    assert sorted((entry.pts, entry.duration) for entry in entries) == list(zip(TIMES, DURATIONS))
    assert all(a.dts < b.dts for a, b in zip(entries, entries[1:])) and all(e.dts <= e.pts for e in entries)
    with av.open(str(path)) as clip:
        assert [frame.key_frame for frame in clip.decode(video=0)][0] is True
        assert len(media_clips.times(path)) == 6


@pytest.mark.parametrize("count", [1, 2])
def test_few_frames_of_an_encoder_that_never_sets_their_decoding_times(tmp_path, count):
    made, path = encoding(tmp_path, ".mkv", "libx265"), tmp_path / "piece.mkv"
    assert encode_piece(path, 0, frames(count), made, says(made)) == count
    assert [(entry.pts, entry.dts) for entry in read_whole(path)] == [(t, t) for t in TIMES[:count]]


def test_it_is_the_same_bytes_wherever_it_is_encoded(tmp_path):
    made = encoding(tmp_path)
    for name in ("a.mp4", "b.mp4"):
        encode_piece(tmp_path / name, 0, frames(), made, says(made))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    other = encoding(tmp_path, crf=40)
    encode_piece(tmp_path / "c.mp4", 0, frames(), other, says(other))
    assert (tmp_path / "c.mp4").read_bytes() != (tmp_path / "a.mp4").read_bytes()


def test_frames_that_count_their_times_begin_at_the_number_of_the_piece(tmp_path):
    made = encoding(tmp_path, fps=Fraction(50))
    encode_piece(tmp_path / "piece.mp4", 7, frames(3), made, says(made))
    assert sorted(entry.pts for entry in read_whole(tmp_path / "piece.mp4")) == [7, 8, 9]


def test_another_version_of_the_encoder_is_refused(tmp_path):
    made = encoding(tmp_path)
    with pytest.raises(OutputError, match="the encoder libx264 is another version here.*install the same refvr and"):
        encode_piece(tmp_path / "piece.mp4", 0, frames(), made, "00")
    assert names(tmp_path) == []


@pytest.mark.parametrize("error, raised", [(KeyboardInterrupt, KeyboardInterrupt), (ShapeError, ShapeError)])
def test_what_ends_it_leaves_nothing(tmp_path, error, raised):
    made = encoding(tmp_path)

    def some():
        yield from frames(3)
        raise error("stopped")

    with pytest.raises(raised):
        encode_piece(tmp_path / "piece.mp4", 0, some(), made, says(made))
    assert names(tmp_path) == []


@pytest.mark.parametrize("where, error, part", [
    ("add", av.error.ExternalError(1, "no"), "cannot write frame 0 to .*out.mp4"),
    ("complete", ValueError("odd"), "cannot write a piece to .*out.mp4: odd"),
    ("complete", OSError(28, "No space left on device"), "cannot write .*piece.mp4: No space left.*free some space")])
def test_what_encoder_and_disk_refuse_is_one_line(tmp_path, monkeypatch, where, error, part):
    def fails(*given):
        raise error

    made = encoding(tmp_path)
    monkeypatch.setattr(PieceEncoder, where, fails)
    with pytest.raises(OutputError, match=part):
        encode_piece(tmp_path / "piece.mp4", 0, frames(), made, says(made))
    assert names(tmp_path) == []


def test_a_full_disk_is_named_where_the_encoder_only_fails(tmp_path, monkeypatch):
    """FFmpeg says that something is wrong; what it is, the file knows."""
    def fails(self):
        raise ValueError("invalid data")

    made = encoding(tmp_path)
    monkeypatch.setattr(PieceEncoder, "complete", fails)
    monkeypatch.setattr(PieceEncoder, "error", property(lambda self: OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="No space left on device"):
        encode_piece(tmp_path / "piece.mp4", 0, frames(), made, says(made))


def test_frames_count_once_a_killed_process_would_leave_them(tmp_path):
    """The last packet may not be readable before the next one is there; at the end all are."""
    made, whole = encoding(tmp_path, ".mkv", "ffv1"), []
    piece = PieceEncoder(tmp_path / "piece.mkv", made)
    after = None
    for number, frame in enumerate(frames()):
        picture = made.picture(frame, number, after)
        after = picture.pts
        piece.add(picture)
        whole.append(piece.whole)
    assert whole == [0, 1, 2, 3, 4, 5] and piece.error is None
    piece.sync()
    assert len(piece.complete()) == 6
    piece.drop()
    assert len(media_clips.times(tmp_path / "piece.mkv")) == 6

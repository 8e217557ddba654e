"""Pieces of a video: whatever ends their process, what is there can be read, and pieces fit together."""
import os
import shutil
from fractions import Fraction
from pathlib import Path

import av
import media_clips
import numpy as np
import pytest

from refvr.media.append_file import log_of
from refvr.media.clip import ClipInfo, Frame
from refvr.media.encoding import Encoding
from refvr.media.part_folder import STORED, PartFolder
from refvr.media.piece import Piece, PieceWriter, WholeFrames, adopt, name, pieces

TICK = Fraction(1, 1000)
CLIP = media_clips.smooth(9, 32, 48)
TIMES = [0, 40, 47, 300, 301, 555, 600, 700, 701]
KINDS = [(".mp4", "libx264"), (".mov", "libx264"), (".mkv", "ffv1"), (".webm", "libvpx-vp9"), (".avi", "mpeg4")]


def written(path, codec=None, start=0, count=9, close=True, after=lambda writer: None):
    """A piece of frames start ... of the clip; `after` each packet."""
    encoding = Encoding(path.with_name(f"out{path.suffix}"), ClipInfo(48, 32, fps=Fraction(25), time_base=TICK),
                        (32, 48), codec=codec)
    with encoding.opened() as stream:
        encoder = stream.codec_context
        writer = PieceWriter(path, encoding.path, stream, encoding.format_name)
    last, packets = None, []
    for number in [*range(start, start + count), None]:
        picture = None
        if number is not None:
            picture = encoding.picture(Frame(CLIP[number], TIMES[number], TICK), number, last)
            last = picture.pts
        for packet in encoder.encode(picture):
            packets.append((packet.pts, packet.dts, bytes(packet)))
            writer.mux(packet)
            after(writer)
    if close:
        writer.close()
    return writer, packets


def decoded(path):
    with av.open(str(path)) as clip:
        return [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]


def test_packets_count_once_they_are_exactly_the_first_frames():
    """Shown as 0 1 2 3 4, decoded as 0 3 1 2 4: after the second packet two frames before it are missing."""
    whole, counts = WholeFrames(), []
    for time in (0, 1, 2, 3, 4):
        whole.frame(time)
    for time in (0, 3, 1, 2, 4):
        whole.packet(time)
        counts.append(whole.count)
    assert counts == [1, 1, 1, 4, 5] and whole.packets == 5


@pytest.mark.parametrize("suffix, codec", KINDS)
def test_a_piece_can_be_played_and_its_log_has_the_times(tmp_path, suffix, codec):
    path = tmp_path / f"frames-000000000{suffix}"
    writer, packets = written(path, codec)
    assert [(entry.pts, entry.dts) for entry in writer.entries] == [packet[:2] for packet in packets]
    assert writer.entries[0].flags == 1, "it begins with a key frame"
    piece = Piece(path)
    assert piece.start == 0 and piece.entries == writer.entries
    assert [bytes(packet) for packet in piece.packets()] == media_clips.packets(path, "video")
    if suffix != ".avi":   # which has one rate, and times of its own
        assert sorted(entry.pts for entry in piece.entries) == TIMES
    shown = decoded(path)
    assert len(shown) == 9 and np.abs(np.stack(shown) / 255 - CLIP).mean() < 0.05


@pytest.mark.parametrize("suffix, codec", KINDS)
def test_killed_at_any_packet_all_but_the_last_can_be_read(tmp_path, suffix, codec):
    path, copies = tmp_path / f"frames-000000000{suffix}", []

    def killed(writer):
        copy = tmp_path / f"{len(copies)}" / path.name
        copy.parent.mkdir()
        for file in (path, log_of(path)):
            shutil.copy(file, copy.with_name(file.name))
        copies.append((copy, len(writer.entries)))

    writer, packets = written(path, codec, close=False, after=killed)
    for copy, count in copies:
        left = Piece(copy)
        assert count - 1 <= len(left.entries) <= count and left.entries == writer.entries[:len(left.entries)], copy
        assert not left.entries or len(list(left.packets())) == len(left.entries)
    writer.drop()
    assert len(Piece(path).entries) >= len(packets) - 1
    writer.close()   # of what was let go of there is nothing to complete


def test_what_is_torn_goes(tmp_path):
    path = tmp_path / "frames-000000012.mkv"
    writer, _ = written(path, "ffv1")
    whole = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"half a packet")
    assert Piece(path).start == 12 and path.stat().st_size == whole
    data = bytearray(path.read_bytes())
    data[writer.entries[4].end + 60] ^= 1
    path.write_bytes(data)
    assert Piece(path).entries == writer.entries[:4], "a packet is there once the next one is"
    log_of(path).write_bytes(b"")
    assert Piece(path).entries == [] and path.stat().st_size == 0


def test_a_file_that_no_demuxer_takes_has_no_packets(tmp_path):
    path = tmp_path / "frames-000000000.mkv"
    writer, _ = written(path, "ffv1")
    from refvr.media.append_file import AppendFile

    path.unlink()
    log_of(path).unlink()
    file = AppendFile(path, tmp_path / "out.mkv")
    file.write(b"no video at all")
    file.mark()
    file.close()
    assert Piece(path).entries == []


def test_a_cut_piece_gives_its_first_packets_and_what_a_decoder_must_know(tmp_path):
    path = tmp_path / "frames-000000000.mp4"
    written(path, "libx264")
    piece = Piece(path)
    everything = [bytes(packet) for packet in piece.packets()]
    piece.cut(3)
    assert [bytes(packet) for packet in piece.packets()] == everything[:3] and len(piece.entries) == 3
    with av.open(str(path)) as clip:
        assert piece.header() == clip.streams.video[0].codec_context.extradata and piece.header()


def test_what_cannot_be_written_is_told(tmp_path):
    writer, _ = written(tmp_path / "frames-000000000.mkv", "ffv1", close=False)
    assert writer.error is None
    writer._file.log.error = full = OSError(28, "full")
    assert writer.error is full
    writer.drop()


@pytest.fixture
def folder(tmp_path):
    with_lock = PartFolder(tmp_path / "out.mkv")
    yield with_lock
    with_lock.close()


def left(folder):
    return sorted(p.name for p in folder.path.iterdir() if p.name.endswith((".mkv", ".log")))


def test_pieces_follow_each_other_up_to_the_first_gap(folder):
    """Each is cut where the next begins; what comes after a gap is removed with its log."""
    for start, count in ((0, 4), (3, 2), (6, 2)):
        written(folder.file(name(start, ".mkv")), "ffv1", start, count)
    found = pieces(folder, TIMES)
    assert [(piece.start, len(piece.entries)) for piece in found] == [(0, 3), (3, 2)]
    assert [entry.pts for piece in found for entry in piece.entries] == TIMES[:5]
    assert left(folder) == [n for k in (0, 3) for n in (name(k, ".mkv"), name(k, ".mkv.log"))]


def test_pieces_begin_at_the_beginning_and_have_frames(folder):
    written(folder.file(name(2, ".mkv")), "ffv1", 2, 2)
    assert pieces(folder, TIMES) == [] == left(folder)
    written(folder.file(name(0, ".mkv")), "ffv1", 0, 2)
    written(folder.file(name(2, ".mkv")), "ffv1", 2, 0)
    assert [piece.start for piece in pieces(folder, TIMES)] == [0] and len(left(folder)) == 2


def test_packets_of_other_frames_than_were_given_do_not_count(folder):
    written(folder.file(name(0, ".mkv")), "ffv1", 0, 4)
    assert [len(piece.entries) for piece in pieces(folder, [0, 40, 48, 300])] == [2]


def test_a_finished_piece_is_adopted_whole_even_where_that_was_interrupted(folder):
    stored = folder.file(f"{STORED}000000000-000000003.mkv")
    written(stored.with_name(name(0, ".mkv")), "ffv1", 0, 3)
    for there in (stored.with_name(name(0, ".mkv")), stored.with_name(name(0, ".mkv.log"))):
        os.replace(there, str(there).replace(name(0, ".mkv"), stored.name))
    path = adopt(folder, stored, 0)
    assert path == folder.file(name(0, ".mkv")) and left(folder) == [path.name, f"{path.name}.log"]
    os.replace(path, stored)   # killed after the log had its new name
    assert [len(piece.entries) for piece in pieces(folder, TIMES)] == [3]
    assert left(folder) == [path.name, f"{path.name}.log"]
    log_of(Path(folder.file(name(3, ".mkv")))).write_bytes(b"")   # a log of nothing
    assert len(pieces(folder, TIMES)) == 1 and left(folder) == [path.name, f"{path.name}.log"]

"""Parts of clips: by frames and by times, with times of their own, sound and chapters cut alike."""
from fractions import Fraction

import av
import media_clips
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.media import open_reader, open_writer
from refvr.media.cut import cut, place

PTS = [0, 40, 80, 160, 200, 240, 360, 400, 440, 480]  # milliseconds


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "in.mkv"
    levels = np.arange(10, dtype=np.uint8)[:, None, None, None] * 20 + np.zeros((1, 16, 24, 3), np.uint8)
    return media_clips.write(path, levels, "ffv1", "bgr0", pts=PTS, time_base=Fraction(1, 1000), sound=True, options={},
                             subtitles=[(0, "one"), (300, "two")])


def part(path, target, start=None, frames=None):
    with cut(open_reader(path), start, frames) as reader, open_writer(
            target, reader.info, codec="ffv1", copy_streams_from=path, span=reader.span) as out:
        for frame in reader:
            out.write(frame)
    return reader


def seconds(path, kind):
    with av.open(str(path)) as file:
        stream = next(s for s in file.streams if s.type == kind)
        return [(p.pts * p.time_base, (p.pts + (p.duration or 0)) * p.time_base) for p in file.demux(stream) if p.size]


@pytest.mark.parametrize("start, frames, kept", [
    (None, None, range(10)), (3, None, range(3, 10)), ("3", 4, range(3, 7)), ("0.16s", "0.2s", range(3, 6)),
    ("0:00.1", None, range(3, 10)), (None, "0.1s", range(3)), (0.2, 2, range(4, 6)), (9, 50, range(9, 10)),
    (2, 1, [2])])
def test_which_frames_and_when(clip, tmp_path, start, frames, kept):
    part(clip, tmp_path / "out.mkv", start, frames)
    levels = np.rint(media_clips.read(tmp_path / "out.mkv")[:, 0, 0, 0] * 255)
    assert levels.tolist() == [20 * k for k in kept]
    assert media_clips.times(tmp_path / "out.mkv") == [Fraction(PTS[k] - PTS[kept[0]], 1000) for k in kept]


def test_sound_and_text_are_cut_alike(clip, tmp_path):
    part(clip, tmp_path / "out.mkv", 3, 4)   # 0.16 s to 0.36 s and its end
    tick = Fraction(1, 1000)                 # Matroska's
    before = [a for a, _ in seconds(clip, "audio") if Fraction(16, 100) <= a < Fraction(40, 100)]
    after = [a for a, _ in seconds(tmp_path / "out.mkv", "audio")]
    assert len(before) == len(after) and all(abs(b - a - Fraction(16, 100)) <= tick for a, b in zip(after, before))
    same = set(media_clips.packets(tmp_path / "out.mkv", "audio"))
    assert same <= set(media_clips.packets(clip, "audio")) and same
    assert seconds(tmp_path / "out.mkv", "subtitle") == [(0, Fraction(24, 100)), (Fraction(14, 100), Fraction(54, 100))]
    part(clip, tmp_path / "rest.mkv", 3)     # to the end: all that is left
    left = [a for a, _ in seconds(clip, "audio") if a >= Fraction(16, 100)]
    assert len(seconds(tmp_path / "rest.mkv", "audio")) == len(left)


def test_chapters_move_with_it(clip, tmp_path):
    with av.open(str(clip)) as source, av.open(str(tmp_path / "in.mkv"), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        out.set_chapters([{"id": k, "start": a, "end": b, "time_base": Fraction(1, 1000), "metadata": {"title": str(k)}}
                          for k, (a, b) in enumerate(((0, 100), (100, 300), (300, 520)), 1)])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    part(tmp_path / "in.mkv", tmp_path / "out.mkv", 3)
    with av.open(str(tmp_path / "out.mkv")) as out:
        chapters = out.chapters()
    found = [tuple(c[end] * c["time_base"] for end in ("start", "end")) + (c["metadata"]["title"],) for c in chapters]
    assert found == [(0, Fraction(14, 100), "2"), (Fraction(14, 100), Fraction(36, 100), "3")]


def test_without_times_frames_are_counted(tmp_path):
    levels = np.arange(10, dtype=np.float32)[:, None, None, None] / 10
    np.save(tmp_path / "in.npy", np.broadcast_to(levels, (10, 4, 4, 3)))
    for start, frames, kept in ((2, 3, [2, 3, 4]), ("0.12s", None, range(3, 10)), ("0.2s", "0.08s", [5, 6])):
        with cut(open_reader(tmp_path / "in.npy"), start, frames) as reader:
            got = [round(float(frame.rgb[0, 0, 0]) * 10) for frame in reader]
            assert got == list(kept) and reader.info.frames == len(got)


def test_what_means_no_place():
    assert [place(x, "start") for x in (7, "7", "7s", "1:02", "1:00:00.5", 1.5)] == [
        7, 7, 7, 62, Fraction(7201, 2), Fraction(3, 2)]
    assert isinstance(place("7", "start"), int) and isinstance(place("7s", "start"), Fraction)
    for wrong in (-1, "-1", "x", "1.5", "1:x", float("nan"), float("inf"), True, ""):
        with pytest.raises(InputError, match="expected frames such as 250, or a time"):
            place(wrong, "start")


def test_beyond_the_end_and_nothing(clip, tmp_path):
    np.save(tmp_path / "in.npy", np.zeros((4, 4, 4, 3), np.float32))
    with pytest.raises(InputError, match="start: got frame 4, but .* ends after 4 frames"):
        cut(open_reader(tmp_path / "in.npy"), 4, None)
    for wrong in (0, "0s"):
        with pytest.raises(InputError, match="frames: got 0"):
            cut(open_reader(clip), 0, wrong)
    with cut(open_reader(clip), "5s", None) as reader, pytest.raises(InputError, match="got 5 s, but .* ends after 10"):
        list(reader)


@pytest.mark.parametrize("start, frames, said", [
    (None, 30, "30 frames were asked for, but CLIP ended after 10 frames"),
    (9, 30, "30 frames were asked for, but CLIP ended after 1 frame from there on"),
    (9, "3s", "3 s were asked for, but CLIP ended after 1 frame from there on"),
    (None, 10, None), (5, 5, None), (5, 1, None), (5, None, None), (None, "0.52s", None)])
def test_fewer_frames_than_asked_for_are_said(clip, start, frames, said):
    with cut(open_reader(clip), start, frames) as reader:
        list(reader)
    assert [line for line in reader.warnings if "asked" in line] == ([said.replace("CLIP", str(clip))] if said else [])


@pytest.mark.parametrize("given", ["0:99", "0:60", "1:60:00", "1:00:60.5s"])
def test_after_a_colon_come_less_than_60(given):
    with pytest.raises(InputError, match=f"start: got '{given}', expected less than 60 after a colon"):
        place(given, "start")


def test_before_the_first_colon_may_be_more():
    assert (place("90:05", "start"), place("99s", "start"), place("61:00:00", "start")) == (5405, 99, 61 * 3600)

"""Whether a container takes a stream is tried, not looked up: with its first packets, in memory."""
import contextlib
from types import SimpleNamespace

import av
import media_clips
import pytest
from stream_clips import PICTURE, clip_with_cover, clip_with_sound

from refvr.media import stream_trial
from refvr.media.stream_trial import PACKETS, Trial
from refvr.media.streams import Track


@contextlib.contextmanager
def tried(path, *tracks):
    with contextlib.closing(Trial(path, list(tracks))) as trial:
        yield trial


def takers(path, track):
    """Endings of the containers that take a track as it is."""
    with tried(path, track) as trial:
        return {suffix for suffix in (".mp4", ".mov", ".mkv", ".webm", ".avi") if trial.holds(track, suffix)}


@pytest.mark.parametrize("codec, name, containers", [
    ("aac", "in.mkv", {".mp4", ".mov", ".mkv", ".avi"}), ("libopus", "in.mkv", {".mp4", ".mkv", ".webm"}),
    ("pcm_s16le", "in.mkv", {".mov", ".mkv", ".avi"}), ("wmav2", "in.avi", {".avi"})])
def test_sound(tmp_path, codec, name, containers):
    assert takers(clip_with_sound(tmp_path / name, codec), Track(1, "audio", codec)) == containers


def test_text_and_covers(tmp_path):
    text = media_clips.write(tmp_path / "in.mkv", PICTURE, "libx264", "yuv420p", subtitles=[(40, "one"), (80, "two")])
    assert takers(text, Track(1, "subtitle", "subrip")) == {".mkv"}
    cover = clip_with_cover(tmp_path / "in.mp4")
    with av.open(str(cover)) as clip:
        index, = (s.index for s in clip.streams.video if type(s.disposition).attached_pic in s.disposition)
    assert takers(cover, Track(index, "cover", "mjpeg")) >= {".mp4", ".mkv"}


def test_a_cover_and_keys_of_ones_own_exclude_each_other_in_mp4(tmp_path, monkeypatch):
    """FFmpeg writes either the one or the other: the keys stay."""
    monkeypatch.setattr(stream_trial.tags, "wants_free_keys", lambda tags, muxer: muxer == "mp4")
    cover = clip_with_cover(tmp_path / "in.mp4")
    with av.open(str(cover)) as clip:
        index, = (s.index for s in clip.streams.video if type(s.disposition).attached_pic in s.disposition)
    assert ".mkv" in (found := takers(cover, Track(index, "cover", "mjpeg"))) and ".mp4" not in found
    sound = clip_with_sound(tmp_path / "sound.mp4", "aac")
    assert ".mp4" in takers(sound, Track(1, "audio", "aac"))


def test_each_muxer_is_asked_once(tmp_path, monkeypatch):
    source, track, asked = clip_with_sound(tmp_path / "in.mkv", "aac"), Track(1, "audio", "aac"), []
    right = stream_trial.ffmpeg.open_output
    monkeypatch.setattr(stream_trial.ffmpeg, "open_output", lambda *given: asked.append(given[1]) or right(*given))
    with tried(source, track) as trial:
        answers = [trial.holds(track, suffix) for suffix in (".mp4", ".webm", ".mp4", ".webm", ".mp4")]
    assert answers == [True, False, True, False, True] and asked == ["mp4", "webm"]


@pytest.mark.parametrize("error", [ValueError("no"), av.error.ExternalError(1, "no"), NotImplementedError("no")])
def test_however_it_is_refused(tmp_path, monkeypatch, error):
    def refuse(*given):
        raise error

    source, track = clip_with_sound(tmp_path / "in.mkv", "aac"), Track(1, "audio", "aac")
    monkeypatch.setattr(stream_trial, "add_copy", refuse)
    with tried(source, track) as trial:
        assert trial.holds(track, ".mp4") is False


def test_the_first_packets_of_each_track_are_there_and_no_others(tmp_path):
    """Text begins late and has few: it is looked for while sound has its packets already."""
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(50, 32, 48), "libx264", "yuv420p", sound=True,
                               subtitles=[(1500, "one"), (1700, "two")])
    sound, text, picture = Track(1, "audio", "aac"), Track(2, "subtitle", "subrip"), Track(0, "video", "h264")
    with tried(source, sound, text, picture) as trial:
        assert [bytes(p) for p in trial.first(sound)] == media_clips.packets(source, "audio")[:PACKETS]
        assert [bytes(p) for p in trial.first(text)] == [b"one", b"two"] and trial.first(picture) == []
    with tried(source, picture) as trial:
        assert trial.first(sound) == []


def test_no_more_than_a_part_of_a_file_is_read_for_them(tmp_path, monkeypatch):
    monkeypatch.setattr(stream_trial, "READ_AT_MOST", 20)
    source = media_clips.write(tmp_path / "in.mkv", media_clips.noise(50, 32, 48), "libx264", "yuv420p", sound=True,
                               subtitles=[(1500, "one")])
    text = Track(2, "subtitle", "subrip")
    with tried(source, Track(1, "audio", "aac"), text) as trial:
        assert trial.first(text) == []


def test_a_damaged_file_is_judged_by_what_was_read(tmp_path):
    source = clip_with_sound(tmp_path / "in.mkv", "aac")
    source.write_bytes(source.read_bytes()[:source.stat().st_size // 4])
    track = Track(1, "audio", "aac")
    with tried(source, track) as trial:
        assert trial.holds(track, ".mp4") and not trial.holds(track, ".webm")


@pytest.mark.parametrize("titles, lines, told", [
    (["one", "two"], [b"\0\3one", b"\0\3two"], True), (["one", "two"], [b"\0\3six", b"\0\3two"], False),
    (["one"], [b"\0\3one", b"\0\3two"], False), ([], [], False), (["one"], [b""], False)])
def test_text_that_names_the_chapters_is_told_from_subtitles(titles, lines, told):
    """As many lines as there are chapters, the first of them the first's title; a line begins with its length."""
    trial, track = Trial.__new__(Trial), Track(1, "subtitle", "mov_text")
    trial._container = SimpleNamespace(chapters=lambda: [{"metadata": {"title": title}} for title in titles],
                                       streams=[None, SimpleNamespace(frames=len(lines))])
    trial._packets = {1: [av.Packet(line) for line in lines if line]}
    assert trial.tells_chapters(track) is told
    assert not trial.tells_chapters(Track(1, "subtitle", "subrip"))

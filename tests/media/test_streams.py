"""Sound, subtitles, covers, attachments and data go along with the picture: copied, converted or named."""
import subprocess

import pytest
from stream_clips import clip_with_sound

from refvr.errors import InputError
from refvr.media.streams import Track, is_lossless, plan


def fates(suffix, holds, *tracks, **options):
    """(action, codec) for each track."""
    return [(f.action, f.codec) for f in plan(tracks, suffix, holds, **options)]


@pytest.mark.parametrize("codec, suffix, to", [
    ("flac", ".mp4", "aac"), ("flac", ".mov", "pcm"), ("truehd", ".mkv", "flac"), ("wmav2", ".mkv", "aac"),
    ("pcm_bluray", ".m4v", "aac"), ("aac", ".webm", "libopus"), ("pcm_dvd", ".avi", "pcm"),
    ("vorbis", ".avi", "libmp3lame")])
def test_what_sound_becomes_where_it_cannot_stay(codec, suffix, to):
    track = Track(1, "audio", codec)
    assert fates(suffix, lambda *_: False, track) == [("convert", to)]
    assert is_lossless(codec) == (to in ("pcm", "flac") or codec in ("flac", "truehd", "pcm_bluray"))


def test_surround_is_no_mp3():
    assert fates(".avi", lambda *_: False, Track(1, "audio", "aac", channels=6)) == [("convert", "ac3")]


def test_pcm_in_mp4_would_be_silent_in_most_players():
    track = Track(1, "audio", "pcm_s16le", "eng")
    assert fates(".mp4", lambda *_: True, track) == [("convert", "aac")]
    assert fates(".mov", lambda *_: True, track) == [("copy", "")]
    line = plan([track], ".mp4", lambda *_: True)[0].line
    assert line == "sound stream 1 (pcm_s16le, eng) is converted to AAC; .mkv would keep it as it is"


def test_audio_and_streams_are_choices():
    tracks = [Track(1, "audio", "aac"), Track(2, "subtitle", "subrip"), Track(3, "cover", "mjpeg"),
              Track(5, "audio", "aac")]

    def chosen(**options):
        return [f.track.index for f in plan(tracks, ".mkv", lambda *_: True, **options)]

    assert chosen() == [1, 2, 3, 5] and chosen(audio="none") == [2, 3] and chosen(wanted="none") == []
    assert chosen(wanted="5") == [5] and chosen(wanted="subtitle,1") == [1, 2] and chosen(wanted="sound") == [1, 5]
    assert fates(".mkv", lambda *_: True, tracks[0], audio="convert") == [("convert", "aac")]
    with pytest.raises(InputError, match="expected one of copy, convert, none"):
        chosen(audio="loud")
    with pytest.raises(InputError, match=r"'7' is not in the input; it has sound stream 1 \(aac\); subtitles"):
        chosen(wanted="1,7")


def test_what_is_left_out_says_who_would_keep_it():
    def only_matroska(track, suffix):
        return suffix == ".mkv"

    lines = [f.line for f in plan([Track(2, "attachment", "Font.ttf"), Track(3, "subtitle", "dvd_subtitle", "fra"),
                                   Track(4, "data", "GoPro MET"), Track(5, "data", "chapters", elsewhere=True),
                                   Track(6, "subtitle", "dvb_teletext")], ".mp4",
                                  lambda t, s: only_matroska(t, s) and t.index != 6)]
    assert lines[:2] == [
        "attachment stream 2 (Font.ttf) is left out: .mp4 has no place for it; .mkv would keep it as it is",
        "subtitles stream 3 (dvd_subtitle, fra) is left out: .mp4 has no place for it; .mkv would keep it as it is"]
    assert lines[2].startswith("data stream 4 (GoPro MET) is left out") and lines[3] == ""
    assert lines[4].endswith("no ending that refvr writes would keep it as it is")


def test_restore_knows_the_choices(tmp_path):
    import sys
    source = clip_with_sound(tmp_path / "in.mkv", "aac")
    command = [sys.executable, "-m", "refvr", "restore", str(source), str(tmp_path / "out.mkv"), "--streams", "9"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "streams: '9' is not in the input; it has sound stream 1 (aac)" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mkv"]

"""Sound, subtitles, covers, attachments and data go along with the picture: copied, converted or named."""
import subprocess
from fractions import Fraction

import av
import media_clips
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.media.streams import Track, is_lossless, plan

PICTURE = media_clips.noise(12, 32, 48)


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


def clip_with_sound(path, codec, rate=48000, seconds=0.48, layout="stereo", form=None):
    """Twelve pictures and a tone in that codec."""
    with av.open(str(path), "w", options={"strict": "-2"}) as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        sound = out.add_stream(codec, rate=rate)
        sound.codec_context.layout = layout
        sound.bit_rate = 128_000
        if form:
            sound.codec_context.format = form
        for picture in PICTURE:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
        tone = np.sin(np.arange(int(seconds * rate)) * 0.05).astype(np.float32) * 0.5
        chunk = av.AudioFrame.from_ndarray(np.stack([tone] * len(sound.codec_context.layout.channels)), "fltp", layout)
        chunk.sample_rate, chunk.pts, chunk.time_base = rate, 0, Fraction(1, rate)
        out.mux(sound.encode(chunk))
        out.mux(sound.encode(None))
    return path


def heard(path):
    """Codec, channels and samples of the first sound of a file, (channels, n)."""
    with av.open(str(path)) as clip:
        stream = clip.streams.audio[0]
        resampler = av.AudioResampler("fltp", stream.codec_context.layout.name, stream.codec_context.sample_rate)
        parts = [f.to_ndarray() for frame in clip.decode(stream) for f in resampler.resample(frame)]
    return stream.codec_context.codec.canonical_name, np.concatenate(parts, axis=1)


@pytest.mark.parametrize("name, codec, target, to", [
    ("in.mov", "pcm_s24le", "out.mp4", "aac"), ("in.mkv", "flac", "out.mov", "pcm_s16le"),
    ("in.avi", "wmav2", "out.mkv", "aac"),
    ("in.mkv", "pcm_s16le", "out.webm", "opus"), ("in.mkv", "aac", "out.avi", "mp3")])
def test_sound_that_the_target_cannot_hold_is_converted(tmp_path, name, codec, target, to):
    source = clip_with_sound(tmp_path / name, codec)
    _, out = media_clips.copy(source, tmp_path / target)
    before, after = heard(source), heard(tmp_path / target)
    assert after[0] == to and len(media_clips.times(tmp_path / target)) == 12
    assert [line for line in out.warnings if "is converted to" in line and "would keep it" in line]
    assert not [line for line in out.warnings if "moved" in line or "missing" in line]
    assert abs(after[1].shape[1] / 48000 - 0.48) < 0.06
    assert np.abs(after[1]).max() == pytest.approx(np.abs(before[1]).max(), abs=0.1)


def test_lossless_sound_stays_lossless_where_it_can(tmp_path):
    source = clip_with_sound(tmp_path / "in.mkv", "flac", form="s32")
    media_clips.copy(source, tmp_path / "out.mov")
    before, after = heard(source), heard(tmp_path / "out.mov")
    assert after[0] == "pcm_s24le" and np.abs(before[1] - after[1]).max() <= 2 ** -23


def test_sound_keeps_its_place_and_its_silence(tmp_path):
    """A gap in the times of the packets becomes silence of that length."""
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=8000)
        for picture in media_clips.noise(40, 32, 48):
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
        for start in (0, 800, 8000, 8800):
            chunk = av.AudioFrame.from_ndarray(np.full((1, 1600), 8000, np.int16), "s16", "stereo")
            chunk.sample_rate, chunk.pts, chunk.time_base = 8000, start, Fraction(1, 8000)
            out.mux(sound.encode(chunk))
        out.mux(sound.encode(None))
    media_clips.copy(source, tmp_path / "out.mp4")
    _, samples = heard(tmp_path / "out.mp4")
    loud = np.abs(samples[0]) > 0.1
    assert loud[200:1400].all() and not loud[2000:7600].any() and loud[8200:9400].all()


@pytest.mark.parametrize("audio, count", [("none", 0), ("convert", 1), ("copy", 1)])
def test_what_the_user_wants_of_the_sound(tmp_path, audio, count):
    source = clip_with_sound(tmp_path / "in.mkv", "aac")
    media_clips.copy(source, tmp_path / "out.mkv", audio=audio)
    with av.open(str(tmp_path / "out.mkv")) as check:
        assert len(check.streams.audio) == count
    same = media_clips.packets(tmp_path / "out.mkv", "audio") == media_clips.packets(source, "audio")
    assert same == (audio == "copy")


def words(path):
    """(start, text) of every subtitle."""
    with av.open(str(path)) as clip:
        stream = clip.streams.subtitles[0]
        found = []
        for packet in clip.demux(stream):
            shown = stream.codec_context.decode2(packet) if packet.size else None
            time = round(float(packet.pts * packet.time_base), 2) if packet.size else None
            found += [(time, rect.ass.split(b",", 8)[8]) for rect in shown or ()]
        return stream.codec_context.codec.canonical_name, found


def test_subtitles_are_converted_both_ways(tmp_path):
    rgb, lines = media_clips.noise(40, 32, 48), [(40, "one"), (600, "<i>two</i>"), (1200, "drei\nvier")]
    source = media_clips.write(tmp_path / "in.mkv", rgb, "libx264", "yuv420p", subtitles=lines)
    expected = [(0.04, b"one"), (0.6, b"two"), (1.2, b"drei\\Nvier")]
    for target, codec in (("a.mp4", "mov_text"), ("a.mov", "mov_text"), ("a.webm", "webvtt")):
        _, out = media_clips.copy(source, tmp_path / target)
        assert any("is converted to " + codec in line for line in out.warnings)
        name, found = words(tmp_path / target)
        assert name == codec and [(t, w.replace(b"{\\i1}", b"").replace(b"{\\i0}", b"")) for t, w in found] == expected
    media_clips.copy(tmp_path / "a.mp4", tmp_path / "b.mkv")
    assert words(tmp_path / "b.mkv") == ("subrip", expected)
    _, out = media_clips.copy(source, tmp_path / "a.avi")
    assert any("(subrip) is left out: .avi has no place for it; .mkv would keep it" in line for line in out.warnings)


def clip_with_cover(path):
    """Two sounds of different languages, the second the default, and a picture for the file."""
    jpeg = av.CodecContext.create("mjpeg", "w")
    jpeg.width, jpeg.height, jpeg.pix_fmt, jpeg.time_base = 16, 16, "yuvj420p", Fraction(1, 25)
    cover = jpeg.encode(av.VideoFrame.from_ndarray(media_clips.noise(1, 16, 16)[0], "rgb24"))[0]
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        sounds = [out.add_stream("aac", rate=48000) for _ in range(2)]
        kind = type(sounds[0].disposition)
        for stream, language, flag in zip(sounds, ("eng", "deu"), (kind(0), kind.default)):
            stream.metadata["language"], stream.disposition = language, flag
        art = out.add_mux_stream("mjpeg", width=16, height=16)
        art.disposition = kind.attached_pic
        out.start_encoding()
        packet = av.Packet(bytes(cover))
        packet.stream, packet.pts, packet.dts, packet.time_base = art, 0, 0, Fraction(1, 1000)
        out.mux(packet)
        for picture in PICTURE:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
        for stream in sounds:
            chunk = av.AudioFrame.from_ndarray(np.zeros((2, 4096), np.float32), "fltp", "stereo")
            chunk.sample_rate, chunk.pts = 48000, 0
            out.mux(stream.encode(chunk) + stream.encode(None))
    return path


def test_covers_languages_and_dispositions(tmp_path):
    source = clip_with_cover(tmp_path / "in.mp4")
    for target, art in (("out.mkv", 1), ("out.mp4", 1), ("out.mov", 0)):
        _, done = media_clips.copy(source, tmp_path / target)
        with av.open(str(tmp_path / target)) as check:
            flags = [bool(s.disposition & type(s.disposition).default) for s in check.streams.audio]
            assert [s.language for s in check.streams.audio] == ["eng", "ger" if target == "out.mov" else "deu"]
            assert flags == [False, True] and len(check.streams.video) == 1 + art
        assert any("cover picture" in line for line in done.warnings) == (not art)


def test_attachments_stay_in_matroska(tmp_path):
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        out.add_attachment("Font.ttf", "font/ttf", b"not really a font")
        for picture in PICTURE:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
    _, done = media_clips.copy(source, tmp_path / "out.mkv")
    with av.open(str(tmp_path / "out.mkv")) as check:
        kept = check.streams.attachments[0]
        assert (kept.data, kept.name, kept.mimetype) == (b"not really a font", "Font.ttf", "font/ttf")
    assert done.warnings == []
    _, done = media_clips.copy(source, tmp_path / "out.mp4")
    assert ["Font.ttf) is left out" in line for line in done.warnings] == [True]


def test_camera_tags_and_place_are_kept(tmp_path):
    tags = {"title": "Lake", "com.apple.quicktime.model": "iPhone 13", "location": "+48.0000+011.0000/"}
    source = media_clips.write(tmp_path / "in.mov", PICTURE, "libx264", "yuv420p", tags=tags,
                               container_options={"movflags": "use_metadata_tags"})
    for target in ("out.mov", "out.mp4", "out.mkv"):
        media_clips.copy(source, tmp_path / target)
        with av.open(str(tmp_path / target)) as check:
            assert {k.lower(): v for k, v in check.metadata.items()}.items() >= tags.items()


def test_data_is_never_in_the_way(tmp_path):
    """A timecode track, chapters as text and an unknown track of a camera."""
    source = tmp_path / "in.mov"
    with av.open(str(source), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        video.metadata["timecode"] = "01:00:00:00"
        out.set_chapters([{"id": k, "start": 240 * k, "end": 240 * k + 240, "time_base": Fraction(1, 1000),
                           "metadata": {"title": name}} for k, name in enumerate(["one", "two"])])
        for picture in PICTURE:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
    with av.open(str(source)) as check:
        assert len(check.streams) == 3   # FFmpeg shows the text of the chapters as subtitles here
    for target in ("out.mov", "out.mp4", "out.mkv"):
        _, done = media_clips.copy(source, tmp_path / target)
        with av.open(str(tmp_path / target)) as check:
            assert [c["metadata"]["title"] for c in check.chapters()] == ["one", "two"]
            found = {k.lower(): v for k, v in check.streams.video[0].metadata.items()}
            assert found["timecode"] == "01:00:00:00"
            assert len(check.streams.subtitles) <= (target != "out.mkv")   # FFmpeg's own text of the chapters
        assert done.warnings == [] and len(media_clips.times(tmp_path / target)) == 12


def test_damaged_sound_does_not_stop_the_picture(tmp_path):
    source = clip_with_sound(tmp_path / "in.mkv", "flac")
    data = bytearray(source.read_bytes())
    for packet in media_clips.packets(source, "audio")[2:]:
        at = data.index(packet)
        data[at:at + len(packet)] = bytes(len(packet))
    source.write_bytes(data)
    for target in ("out.mp4", "out.mov", "out.mkv"):
        media_clips.copy(source, tmp_path / target)
        assert len(media_clips.times(tmp_path / target)) == 12


def test_restore_knows_the_choices(tmp_path):
    import sys
    source = clip_with_sound(tmp_path / "in.mkv", "aac")
    command = [sys.executable, "-m", "refvr", "restore", str(source), str(tmp_path / "out.mkv"), "--streams", "9"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "streams: '9' is not in the input; it has sound stream 1 (aac)" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mkv"]


def test_what_only_fails_together_does_not_cost_the_picture(tmp_path, monkeypatch):
    """Each stream was tried alone and fitted, the container refuses them together: the line names them, no encoder."""
    from refvr.media import video_write

    class Refusing(video_write.StreamCopier):
        def __init__(self, *arguments, wanted="all", **options):
            super().__init__(*arguments, wanted=wanted, **options)
            if wanted != "none":
                raise ValueError("no such pair")

    source = clip_with_sound(tmp_path / "in.mkv", "aac")
    monkeypatch.setattr(video_write, "StreamCopier", Refusing)
    _, out = media_clips.copy(source, tmp_path / "out.mp4")
    assert len(media_clips.times(tmp_path / "out.mp4")) == 12
    assert ["left out: .mp4 does not take them together" in line for line in out.warnings] == [True]

"""What goes along with the picture, packet by packet: copied as it is, converted, moved to its clock, or named."""
from fractions import Fraction

import av
import media_clips
import numpy as np
import pytest
from stream_clips import PICTURE, clip_with_cover, clip_with_sound, heard, words

from refvr.media import ffmpeg
from refvr.media.stream_copy import StreamCopier


def copied(source, target, until=(), end=None, **options):
    """What lies beside the picture of a file, copied beside no picture; the copier, and when the next packet is after
    each time of `until`.
    """
    out = opened(target)
    copier, waiting = StreamCopier(source, out, target.suffix, **options), []
    out.start_encoding()
    for seconds in until:
        copier.copy_until(seconds)
        waiting.append(copier._next.pts * copier._next.time_base)
    copier.end(end)
    out.close()
    copier.close()
    return copier, waiting


def opened(target):
    """A new Matroska file with a stream for the picture."""
    out = ffmpeg.open_output(target.open("wb"), "matroska")
    video = out.add_stream("ffv1", rate=25)
    video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
    return out


def timed(path, kind="audio"):
    """(seconds, bytes) of the packets of a kind."""
    with av.open(str(path)) as clip:
        streams = [s for s in clip.streams if s.type == kind]
        return [(round(float(p.pts * p.time_base), 3), bytes(p)) for p in clip.demux(streams) if p.size]


@pytest.fixture
def tone(tmp_path):
    """Two seconds of sound beside pictures; in Matroska its packets have milliseconds."""
    return media_clips.write(tmp_path / "in.mkv", media_clips.noise(50, 32, 48), "libx264", "yuv420p", sound=True,
                             subtitles=[(100, "early"), (900, "over"), (1500, "late")])


def test_packets_are_written_up_to_the_time_of_each_picture(tone, tmp_path):
    """So that nothing piles up: the next one that waits does not lie before the picture."""
    before = timed(tone)
    _, waiting = copied(tone, tmp_path / "out.mkv", until=[Fraction(1, 2), Fraction(1)], wanted="sound")
    assert [time >= asked for time, asked in zip(waiting, (0.5, 1))] == [True, True] and waiting[0] - 0.5 < 0.03
    assert timed(tmp_path / "out.mkv") == before and len(before) > 80


def test_the_end_may_come_before_that_of_the_source(tone, tmp_path):
    copied(tone, tmp_path / "out.mkv", end=Fraction(1, 2), wanted="sound")
    assert timed(tmp_path / "out.mkv") == [packet for packet in timed(tone) if packet[0] < 0.5]


def test_of_a_part_its_beginning_is_time_0_and_a_line_that_is_still_shown_is_kept(tone, tmp_path):
    """`over` is shown from 0.9 to 1.3 s: of a part from 1 s on, from the beginning for 0.3 s."""
    copier, _ = copied(tone, tmp_path / "out.mkv", begin=Fraction(1))
    assert timed(tmp_path / "out.mkv") == [(round(time - 1, 3), data) for time, data in timed(tone) if time >= 1]
    with av.open(str(tmp_path / "out.mkv")) as clip:
        shown = [(float(p.pts * p.time_base), float(p.duration * p.time_base), bytes(p))
                 for p in clip.demux(subtitles=0) if p.size]
    assert shown == [(0, pytest.approx(0.3), b"over"), (0.5, pytest.approx(0.4), b"late")] and not copier.warnings


def test_packets_of_one_time_are_moved_by_the_smallest_step_and_told(tmp_path):
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        text = out.add_mux_stream("subrip", time_base=Fraction(1, 1000))
        for picture in PICTURE:
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
        for time, line in ((40, b"one"), (40, b"two"), (90, b"three")):
            packet = av.Packet(line)
            packet.stream, packet.time_base = text, text.time_base
            packet.pts = packet.dts = time
            packet.duration = 9
            out.mux(packet)
    _, done = media_clips.copy(source, tmp_path / "out.mp4")
    assert ["1 packet with repeated or earlier times was moved by the smallest step" in line
            for line in done.warnings if "moved" in line] == [True]
    _, done = media_clips.copy(source, tmp_path / "out.mkv")
    assert done.warnings == [], "Matroska takes two of one time"


def test_packets_that_the_container_refuses_are_counted(tone, tmp_path):
    class Refusing:
        """Takes the first three packets."""

        def __init__(self, target):
            self._target, self.left = target, 3

        def __getattr__(self, name):
            return getattr(self._target, name)

        def mux(self, packet):
            self.left -= 1
            if self.left < 0:
                raise ValueError("no")
            self._target.mux(packet)

    total = len(timed(tone))
    target = opened(tmp_path / "out.mkv")
    copier = StreamCopier(tone, target, ".mkv", wanted="sound")
    target.start_encoding()
    copier._target = Refusing(target)
    copier.end()
    target.close()
    copier.close()
    assert copier.warnings == [f"sound stream 1 (aac): {total - 3} packets could not be written and are missing"]
    assert len(timed(tmp_path / "out.mkv")) == 3


def test_sound_before_time_0_is_told_where_the_container_has_none(tmp_path):
    """An MP4 starts the priming of its AAC earlier; Matroska moves everything."""
    source = clip_with_sound(tmp_path / "in.mp4", "aac")
    with av.open(str(source)) as clip:
        first = next(p for p in clip.demux(audio=0) if p.size)
        early = -float(first.pts * first.time_base)
    for target, told in (("out.mkv", early > 0), ("out.mp4", False)):
        _, done = media_clips.copy(source, tmp_path / target)
        assert [f"sound starts {early:.3f} s before time 0" in line for line in done.warnings] == [True] * told


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

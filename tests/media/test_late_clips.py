"""Files whose clocks start late, start again, repeat themselves or are missing: what a player sees of the result."""
from fractions import Fraction as F

import av
import media_clips
import numpy as np
import pytest

from refvr.media import open_reader


def clip(path, codec="libx264", sound="mp2", frames=25, offset=0, form=None, options=None):
    """A second of noise and a tone, all of it `offset` seconds late."""
    container_options = {"output_ts_offset": str(offset), "muxdelay": "0", "muxpreload": "0"} if offset else {}
    with av.open(str(path), "w", format=form, container_options=container_options) as out:
        video = out.add_stream(codec, rate=25, options=options or {})
        video.height, video.width, video.pix_fmt = 32, 48, "yuv420p"
        audio = out.add_stream(sound, rate=44100) if sound else None
        for picture in media_clips.noise(frames, 32, 48):
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(video.encode(None))
        if audio:
            tone = (np.sin(np.arange(44100 * frames // 25) * 0.05) * 9000).astype(np.int16).repeat(2)[None]
            chunk = av.AudioFrame.from_ndarray(tone, "s16", "stereo")
            chunk.sample_rate, chunk.pts, chunk.time_base = 44100, 0, F(1, 44100)
            out.mux(audio.encode(chunk))
            out.mux(audio.encode(None))
    return path


def seen(path):
    """Times of the pictures, and first time and length of the sound, in seconds."""
    with av.open(str(path)) as check:
        sound = [(float(p.pts * p.time_base), float(p.duration * p.time_base)) for p in check.demux(audio=0)
                 if p.size] if check.streams.audio else []
    times = [float(t) for t in media_clips.times(path)]
    return times, sound[0][0] if sound else None, sum(length for _, length in sound)


def is_even(times, count, step=0.04):
    """Whether there are that many, one step apart to a tenth."""
    return len(times) == count and all(abs(b - a - step) < step / 10 for a, b in zip(times, times[1:]))


@pytest.mark.parametrize("name, codec", [("in.ts", "libx264"), ("in.mpg", "mpeg2video")])
@pytest.mark.parametrize("target", ["out.mp4", "out.mkv"])
def test_a_broadcast_starts_at_0(tmp_path, name, codec, target):
    source = clip(tmp_path / name, codec, offset=36000)
    reader, out = media_clips.copy(source, tmp_path / target)
    times, sound, length = seen(tmp_path / target)
    before = seen(source)
    assert before[0][0] > 35999 and is_even(times, 25) and 0 <= min(times[0], sound) < 0.01
    assert abs((sound - times[0]) - (before[1] - before[0][0])) < 0.002 and abs(length - before[2]) < 0.03
    assert reader.truncated is None and reader.warnings + out.warnings == []


@pytest.mark.parametrize("second", [0, 20000])
@pytest.mark.parametrize("target", ["out.mp4", "out.mkv"])
def test_joined_recordings_go_on(tmp_path, second, target):
    one, two = clip(tmp_path / "a.ts"), clip(tmp_path / "b.ts", offset=second)
    (tmp_path / "in.ts").write_bytes(one.read_bytes() + two.read_bytes())
    reader, out = media_clips.copy(tmp_path / "in.ts", tmp_path / target)
    times, _, length = seen(tmp_path / target)
    assert len(times) == 50 and times == sorted(times) and 1.9 < times[-1] - times[0] + 0.04 < 2.2
    assert is_even(times[:25], 25) and is_even(times[25:], 25) and 1.9 < length < 2.2
    assert reader.truncated is None
    line = "the clock of in.ts starts again 1 time, as in joined recordings; that of the output goes on"
    assert reader.warnings == [line]
    assert out.warnings == []


@pytest.mark.parametrize("start, first", [(10, 10), (3_000_000, 0)])
def test_a_matroska_that_starts_late_is_whole(tmp_path, start, first):
    """Its duration is the time of its end."""
    source = clip(tmp_path / "in.mkv", sound="aac", offset=start)
    reader, out = media_clips.copy(source, tmp_path / "out.mkv")
    times, sound, _ = seen(tmp_path / "out.mkv")
    assert reader.truncated is None and is_even(times, 25) and abs(min(times[0], sound) - first) < 0.03
    cut = source.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(cut[:len(cut) // 3])
    with open_reader(tmp_path / "cut.mkv") as broken:
        assert len(list(broken)) < 25 and broken.truncated


@pytest.mark.parametrize("codec, options", [("libx264", {"bf": "3"}), ("mpeg4", {"bf": "2"}), ("ffv1", {})])
@pytest.mark.parametrize("target", ["out.mp4", "out.avi"])
def test_avi_has_no_times_and_gets_even_ones(tmp_path, codec, options, target):
    source = clip(tmp_path / "in.avi", codec, sound=None, options=options)
    reader, out = media_clips.copy(source, tmp_path / target)
    assert is_even(seen(tmp_path / target)[0], 25) and reader.truncated is None and out.warnings == []
    shown = zip(media_clips.read(tmp_path / target), media_clips.noise(25, 32, 48) / 255)
    order = [np.abs(a - b).mean() for a, b in shown]
    assert max(order) < 0.25   # noise, badly coded: another frame would differ by a third


@pytest.mark.parametrize("offset", [0, 0.04, 3])
def test_the_frames_of_a_matroska_that_starts_late_are_counted_from_its_start(tmp_path, offset):
    clip(tmp_path / "in.mkv", offset=offset)
    with open_reader(tmp_path / "in.mkv") as found:
        assert (found.info.frames, found.info.frames_hint) == (None, 25)


def test_empty_packets_of_avi_are_no_damage(tmp_path):
    """Cameras drop frames: an empty packet shows the frame before for longer."""
    source, kept = tmp_path / "in.avi", [0, 1, 4, 5, 6, 9]
    with av.open(str(source), "w") as out:
        video = out.add_stream("huffyuv", rate=25)
        video.height, video.width, video.pix_fmt = 32, 48, "yuv422p"
        for slot, picture in zip(kept, media_clips.noise(6, 32, 48)):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts = slot
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
    with av.open(str(source)) as check:
        assert check.streams.video[0].frames == 10
    for target in ("out.mp4", "out.avi"):
        reader, _ = media_clips.copy(source, tmp_path / target)
        assert reader.truncated is None and reader.warnings == []
        with open_reader(tmp_path / target) as again:   # FFmpeg guesses at times of H.264 in AVI, a slot too late
            assert [round(frame.pts * frame.time_base * 25) for frame in again] == kept


def test_repeated_times_are_moved_by_a_tick(tmp_path):
    """As in FLV dumps: two packets of sound at one time, two pictures at one time."""
    whole, source = clip(tmp_path / "whole.flv", "flv1", "libmp3lame"), tmp_path / "in.flv"
    data, at, seen_of, moved = bytearray(whole.read_bytes()), 13, {8: [], 9: []}, 0
    while at + 15 < len(data):   # tags: type, size, time in milliseconds
        kind, size = data[at], int.from_bytes(data[at + 1:at + 4], "big")
        if kind in seen_of:
            seen_of[kind].append(data[at + 4:at + 7])
            if len(seen_of[kind]) == 9:
                data[at + 4:at + 7], moved = seen_of[kind][7], moved + 1
        at += 11 + size + 4
    assert moved == 2
    source.write_bytes(data)
    for target in ("out.mp4", "out.mkv"):
        reader, out = media_clips.copy(source, tmp_path / target)
        times = seen(tmp_path / target)[0]
        assert len(times) == 25 and times == sorted(set(times)) and reader.truncated is None
        assert any("some timestamps" in line for line in out.warnings)
        assert any("1 packet with repeated or earlier times was moved" in line for line in out.warnings) == \
            (target == "out.mp4")   # Matroska takes two packets of one time


def test_a_lost_packet_does_not_take_the_next_frame_along(tmp_path):
    """A packet of a broadcast is lost: what can be decoded after it is kept, and the file does not end there."""
    source = clip(tmp_path / "in.ts", "mpeg2video", sound=None, options={"g": "1"})
    data = source.read_bytes()
    with av.open(str(source)) as check:
        places = [p.pos for p in check.demux(video=0) if p.size]
    lost = places[12] // 188 * 188 + 188 * 2   # inside the 13th picture
    (tmp_path / "cut.ts").write_bytes(data[:lost] + data[lost + 188:])
    with open_reader(tmp_path / "cut.ts") as reader:
        frames = list(reader)
    assert len(frames) >= 24 and frames[-1].pts == 24 * 3600
    assert not reader.truncated or "ends early" not in reader.truncated

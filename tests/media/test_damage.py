"""Videos that are cut off, damaged or none at all, and encodings that cannot be: named, and good frames are kept."""
from fractions import Fraction

import av
import media_clips
import numpy as np
import pytest

from refvr.errors import InputError, OutputError
from refvr.media import ClipInfo, Colour, open_reader, open_writer


def test_truncated_video_yields_what_can_be_decoded(tmp_path):
    rgb = media_clips.noise(20, 48, 64)
    whole = media_clips.write(tmp_path / "whole.mp4", rgb, "libx264", "yuv420p", sound=True,
                              container_options={"movflags": "faststart"})
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[:int(whole.stat().st_size * 0.6)])
    clip, out = media_clips.copy(tmp_path / "cut.mp4", tmp_path / "out.mp4")
    assert 0 < clip.decoded < 20 and out.written == clip.decoded
    assert clip.truncated.startswith(f"{clip.decoded} of 20 frames of cut.mp4 could be decoded")
    assert np.array_equal(media_clips.read(tmp_path / "cut.mp4"), media_clips.read(whole)[:clip.decoded])
    assert media_clips.times(tmp_path / "out.mp4") == media_clips.times(whole)[:clip.decoded]


def test_truncated_matroska_is_noticed(tmp_path):
    whole = media_clips.write(tmp_path / "whole.mkv", media_clips.noise(50, 32, 48), "libx264", "yuv420p")
    (tmp_path / "cut.mkv").write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    with open_reader(whole) as clip:
        assert len(list(clip)) == 50 and clip.truncated is None
    with open_reader(tmp_path / "cut.mkv") as clip:
        assert 0 < len(list(clip)) < 50 and "could be decoded" in clip.truncated


def test_damage_in_the_middle_is_counted(tmp_path):
    rgb = media_clips.noise(9, 48, 64)
    whole = media_clips.write(tmp_path / "whole.avi", rgb, "libx264", "yuv420p", options={"qp": "0", "g": "1"})
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle:middle + 4000] = bytes(4000)   # inside the fifth frame, of about 9000 bytes
    (tmp_path / "hurt.avi").write_bytes(data)
    with open_reader(tmp_path / "hurt.avi") as clip:
        times = [frame.pts for frame in clip]
    assert clip.truncated.startswith("8 of 9 frames of hurt.avi could be decoded")
    assert len(times) == 8 and times == sorted(times)


@pytest.mark.parametrize("name, data, what", [
    ("zero.mp4", b"", "is empty \\(0 bytes\\); expected a video"),
    ("text.mp4", b"Not a video at all, just some words.\n" * 9, "looks like text"),
    ("random.mkv", bytes(range(256)) * 64, "cannot be opened as a video"),
])
def test_what_is_no_video_is_named(tmp_path, name, data, what):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=what) as error:
        open_reader(tmp_path / name)
    assert "\n" not in str(error.value) and error.value.exit_status == 2 and error.value.fix


def test_missing_index_sound_only_and_missing_file(tmp_path):
    whole = media_clips.write(tmp_path / "whole.mp4", media_clips.noise(9, 48, 64), "libx264", "yuv420p")
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    with pytest.raises(InputError, match="index .moov. is missing"):
        open_reader(tmp_path / "cut.mp4")
    with av.open(str(tmp_path / "sound.mp4"), "w") as out:
        audio = out.add_stream("aac", rate=48000)
        chunk = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
        chunk.sample_rate = 48000
        out.mux(audio.encode(chunk) + audio.encode(None))
    with pytest.raises(InputError, match="no video stream that can be decoded, only audio"):
        open_reader(tmp_path / "sound.mp4")
    with pytest.raises(InputError, match="got an empty name"):   # and not the current folder
        open_reader("")
    with pytest.raises(InputError, match="does not exist"):
        open_reader(tmp_path / "nothing.mp4")


def test_a_change_of_size_is_named(tmp_path):
    """The frames before it stay finished."""
    with av.open(str(tmp_path / "in.mkv"), "w") as out:
        video = out.add_mux_stream("mjpeg", rate=25, width=48, height=32)
        for k, (h, w) in enumerate([(32, 48)] * 3 + [(16, 24)]):
            coder = av.CodecContext.create("mjpeg", "w")
            coder.height, coder.width, coder.pix_fmt, coder.time_base = h, w, "yuvj420p", Fraction(1, 1000)
            frame = av.VideoFrame.from_ndarray(media_clips.noise(1, h, w)[0], "rgb24")
            for packet in coder.encode(frame) + coder.encode(None):
                packet.stream, packet.pts, packet.dts, packet.time_base = video, 40 * k, 40 * k, Fraction(1, 1000)
                out.mux(packet)
    with pytest.raises(InputError, match="frame 3 of .*in.mkv is 24x16 after frames of 48x32"), \
            open_reader(tmp_path / "in.mkv") as clip, open_writer(tmp_path / "out.mkv", clip.info) as out:
        for frame in clip:
            out.write(frame)
    assert clip.info.colour == Colour("bt601", True, "centre") and media_clips.times(out.partial) == [
        Fraction(40 * k, 1000) for k in range(3)]


@pytest.mark.parametrize("options, what", [
    ({"codec": "nonsense"}, "no encoder 'nonsense'"), ({"codec": "libx26"}, "did you mean .*'libx264'"),
    ({"codec": "aac"}, "encodes audio"),
    ({"pix_fmt": "pal8"}, "cannot encode pal8; expected one of yuv420p"), ({"codec": "ffv1", "crf": 3}, "--crf is for"),
    ({"crf": 99}, "expected 0 .best. to 51"), ({"fps": -1}, "above 0")])
def test_impossible_encodings_are_refused_at_once(tmp_path, options, what):
    with pytest.raises(OutputError, match=what):
        open_writer(tmp_path / "out.mkv", ClipInfo(32, 16), **options)
    assert list(tmp_path.iterdir()) == []


def test_no_such_pixel_format(tmp_path):
    """An odd size asks for the format's layout before the encoder is asked."""
    with pytest.raises(InputError, match="no pixel format 'rgb999'"):
        open_writer(tmp_path / "out.mkv", ClipInfo(31, 17), pix_fmt="rgb999")
    assert list(tmp_path.iterdir()) == []


def test_codec_that_the_container_cannot_hold(tmp_path):
    with pytest.raises(OutputError, match="cannot write ffv1"):
        open_writer(tmp_path / "out.webm", ClipInfo(32, 16), codec="ffv1")
    assert list(tmp_path.iterdir()) == []

"""PyAV 17 to 19 behave alike: files open, tags keep their bytes, times are exact fractions."""
from fractions import Fraction

import av
import media_clips
import pytest

from refvr.errors import InputError
from refvr.media import ffmpeg, open_reader


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_tags_that_are_not_utf8_are_shown_and_copied_byte_for_byte(tmp_path, suffix):
    source = tmp_path / f"in{suffix}"
    media_clips.write(source, media_clips.noise(2, 16, 16), tags={"title": "caf##", "comment": "übung"})
    source.write_bytes(source.read_bytes().replace(b"caf##", b"caf\xe9\xe8"))
    clip, _ = media_clips.copy(source, tmp_path / f"out{suffix}")
    assert clip.info.metadata["title"] == "caf\ufffd\ufffd"
    assert next(v for k, v in clip.info.metadata.items() if k.lower() == "comment") == "übung"
    assert b"caf\xe9\xe8" in (tmp_path / f"out{suffix}").read_bytes()


def test_times_are_exact_fractions(tmp_path):
    path = media_clips.write(tmp_path / "in.mkv", media_clips.noise(2, 16, 16), rate=Fraction(30000, 1001))
    with open_reader(path) as clip:
        frames = list(clip)
    for value in (clip.info.time_base, clip.info.fps, *(frame.time_base for frame in frames)):
        assert type(value) is Fraction


class Unset:
    """As later PyAV has it: 0/1 and n/0 are false."""

    numerator, denominator = 0, 1

    def __bool__(self):
        return False


def test_what_ffmpeg_does_not_know_is_none():
    assert ffmpeg.fraction(None) is None and ffmpeg.fraction(Unset()) is None
    assert ffmpeg.fraction(Fraction(1, 90000)) == Fraction(1, 90000)


def test_a_stream_without_a_unit_of_time_is_told_in_one_line():
    assert ffmpeg.unit(Fraction(1, 90000)) == Fraction(1, 90000)
    for unknown in (None, Unset()):
        with pytest.raises(InputError, match="no unit of time"):
            ffmpeg.unit(unknown)


def test_frames_without_a_time_are_refused():
    frame = av.VideoFrame(16, 16, "gray")
    with pytest.raises(ValueError, match="no time"):
        ffmpeg.time_of(frame)
    frame.pts = 3
    assert ffmpeg.time_of(frame) == 3


def test_new_streams_are_of_the_kind_that_was_asked_for():
    container = ffmpeg.open_output(ffmpeg.Nowhere(), "matroska")
    assert ffmpeg.new_stream(container, av.VideoStream, "ffv1", rate=25).type == "video"
    with pytest.raises(ValueError, match="flac makes another kind of stream: audio"):
        ffmpeg.new_stream(container, av.VideoStream, "flac")

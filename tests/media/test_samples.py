"""The project's sample files, each as its README describes it. They lie beside the repository, so this is optional."""

import media_clips
import numpy as np
import pytest
from places import SHARED

from refvr.errors import InputError
from refvr.media import open_reader

IO = SHARED / "data" / "io"
pytestmark = pytest.mark.skipif(not IO.is_dir(), reason="no folder ../shared/data/io with sample files")

# name: frames, height, width, bits, grey, alpha, fps
GOOD = {"ok_h264_aac.mp4": (90, 360, 640, 8, False, False, 30), "ok_faststart.mp4": (60, 180, 320, 8, False, False, 30),
        "ok_vfr.mkv": (54, 180, 320, 8, False, False, 30), "gray.avi": (10, 176, 320, 8, True, False, 30),
        "odd_size.mkv": (12, 179, 201, 8, False, False, 30), "gray_png": (6, 176, 320, 8, True, False, None),
        "rgba_png": (6, 144, 192, 8, False, True, None), "rgb16_png": (5, 128, 192, 16, False, False, None)}
BAD = {"truncated.mp4": "index .moov. is missing", "zero_byte.mp4": "is empty", "not_a_video.mp4": "looks like text",
       "audio_only.mp4": "no video stream", "mixed_size_png": "0002.png is 160x96 but 0000.png is 160x120"}


@pytest.mark.parametrize("name", GOOD)
def test_good_files(name):
    with open_reader(IO / name) as clip:
        frames = sum(1 for _ in clip)
    info = clip.info
    assert (frames, info.height, info.width, info.bit_depth, info.grey, info.has_alpha, info.fps) == GOOD[name]
    assert clip.truncated is None and clip.warnings == []


@pytest.mark.parametrize("name", BAD)
def test_bad_files(name):
    with pytest.raises(InputError, match=BAD[name]) as error:
        open_reader(IO / name)
    assert "\n" not in str(error.value)


def test_truncated_file_yields_all_30_frames():
    """28 come out while packets can be read and two more from the decoder; all equal those of the whole file."""
    with open_reader(IO / "truncated_faststart.mp4") as clip, open_reader(IO / "ok_faststart.mp4") as whole:
        for frame, good in zip(clip, whole):
            assert np.array_equal(frame.rgb, good.rgb) and frame.pts == good.pts
    assert clip.truncated.startswith("30 of 60 frames of truncated_faststart.mp4")


@pytest.mark.parametrize("name, suffix", [("ok_vfr.mkv", ".mkv"), ("ok_vfr.mkv", ".mp4"), ("ok_faststart.mp4", ".mp4")])
def test_times_and_sound(tmp_path, name, suffix):
    target = tmp_path / f"out{suffix}"
    _, out = media_clips.copy(IO / name, target)
    assert out.warnings == []
    assert media_clips.times(target) == media_clips.times(IO / name)
    assert media_clips.packets(target, "audio") == media_clips.packets(IO / name, "audio")

"""Frames that are missing in the middle of a clip: how many, where; and what is no damage."""
from fractions import Fraction

import media_clips
import numpy as np
import pytest

from refvr.media import gaps, open_reader

MS, FINE = Fraction(1, 1000), Fraction(1, 90000)


def times(numbers, rate, unit):
    """Rounded times of the frames of these numbers at a constant rate."""
    return [round(Fraction(k) / rate / unit) for k in numbers]


@pytest.mark.parametrize("unit", [MS, FINE])
@pytest.mark.parametrize("rate", [25, Fraction(30000, 1001), Fraction(24000, 1001), 60])
def test_gaps_are_counted_at_any_rate_and_rounding(rate, unit):
    there = [k for k in range(200) if k not in (50, *range(70, 112))]
    found = gaps.find(times(there, rate, unit), unit)
    assert [(gap.after, gap.missing) for gap in found] == [(50, 1), (69, 42)]
    assert abs(found[0].seconds - Fraction(49) / rate) <= unit
    assert gaps.find(times(range(200), rate, unit), unit) == [] and gaps.are_damage(found, Fraction(rate))
    assert gaps.said(found).startswith("43 frames are missing: 1 after frame 50 (")


def test_a_variable_rate_has_no_gaps():
    draw = np.random.default_rng(0)
    assert gaps.find(np.cumsum(draw.integers(20, 80, 300)).tolist(), MS) == []          # every step another
    assert gaps.find(np.cumsum(np.where(draw.random(300) < 0.3, 80, 40)).tolist(), MS) == []   # many repeats left out
    held = [40] * 50 + [1330] + [40] * 50 + [717] + [40] * 50                            # a recorder that was paused
    assert gaps.find(np.cumsum(held).tolist(), MS) == []
    assert gaps.find([0, 40], MS) == gaps.find([], MS) == gaps.find([5], MS) == []


def test_a_few_single_frames_are_no_damage():
    found = gaps.find(times([k for k in range(300) if k not in (20, 150, 151)], 25, MS), MS)
    assert len(found) == 2 and not gaps.are_damage(found, Fraction(25))


@pytest.mark.parametrize("name, codec, pix_fmt", [("a.mkv", "ffv1", "bgr0"), ("a.mkv", "libx264", "yuv420p"),
                                                  ("a.ts", "libx264", "yuv420p"), ("a.mp4", "libx264", "yuv420p")])
def test_what_is_lost_in_the_middle_of_a_file_is_said(tmp_path, name, codec, pix_fmt):
    path = media_clips.write(tmp_path / name, media_clips.noise(60, 32, 48), codec, pix_fmt,
                             options={"g": "5"} if "264" in codec else {})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle:middle + len(data) // 6] = bytes(len(data) // 6)
    path.write_bytes(data)
    with open_reader(path) as clip:
        count = len(list(clip))
    assert 30 < count < 58 and clip.truncated.startswith(f"{count} ")
    assert f"{60 - count} frames are missing" in clip.truncated


def test_a_camera_that_skipped_a_frame_gets_a_line(tmp_path):
    there = [k for k in range(40) if k != 20]
    path = media_clips.write(tmp_path / "a.mkv", media_clips.noise(39, 32, 48), "ffv1", "bgr0",
                             pts=[40 * k for k in there], time_base=MS)
    with open_reader(path) as clip:
        assert len(list(clip)) == 39
    assert clip.truncated is None
    assert clip.warnings == ["1 frame is missing: 1 after frame 20 (0.76 s); perhaps they were never recorded"]


def test_a_paused_recording_is_whole(tmp_path):
    """The last frame before the pause says how long it is shown, as those of MP4 do."""
    shown = [40 * k for k in range(100)] + [40 * k + 6000 for k in range(100)]
    lasts = [40] * 99 + [2040] + [40] * 100
    assert gaps.find(shown, MS, lasts=lasts) == [] and len(gaps.find(shown, MS, lasts=[40] * 200)) == 1
    pts = [k if k < 20 else k + 50 for k in range(40)]
    source = media_clips.write(tmp_path / "in.mp4", media_clips.noise(40, 32, 48), "libx264", "yuv420p", pts=pts)
    with open_reader(source) as clip:
        assert len(list(clip)) == 40
    assert clip.truncated is None and clip.warnings == []


def test_a_pause_in_a_file_that_counts_its_frames_is_no_damage(tmp_path):
    there = [k for k in range(60) if not 15 <= k < 30]
    media_clips.write(tmp_path / "a.mp4", media_clips.noise(len(there), 16, 16), "libx264", "yuv420p", pts=there)
    with open_reader(tmp_path / "a.mp4") as clip:
        assert len(list(clip)) == len(there) and clip.truncated is None

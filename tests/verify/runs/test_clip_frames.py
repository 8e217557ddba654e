"""Frames of a clip by number: as far as they are needed, in order, and never one that is not there."""
import numpy as np
import pytest

from refvr.errors import InputError
from refvr.verify.runs.clip_frames import InOrder, clip_frames, is_scene, scene_size


@pytest.fixture
def clip(tmp_path):
    """Five frames, number k has all values k / 8."""
    np.save(tmp_path / "clip.npy", np.stack([np.full((4, 6, 3), k / 8, np.float32) for k in range(5)]))
    return str(tmp_path / "clip.npy")


def numbers(frames):
    return {k: float(frame.mean()) * 8 for k, frame in frames.items()}


def test_frames_have_their_own_numbers_whatever_the_first_is(clip):
    assert numbers(clip_frames(clip, 0, 1, ahead=2)) == {0: 0, 1: 1, 2: 2}
    assert numbers(clip_frames(clip, 2, 3, ahead=1)) == {2: 2, 3: 3}
    assert numbers(clip_frames(clip, 3, 4, ahead=9)) == {3: 3, 4: 4}   # the clip ends


def test_a_frame_that_is_not_there_is_said(clip):
    assert 4 in clip_frames(clip, 0, 4)
    with pytest.raises(InputError, match="has 5 frames, expected one of number 5; they are counted from 0"):
        clip_frames(clip, 0, 5)


def test_in_order_one_after_the_other_and_never_back(clip):
    frames = InOrder(clip, 4)
    assert [float(frames[k].mean()) * 8 for k in (0, 1, 1, 4)] == [0, 1, 1, 4]
    with pytest.raises(KeyError):
        frames[3]


def test_the_scene_never_ends_and_has_a_size():
    assert is_scene("scene") and is_scene("scene:12x8") and not is_scene("scene.mp4")
    assert scene_size("scene") is None and scene_size("scene:12x8") == (12, 8)
    later = clip_frames("scene:12x8", 100, 100, ahead=1)
    assert list(later) == [100] and later[100].shape == (8, 12, 3)
    assert np.array_equal(clip_frames("scene:12x8", 99, 100, ahead=1)[100], later[100])
    for wrong in ("scene:12", "scene:12x0", "scene:12xx8", "scene:-1x8", "scene:12x8x3"):
        with pytest.raises(InputError, match="WIDTHxHEIGHT"):
            scene_size(wrong)

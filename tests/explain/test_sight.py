"""What a page is about."""
import numpy as np

from refvr.verify.runs.inputs import operands_on


def test_a_late_frame_of_a_clip_is_the_call_of_the_whole_clip(tmp_path):
    """Only what is around a frame is kept in memory; windows begin where those of the whole clip do."""
    from refvr.explain.sight import look

    rng = np.random.default_rng(3)
    clip = rng.random((24, 8, 12, 3), dtype=np.float32)
    np.save(tmp_path / "clip.npy", clip)
    seen = look(str(tmp_path / "clip.npy"), "remonet-s", 22)
    assert min(seen.frames) == 10
    want = operands_on(seen.subject.net, dict(enumerate(clip)), 22, None)["x"]
    assert np.array_equal(seen.subject.operands["x"], want)


def test_the_size_of_the_scene_is_that_of_what_the_network_is_given():
    """As for trace, compare and bounds; the scene is drawn larger, so that it can be made smaller."""
    from refvr.explain.sight import look

    seen = look("scene:24x16", "edvr-s-x4", 0)
    assert seen.subject.operands["x"].shape == (1, 3, 16, 24, 3) and "at 96x64, degraded: bicubic-x4" in seen.notes[0]


def test_parts_lie_inside_and_begin_where_features_do(large_clip):
    from refvr.explain.sight import look

    seen = look(str(large_clip), "remonet-s", 1)
    for top, left in ((-50, 0), (3, 40), (70, 500)):
        part = seen.part(top, left, 48, 48)
        h, w, _ = part.frames[1].shape
        y, x = part.origin
        assert y % 16 == x % 16 == 0 and 48 <= h < 64 and 48 <= w < 64 and y + h <= 130 and x + w <= 150
        assert np.array_equal(part.frames[1], seen.whole[1][y:y + h, x:x + w])
    assert sum(seen.part(500, 500, 48, 48).origin) + 48 > 130                # the far corner belongs to a part

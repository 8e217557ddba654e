"""Which frame of a clip is looked at, and that equal frames are said."""
import numpy as np
import pytest

import refvr
from refvr import zoo
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.which_frame import default_frame, equal_frames


def clip(path, count):
    frames = np.random.default_rng(0).random((count, 8, 8, 3)).astype(np.float32)
    np.save(path, frames)
    return str(path), frames


@pytest.mark.parametrize(("model", "count", "expected"), [
    ("duf-s-x2", 9, 3), ("duf-s-x2", 5, 2), ("duf-s-x2", 1, 0), ("edvr-s-x4", 9, 1), ("fastdvdnet", 5, 2),
    ("remonet-s", 9, 0), ("safa-s", 9, 0), ("stfan-s", 9, 0)])
def test_the_first_frame_whose_window_lies_inside(tmp_path, model, count, expected):
    source, _ = clip(tmp_path / "clip.npy", count)
    assert default_frame(zoo.build(model), source) == expected


def test_the_window_has_frames_of_the_clip_alone_unless_a_frame_is_asked_for(tmp_path):
    source, frames = clip(tmp_path / "clip.npy", 9)
    inside, at_the_end = subject_of("duf-s-x2", source), subject_of("duf-s-x2", source, frame=0)
    np.testing.assert_array_equal(inside.operands["x"][0], frames[:7])
    assert inside.about["frame"] == 3 and not equal_frames(inside)
    assert equal_frames(at_the_end)[0].startswith("frames 0, 1 and 2 of x are equal here: their order was not judged")
    mirrored = subject_of("fastdvdnet", source, init=0, sigma=25, frame=0)
    assert equal_frames(mirrored)[0].startswith("frames 0 and 4; 1 and 3 of x are equal")
    assert equal_frames(subject_of("stfan-s", source))[0].startswith("frame, previous and restored are equal here")


def test_frames_that_a_port_exchanges_are_judged_on_the_demo_scene():
    def values(frame=None):
        subject = subject_of("duf-s-x2", "scene:12x8", frame=frame)
        subject.operands["x"] = np.ascontiguousarray(subject.operands["x"][:, [2, 1, 0, 3, 4, 5, 6]])
        with refvr.trace() as port:
            subject.run()
        return dict(port)

    assert refvr.compare("duf-s-x2", values(), source="scene:12x8").guilty.name == "conv1"
    report = refvr.compare("duf-s-x2", values(0), source="scene:12x8", frame=0)
    report.assert_healthy()
    assert "frames 0, 1 and 2 of x are equal here" in str(report)
